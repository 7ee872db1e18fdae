"""Percentages, the estimate of what is left, and progress.json."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from vectorizer_api.run import Dataset, Metric, Outcome, RunProgress, Stage
from vectorizer_trainer.errors import StorageError
from vectorizer_trainer.progress import ProgressFile, ProgressTracker
from vectorizer_trainer.schedule import FEWEST_FOR_BLOCKS, FEWEST_TO_HOLD_OUT
from vectorizer_trainer.store import FolderStore


@dataclass
class Clock:
    """Seconds that pass when they are told to."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Run:
    """A tracker with a clock, and all that it said."""

    clock: Clock = field(default_factory=Clock)
    said: list[RunProgress] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.tracker = ProgressTracker([self.said.append], self.clock)

    def spend(self, stage: Stage, steps: int, seconds: float) -> None:
        self.tracker.stage(stage, steps)
        for step in range(1, steps + 1):
            self.clock.now += seconds / steps
            self.tracker.advance(step)


@pytest.fixture
def whole() -> Run:
    """A run of 1,000 texts, with the proportions of a real one."""
    run = Run()
    run.clock.now += 5
    run.spend(Stage.DOWNLOADING, 1000, 12)
    run.spend(Stage.BASELINE, 600, 3)
    run.spend(Stage.ADAPTING, 60, 2)
    run.spend(Stage.TUNING, 84, 85)
    run.spend(Stage.INTERPOLATING, 1, 5)
    run.spend(Stage.EVALUATING, 1, 3)
    run.spend(Stage.UPLOADING, 1, 2)
    run.tracker.stage(Stage.DONE, 0)
    return run


class TestTracker:
    def test_percent_never_falls_and_ends_at_a_hundred(self, whole: Run) -> None:
        percents = [said.progress.percent for said in whole.said]
        assert percents == sorted(percents)
        assert percents[0] < 20
        assert percents[-1] == 100

    def test_the_time_left_is_right_within_a_third_once_the_training_has_begun(self, whole: Run) -> None:
        end = whole.clock.now
        run = Run()
        run.clock.now = 5
        run.spend(Stage.DOWNLOADING, 1000, 12)
        run.spend(Stage.BASELINE, 600, 3)
        run.spend(Stage.ADAPTING, 60, 2)
        run.tracker.stage(Stage.TUNING, 84)
        for step in range(1, 85):
            run.clock.now += 85 / 84
            run.tracker.advance(step)
            left = run.said[-1].progress.eta_seconds
            assert left is not None
            assert left == pytest.approx(end - run.clock.now, rel=0.33, abs=5)

    def test_nothing_is_foreseen_before_files_were_read_and_embedded(self) -> None:
        run = Run()
        run.tracker.stage(Stage.DOWNLOADING, 1000)
        run.clock.now += 1
        run.tracker.advance(63)
        assert {said.progress.eta_seconds for said in run.said} == {None}
        run.clock.now += 1
        run.tracker.advance(64)
        assert run.said[-1].progress.eta_seconds

    def test_what_is_only_guessed_is_never_told_as_nearly_done(self) -> None:
        run = Run()
        run.tracker.found(Dataset(examples=40))
        run.clock.now += 60
        run.spend(Stage.DOWNLOADING, 40, 10)
        assert run.said[-1].progress.percent <= 10
        run.tracker.stage(Stage.BASELINE, 300)
        assert run.said[-1].progress.percent > 10

    def test_of_few_files_it_is_foreseen_once_all_are_embedded(self) -> None:
        run = Run()
        run.spend(Stage.DOWNLOADING, 20, 10)
        run.tracker.stage(Stage.BASELINE, 300)
        assert run.said[-1].progress.eta_seconds

    def test_a_slow_machine_is_noticed_while_the_files_are_read(self) -> None:
        left = []
        for seconds in (10, 100):
            run = Run()
            run.spend(Stage.DOWNLOADING, 1000, seconds)
            left.append(run.said[-1].progress.eta_seconds or 0)
        assert left[1] == pytest.approx(10 * left[0], rel=0.3)

    @pytest.mark.parametrize(
        ("fewer", "more", "ratio"),
        [
            pytest.param(FEWEST_FOR_BLOCKS - 1, FEWEST_FOR_BLOCKS, 3, id="blocks are trained"),
            pytest.param(FEWEST_TO_HOLD_OUT, FEWEST_TO_HOLD_OUT - 1, 2, id="each fold is trained without"),
        ],
    )
    def test_what_is_trained_beyond_the_adapter_is_foreseen(self, fewer: int, more: int, ratio: float) -> None:
        left = []
        for examples in (fewer, more):
            run = Run()
            run.tracker.found(Dataset(examples=examples))
            run.spend(Stage.DOWNLOADING, examples, examples * 0.1)
            left.append(run.said[-1].progress.eta_seconds or 0)
        assert left[1] > ratio * left[0]

    def test_varied_examples_are_foreseen_before_they_are_embedded(self) -> None:
        left = []
        for transformations in (0, 9):
            run = Run()
            run.tracker.varied_by(transformations)
            run.tracker.found(Dataset(examples=1000))
            run.spend(Stage.DOWNLOADING, 1000, 20)
            left.append(run.said[-1].progress.eta_seconds or 0)
        # 4 views of 800 and 9 transformations of 200, at a fiftieth of a second; an adapter of six times the length.
        assert left[1] - left[0] == pytest.approx(0.02 * (4 * 800 + 9 * 200) + 5, abs=1)

    def test_examples_beyond_the_chosen_ones_are_not_trained_on(self) -> None:
        left = []
        for selected in (50_000, 10_000):
            run = Run()
            run.spend(Stage.DOWNLOADING, 1000, 30)
            run.tracker.found(Dataset(examples=50_000, selected=selected))
            left.append(run.said[-1].progress.eta_seconds or 0)
        assert left[0] > 3 * left[1]

    def test_steps_epoch_and_pace_are_told(self) -> None:
        run = Run()
        run.tracker.stage(Stage.TUNING, 10)
        run.tracker.advance(3, epoch=2, examples_per_second=40.0)
        told = run.said[-1].progress
        assert (told.step, told.steps, told.epoch, told.examples_per_second) == (3, 10, 2, 40.0)

    def test_a_new_stage_forgets_epoch_and_pace(self) -> None:
        run = Run()
        run.tracker.stage(Stage.TUNING, 10)
        run.tracker.advance(3, epoch=2, examples_per_second=40.0)
        run.tracker.stage(Stage.EVALUATING, 0)
        told = run.said[-1].progress
        assert (told.step, told.epoch, told.examples_per_second) == (None, None, None)

    def test_the_length_of_each_stage_is_kept(self, whole: Run) -> None:
        assert whole.tracker.seconds[Stage.TUNING] == pytest.approx(85)
        assert whole.tracker.seconds[Stage.STARTING] == pytest.approx(5)


class Counting(FolderStore):
    """A folder that counts what is put into it, and fails while it is told to."""

    failing = False
    puts = 0

    def put(self, key: str, data: bytes) -> None:
        type(self).puts += 1
        if self.failing:
            raise StorageError("The disk is full.")
        super().put(key, data)


@pytest.fixture
def counting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Counting:
    monkeypatch.setattr(Counting, "puts", 0)
    monkeypatch.setattr(Counting, "failing", False)
    return Counting(tmp_path)


def told(run: Run, **update: Any) -> RunProgress:
    run.tracker.stage(Stage.TUNING, 10)
    return run.said[-1].model_copy(update=update)


class TestFile:
    def test_within_a_stage_it_is_written_every_few_seconds(self, counting: Counting) -> None:
        run = Run()
        listener = ProgressFile(counting, interval=3, clock=run.clock)
        progress = told(run)
        for _ in range(100):
            run.clock.now += 0.1
            listener(progress)
        assert counting.puts == 4

    def test_news_is_written_at_once(self, counting: Counting) -> None:
        run = Run()
        listener = ProgressFile(counting, interval=3, clock=run.clock)
        metric = Metric(name="NDCG@10", start=0.5, tuned=0.6, low=0.01, high=0.2)
        for progress in (
            run_progress := told(run),
            run_progress.model_copy(update={"dataset": Dataset(files=3)}),
            run_progress.model_copy(update={"metrics": [metric], "outcome": Outcome.IMPROVED}),
        ):
            listener(progress)
        assert counting.puts == 3
        written = RunProgress.model_validate_json((counting.root / "progress.json").read_bytes())
        assert (written.progress.stage, written.metrics, written.outcome) == (Stage.TUNING, [metric], Outcome.IMPROVED)

    def test_a_write_that_fails_does_not_fail_the_run_and_the_next_one_succeeds(
        self, counting: Counting, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        run = Run()
        listener = ProgressFile(counting, interval=3, clock=run.clock)
        monkeypatch.setattr(Counting, "failing", True)
        listener(told(run))
        assert not (counting.root / "progress.json").exists()
        monkeypatch.setattr(Counting, "failing", False)
        run.clock.now += 3.1
        listener(told(run))
        assert (counting.root / "progress.json").exists()

    def test_slow_storage_is_asked_less_often(self, tmp_path: Path) -> None:
        run = Run()
        writing = []

        class Slow(FolderStore):
            def put(self, key: str, data: bytes) -> None:
                run.clock.now += 2
                writing.append(2)
                super().put(key, data)

        listener = ProgressFile(Slow(tmp_path), interval=3, clock=run.clock)
        progress = told(run)
        while run.clock.now < 200:
            run.clock.now += 1
            listener(progress)
        assert sum(writing) <= 0.11 * run.clock.now
