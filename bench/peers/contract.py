"""What a peer is given and what it tells: a folder with a task, and a line of JSON for each checkpoint.

Peers run in environments without the trainer, so that this module needs nothing but numpy.
"""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

__all__ = ["CHECKPOINTS", "LINES_FILE", "TASK_FILE", "Checkpoint", "Part", "Recorder", "Task", "read_checkpoints"]

TASK_FILE = "task.json"
LINES_FILE = "checkpoints.jsonl"
CHECKPOINTS = 6
"""Checkpoints of one training, evenly spaced; the last is its end."""

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Part:
    """Files with their labels."""

    files: list[str]
    """Absolute paths."""
    labels: list[list[str]]
    """One list a file; empty lists where no labels are known."""

    def exploded(self, contents: Sequence[str]) -> tuple[list[str], list[str]]:
        """Contents [n] and labels with a row for each label of each file: what single-label losses are given."""
        rows = [(content, label) for content, own in zip(contents, self.labels, strict=True) for label in own]
        return [content for content, _ in rows], [label for _, label in rows]

    def targets(self, names: Sequence[str]) -> NDArray[np.int64]:
        """[n, names]: 1 where a file carries the label."""
        return np.array([[int(name in own) for name in names] for own in self.labels], np.int64)


@dataclass(frozen=True)
class Task:
    """One fine-tuning that every method is asked for."""

    content: str
    base: str
    """The folder of the backbone, as the peers' libraries open it."""
    seed: int
    names: list[str]
    """All labels."""
    train: Part
    choose: Part
    """What the best checkpoint is chosen on."""
    test: Part
    reference: Part
    """Files of the base's own field, whose neighbourhoods say what was forgotten."""

    @property
    def measured(self) -> dict[str, Part]:
        """Those parts whose vectors are asked for, by the name of their array."""
        return {"choose": self.choose, "test": self.test, "reference": self.reference}

    def write(self, folder: Path) -> None:
        """Writes the file that Task.read reads."""
        (folder / TASK_FILE).write_text(json.dumps(asdict(self)), encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> "Task":
        """The task of a folder."""
        fields = json.loads((folder / TASK_FILE).read_text(encoding="utf-8"))
        parts = {name: Part(**fields[name]) for name in ("train", "choose", "test", "reference")}
        return cls(**(fields | parts))


@dataclass(frozen=True)
class Checkpoint:
    """What a method had in hand at a moment. Times leave out what the measuring of earlier checkpoints took."""

    training_seconds: float
    """Since the first byte of the data was read, libraries and model being loaded."""
    cold_seconds: float
    """Since the process was started, until the test set's vectors were there."""
    examples: int
    """Examples that training had seen by then, each as often as it was seen."""
    vectors: str
    """The .npz file beside the lines with the vectors of each measured part."""


class Recorder:
    """Keeps a peer's clocks and writes its lines; the clocks stand still while a checkpoint is measured."""

    def __init__(self, task: Task, out: Path, began: float, clock: Callable[[], float] = time.monotonic) -> None:
        """Takes the folder to write to, and when the process was started, by the clock."""
        self._task, self._out, self._began, self._clock = task, out, began, clock
        self._reading: float | None = None
        self._paused = 0.0
        self._count = 0

    def start_reading(self) -> None:
        """The training clock starts: libraries and model are loaded, and no data was read yet."""
        self._reading = self._clock()

    def checkpoint(self, examples: int, encode: Callable[[Part], Floats]) -> None:
        """Writes what a method has in hand; `encode` gives the vectors [n, d] of a part's files."""
        if self._reading is None:
            raise RuntimeError("start_reading comes before the first checkpoint")
        arrived = self._clock()
        vectors = {"test": encode(self._task.test)}
        scorable = self._clock()
        for name, part in self._task.measured.items():
            vectors.setdefault(name, encode(part) if part.files else np.empty((0, 0), np.float32))
        file = f"{self._count:03d}.npz"
        np.savez(self._out / file, allow_pickle=False, **vectors)
        line = Checkpoint(
            training_seconds=arrived - self._reading - self._paused,
            cold_seconds=scorable - self._began - self._paused,
            examples=examples,
            vectors=file,
        )
        with (self._out / LINES_FILE).open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(asdict(line)) + "\n")
        self._count += 1
        self._paused += self._clock() - arrived


def read_checkpoints(out: Path) -> list[Checkpoint]:
    """The checkpoints that a method wrote, in their order; none where it wrote none."""
    path = out / LINES_FILE
    if not path.exists():
        return []
    return [Checkpoint(**json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]
