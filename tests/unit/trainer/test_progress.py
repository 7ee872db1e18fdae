"""Percentages, the estimate of what is left, and progress.json."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from vectorizer_api.content import ContentType
from vectorizer_api.run import Dataset, Metric, Outcome, RunCost, RunProgress, Stage, Workload
from vectorizer_trainer.errors import StorageError
from vectorizer_trainer.forecast import SHIPPED, Calibration
from vectorizer_trainer.progress import ProgressFile, ProgressTracker
from vectorizer_trainer.store import FolderStore


@dataclass
class Clock:
    """Seconds that pass when they are told to."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now


def work(examples: int, **more: Any) -> Workload:
    usual = {
        "content_type": ContentType.TEXT,
        "examples": examples,
        "groups": examples,
        "read": examples,
        "example_bytes": 300,
    }
    return Workload.model_validate(usual | more)


def cost(examples: int, seconds: float) -> RunCost:
    """A run of texts in proportion to the shipped figures."""
    shipped = Calibration(SHIPPED[ContentType.TEXT]).seconds(work(examples))
    factor = seconds / sum(shipped.values())
    return RunCost(
        workload=work(examples),
        base="a",
        device="cpu",
        threads=1,
        stage_seconds={stage: factor * took for stage, took in shipped.items()},
        peak_memory_bytes=2**30,
        finished=datetime(2026, 1, 1, tzinfo=UTC),
    )


@dataclass
class Run:
    """A tracker with a clock, and all that it said."""

    clock: Clock = field(default_factory=Clock)
    said: list[RunProgress] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.tracker = ProgressTracker([self.said.append], self.clock)

    def expect(self, examples: int, **more: Any) -> None:
        self.tracker.expect(work(examples, **more))

    def spend(self, stage: Stage, steps: int, seconds: float) -> None:
        self.tracker.stage(stage, steps)
        for step in range(1, steps + 1):
            self.clock.now += seconds / steps
            self.tracker.advance(step)


def go_through(run: Run) -> None:
    """600 texts, with the proportions of a real run; its seconds are those of one core (bench/forecast.py)."""
    run.expect(600)
    run.clock.now += 9.0
    run.spend(Stage.DOWNLOADING, 600, 14.1)
    run.spend(Stage.BASELINE, 600, 9.2)
    run.spend(Stage.ADAPTING, 60, 1.1)
    run.spend(Stage.TUNING, 63, 200.9)
    run.spend(Stage.INTERPOLATING, 1, 4.0)
    run.spend(Stage.EVALUATING, 100, 2.0)
    run.spend(Stage.UPLOADING, 1, 0.5)
    run.tracker.stage(Stage.DONE, 0)


@pytest.fixture
def whole() -> Run:
    run = Run()
    go_through(run)
    return run


class TestTracker:
    def test_percent_never_falls_and_ends_at_a_hundred(self, whole: Run) -> None:
        percents = [said.progress.percent for said in whole.said]
        assert percents == sorted(percents)
        assert percents[0] < 20
        assert percents[-1] == 100

    @pytest.mark.parametrize("slower", [0.2, 1, 5])
    def test_the_time_left_is_right_within_three_tenths_after_a_tenth_on_machines_of_any_speed(
        self, slower: float
    ) -> None:
        run = Run()
        told: list[tuple[float, int | None]] = []
        ticking = run.clock
        run.tracker = ProgressTracker(
            [lambda said: told.append((slower * ticking.now, said.progress.eta_seconds))],
            lambda: slower * ticking.now,
        )
        go_through(run)
        total = slower * run.clock.now
        after = [(at, left) for at, left in told if at >= 0.1 * total]
        assert len(after) > 500
        assert all(left is not None and abs(at + left - total) < 0.3 * total for at, left in after)

    def test_nothing_is_foreseen_before_files_were_read_and_embedded(self) -> None:
        run = Run()
        run.expect(1000)
        run.tracker.stage(Stage.DOWNLOADING, 1000)
        run.clock.now += 1
        run.tracker.advance(63)
        assert {said.progress.eta_seconds for said in run.said} == {None}
        run.clock.now += 1
        run.tracker.advance(64)
        assert run.said[-1].progress.eta_seconds

    def test_earlier_runs_foresee_it_from_the_beginning(self) -> None:
        run = Run()
        run.tracker = ProgressTracker([run.said.append], run.clock, past=[cost(600, 300.0)])
        run.expect(600)
        assert run.said[-1].progress.eta_seconds == pytest.approx(300, rel=0.02)

    def test_what_is_only_guessed_is_never_told_as_nearly_done(self) -> None:
        run = Run()
        run.expect(40)
        run.clock.now += 60
        run.spend(Stage.DOWNLOADING, 40, 10)
        assert run.said[-1].progress.percent <= 10
        run.tracker.stage(Stage.BASELINE, 300)
        assert run.said[-1].progress.percent > 10

    def test_of_few_files_it_is_foreseen_once_all_are_embedded(self) -> None:
        run = Run()
        run.expect(20)
        run.spend(Stage.DOWNLOADING, 20, 10)
        run.tracker.stage(Stage.BASELINE, 300)
        assert run.said[-1].progress.eta_seconds

    def test_a_stage_that_takes_longer_makes_those_behind_it_longer(self) -> None:
        left = []
        for seconds in (10, 100):
            run = Run()
            run.expect(1000)
            run.clock.now += 7
            run.spend(Stage.DOWNLOADING, 1000, 10)
            run.spend(Stage.BASELINE, 600, seconds)
            left.append(run.said[-1].progress.eta_seconds or 0)
        assert left[1] > 5 * left[0]

    def test_two_ways_to_train_are_foreseen_once_the_training_says_so(self) -> None:
        left = []
        for steps in (63, 126):
            run = Run()
            run.expect(600, content_type=ContentType.SOUND, transformations=4)
            run.clock.now += 7
            run.spend(Stage.DOWNLOADING, 600, 5)
            run.tracker.stage(Stage.TUNING, steps)
            left.append(run.said[-1].progress.eta_seconds or 0)
        assert left[1] > 1.3 * left[0]
        assert run.tracker.work is not None
        assert run.tracker.work.ways == 2

    def test_files_that_turn_out_to_be_copies_are_not_trained_on(self) -> None:
        run = Run()
        run.expect(2000)
        run.spend(Stage.DOWNLOADING, 2000, 47)
        before = run.said[-1].progress.eta_seconds or 0
        run.expect(1000, read=2000)
        assert before > 1.2 * (run.said[-1].progress.eta_seconds or 0)

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
        assert whole.tracker.seconds[Stage.TUNING] == pytest.approx(200.9)
        assert whole.tracker.seconds[Stage.STARTING] == pytest.approx(9.0)


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
