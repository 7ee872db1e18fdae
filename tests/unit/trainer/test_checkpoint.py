"""A training that was interrupted and goes on ends with the weights of one that was not."""

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from vectorizer_api.run import Checkpoint
from vectorizer_trainer.augmentation import UNCHANGED
from vectorizer_trainer.content.encoder import Item
from vectorizer_trainer.errors import Stopped
from vectorizer_trainer.schedule import steps_for
from vectorizer_trainer.stopping import stop_on_sigterm
from vectorizer_trainer.store import FolderStore
from vectorizer_trainer.tuning.anchors import Anchors
from vectorizer_trainer.tuning.checkpoint import NoCheckpoints, Pace, StoredCheckpoints, TrainingState
from vectorizer_trainer.tuning.deep import Step, TrainedBlocks, train_blocks
from vectorizer_trainer.vectorizer import Vectorizer

COUNT = 128
STEPS = steps_for(COUNT)


class Killed(BaseException):
    """Stands for SIGKILL: nothing is written after it."""


class Always(StoredCheckpoints):
    """Is due after every step."""

    def due(self) -> bool:
        return True


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    (tmp_path / "checkpoints").mkdir()
    return FolderStore(tmp_path / "checkpoints")


@pytest.fixture
def told() -> list[Checkpoint]:
    return []


@pytest.fixture
def checkpoints(store: FolderStore, tmp_path: Path, told: list[Checkpoint]) -> StoredCheckpoints:
    return Always(store, tmp_path, "this run", told.append)


@pytest.fixture
def _sigterm() -> Iterator[None]:
    before = signal.getsignal(signal.SIGTERM)
    stop_on_sigterm(60, lambda: None)
    yield
    signal.signal(signal.SIGTERM, before)


def _train(
    start: Vectorizer,
    checkpoints: StoredCheckpoints | NoCheckpoints,
    after_step: Callable[[Step], None] = lambda _: None,
) -> TrainedBlocks:
    random = np.random.default_rng(0)
    items: list[Item] = [random.integers(4, 200, 8).astype(np.int32) for _ in range(COUNT)]
    targets = random.random((COUNT, 3)) < 0.5
    anchors = Anchors(items[::4], start.encode_items(items[::4]))
    return train_blocks(
        start, items, start.encode_items(items), targets, anchors, 0, after_step, checkpoints, UNCHANGED
    )


def _interrupt(error: Callable[[], object], at: int) -> Callable[[Step], None]:
    def after_step(step: Step) -> None:
        if step.number == at:
            error()

    return after_step


def _kill() -> None:
    raise Killed


def _assert_same(one: TrainedBlocks, other: TrainedBlocks) -> None:
    assert one.losses == other.losses
    others = other.encoder.state_dict()
    for name, weight in one.encoder.state_dict().items():
        assert torch.equal(weight, others[name]), name


@pytest.fixture(scope="module")
def uninterrupted(tiny_text: Vectorizer) -> TrainedBlocks:
    return _train(tiny_text, NoCheckpoints())


@pytest.mark.parametrize("at", [2, STEPS // 2, STEPS])
def test_a_killed_training_goes_on_to_the_same_weights(
    at: int, tiny_text: Vectorizer, uninterrupted: TrainedBlocks, checkpoints: StoredCheckpoints
) -> None:
    with pytest.raises(Killed):
        _train(tiny_text, checkpoints, _interrupt(_kill, at))
    seen: list[int] = []
    resumed = _train(tiny_text, checkpoints, lambda step: seen.append(step.number))
    assert seen == list(range(at, STEPS + 1))
    _assert_same(resumed, uninterrupted)


@pytest.mark.usefixtures("_sigterm")
def test_a_request_to_stop_leaves_a_checkpoint_of_the_last_step(
    tiny_text: Vectorizer, uninterrupted: TrainedBlocks, store: FolderStore, tmp_path: Path, told: list[Checkpoint]
) -> None:
    never_due = StoredCheckpoints(store, tmp_path, "this run", told.append)
    with pytest.raises(Stopped):
        _train(tiny_text, never_due, _interrupt(lambda: os.kill(os.getpid(), signal.SIGTERM), 3))
    assert [checkpoint.step for checkpoint in told] == [3]
    _assert_same(_train(tiny_text, never_due), uninterrupted)


def test_a_checkpoint_of_another_run_is_passed_over(
    store: FolderStore, tmp_path: Path, told: list[Checkpoint], checkpoints: StoredCheckpoints
) -> None:
    checkpoints.keep(TrainingState(3, {"weight": torch.ones(2)}))
    assert checkpoints.last() is not None
    assert StoredCheckpoints(store, tmp_path, "another run", told.append).last() is None


def test_each_training_of_a_run_goes_on_from_its_own_checkpoint(checkpoints: StoredCheckpoints) -> None:
    plain, varied = (checkpoints.of(name) for name in ("all blocks", "all blocks, varied examples"))
    plain.keep(TrainingState(7, {"weight": torch.ones(2)}))
    assert varied.last() is None
    varied.keep(TrainingState(3, {"weight": torch.zeros(2)}))
    last = [training.last() for training in (plain, varied)]
    assert [state.step for state in last if state is not None] == [7, 3]


def test_trainings_of_one_kind_are_told_apart_by_what_they_are_trained_for(checkpoints: StoredCheckpoints) -> None:
    for number in (1, 2):
        checkpoints.of(f"without fold {number}").of("all blocks").keep(TrainingState(number, {"weight": torch.ones(2)}))
    last = [checkpoints.of(f"without fold {number}").of("all blocks").last() for number in (1, 2)]
    assert [state.step for state in last if state is not None] == [1, 2]


def test_the_trainings_of_a_run_share_the_time_between_checkpoints(
    store: FolderStore, tmp_path: Path, told: list[Checkpoint]
) -> None:
    times = iter([0.0, 60.0])
    checkpoints = StoredCheckpoints(store, tmp_path, "this run", told.append, Pace(lambda: next(times)))
    assert checkpoints.of("all blocks").due()


@pytest.mark.parametrize("damage", [lambda raw: raw[: len(raw) // 2], lambda raw: b"", lambda raw: b"\xff" * len(raw)])
def test_a_damaged_checkpoint_is_passed_over(
    damage: Callable[[bytes], bytes], store: FolderStore, checkpoints: StoredCheckpoints
) -> None:
    checkpoints.keep(TrainingState(3, {"weight": torch.ones(200)}))
    file = next(store.root.iterdir())
    file.write_bytes(damage(file.read_bytes()))
    assert checkpoints.last() is None


def test_a_store_that_fails_costs_the_checkpoint_and_not_the_training(
    tmp_path: Path, told: list[Checkpoint], tiny_text: Vectorizer, uninterrupted: TrainedBlocks
) -> None:
    (tmp_path / "file").write_text("no folder can be made below a file")
    nowhere = Always(FolderStore(tmp_path / "file" / "below"), tmp_path, "this run", told.append)
    _assert_same(_train(tiny_text, nowhere), uninterrupted)
    assert told == []


def test_large_checkpoints_are_written_less_often(store: FolderStore, tmp_path: Path, told: list[Checkpoint]) -> None:
    times = iter([0.0, 60.0, 60.0, 80.0, 200.0, 480.0])
    checkpoints = StoredCheckpoints(store, tmp_path, "this run", told.append, Pace(lambda: next(times)))
    assert checkpoints.due()
    checkpoints.keep(TrainingState(1, {}))
    assert not checkpoints.due()
    assert checkpoints.due()
