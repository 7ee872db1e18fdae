from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from peers.contract import Part, Recorder, Task, read_checkpoints

PART = Part(["a.txt", "b.txt"], [["x", "y"], ["y"]])
TASK = Task("Text", "base", 0, ["x", "y"], PART, PART, PART, Part([], []))


def _vectors(part: Part) -> NDArray[np.float32]:
    return np.eye(len(part.files), dtype=np.float32)


def _clock(*moments: float) -> Iterator[float]:
    return iter(moments)


def test_a_file_with_several_labels_is_a_row_for_each_of_them() -> None:
    assert PART.exploded(["A", "B"]) == (["A", "A", "B"], ["x", "y", "y"])


def test_targets_have_a_column_for_each_label() -> None:
    assert PART.targets(["x", "y", "z"]).tolist() == [[1, 1, 0], [0, 1, 0]]


def test_a_task_is_read_as_it_was_written(tmp_path: Path) -> None:
    TASK.write(tmp_path)
    assert Task.read(tmp_path) == TASK


def test_the_clocks_stand_still_while_a_checkpoint_is_measured(tmp_path: Path) -> None:
    moments = _clock(110, 120, 125, 140, 150, 153, 170)
    recorder = Recorder(TASK, tmp_path, began=100, clock=lambda: next(moments))
    recorder.start_reading()
    recorder.checkpoint(64, _vectors)
    recorder.checkpoint(128, _vectors)
    first, second = read_checkpoints(tmp_path)
    assert (first.training_seconds, first.cold_seconds, first.examples) == (10, 25, 64)
    # 20 of the seconds since then were spent on measuring the first.
    assert (second.training_seconds, second.cold_seconds, second.examples) == (20, 33, 128)


def test_a_checkpoint_holds_the_vectors_of_every_measured_part(tmp_path: Path) -> None:
    recorder = Recorder(TASK, tmp_path, began=0, clock=lambda: 1)
    recorder.start_reading()
    recorder.checkpoint(0, _vectors)
    with np.load(tmp_path / read_checkpoints(tmp_path)[0].vectors) as arrays:
        assert {name: arrays[name].shape for name in arrays} == {"choose": (2, 2), "test": (2, 2), "reference": (0, 0)}


def test_a_checkpoint_before_any_reading_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="start_reading comes before"):
        Recorder(TASK, tmp_path, began=0).checkpoint(0, _vectors)


def test_a_method_that_wrote_nothing_has_no_checkpoints(tmp_path: Path) -> None:
    assert read_checkpoints(tmp_path) == []
