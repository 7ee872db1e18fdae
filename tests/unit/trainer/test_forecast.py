"""What a run is foreseen to take, and how runs that have ended correct it."""

from datetime import UTC, datetime, timedelta

import pytest
from vectorizer_api.content import ContentType
from vectorizer_api.run import RunCost, Stage, Workload
from vectorizer_trainer.forecast import NEWEST, SHIPPED, calibrate, stage_seconds

DAY = datetime(2026, 1, 1, tzinfo=UTC)
REAL = {
    (ContentType.SOUND, 150): (76.5, 20_800, 4),
    (ContentType.SOUND, 600): (75.1, 20_800, 4),
    (ContentType.TEXT, 150): (319.5, 285, 0),
    (ContentType.TEXT, 600): (246.0, 285, 0),
    (ContentType.IMAGE, 150): (17.6, 910, 6),
    (ContentType.IMAGE, 600): (17.8, 910, 6),
    (ContentType.VIDEO, 150): (62.2, 4_130, 9),
    (ContentType.VIDEO, 600): (58.2, 4_130, 9),
    (ContentType.POINT_CLOUD, 150): (59.0, 47_500, 1),
    (ContentType.POINT_CLOUD, 600): (58.1, 47_500, 1),
}
"""Processor seconds of real runs, the blocks trained in one way; bench/forecast.py measures anew."""


def work(examples: int, kind: ContentType = ContentType.SOUND, size: float = 20_800, varied: int = 4) -> Workload:
    return Workload(
        content_type=kind,
        examples=examples,
        groups=examples,
        read=examples,
        example_bytes=size,
        transformations=varied,
        ways=1,
    )


def cost(examples: int, factors: dict[Stage, float], usual: float = 1.0, day: int = 0) -> RunCost:
    """A run that took so many times what is shipped, stage by stage."""
    plain = stage_seconds(SHIPPED[ContentType.SOUND], work(examples))
    return RunCost(
        workload=work(examples),
        base="a",
        device="cpu",
        threads=1,
        stage_seconds={stage: factors.get(stage, usual) * took for stage, took in plain.items()},
        peak_memory_bytes=3 * 2**30,
        finished=DAY + timedelta(days=day),
    )


class TestShipped:
    @pytest.mark.parametrize(("kind", "examples"), REAL)
    def test_what_real_runs_took_on_one_core_is_foreseen_within_a_fifth(self, kind: ContentType, examples: int) -> None:
        took, size, transformations = REAL[kind, examples]
        foreseen = sum(stage_seconds(SHIPPED[kind], work(examples, kind, size, transformations)).values())
        assert foreseen == pytest.approx(took, rel=0.2)

    @pytest.mark.parametrize("kind", ContentType)
    def test_more_examples_take_longer_and_more_memory(self, kind: ContentType) -> None:
        calibration = calibrate(kind, [])
        few, many = (work(examples, kind) for examples in (1_000, 10_000))
        assert sum(calibration.seconds(many).values()) > 3 * sum(calibration.seconds(few).values())
        assert calibration.memory_bytes(many) > calibration.memory_bytes(few)

    def test_larger_files_take_longer_to_read_and_nothing_else(self) -> None:
        pace = SHIPPED[ContentType.SOUND]
        small, large = (stage_seconds(pace, work(1000, size=size)) for size in (10**4, 10**6))
        assert {stage for stage in Stage if small[stage] != large[stage]} == {Stage.DOWNLOADING}


class TestCalibration:
    def test_one_run_on_a_faster_machine_shortens_every_stage(self) -> None:
        calibration = calibrate(ContentType.SOUND, [cost(150, {}, usual=0.1)])
        foreseen, shipped = calibration.seconds(work(2000)), stage_seconds(SHIPPED[ContentType.SOUND], work(2000))
        assert calibration.runs == 1
        assert all(foreseen[stage] == pytest.approx(0.1 * shipped[stage]) for stage in Stage)

    def test_what_is_particular_about_a_stage_is_believed_the_more_the_more_runs_show_it(self) -> None:
        errors = []
        for number in (1, 5):
            slow = [cost(600, {Stage.DOWNLOADING: 10.0}, day=day) for day in range(number)]
            foreseen = calibrate(ContentType.SOUND, slow).seconds(work(600))[Stage.DOWNLOADING]
            errors.append(abs(foreseen / slow[0].stage_seconds[Stage.DOWNLOADING] - 1))
        assert errors[1] < errors[0] < 0.5

    def test_runs_of_another_size_foresee_one_within_a_factor_of_two(self) -> None:
        real = cost(150, {Stage.DOWNLOADING: 3.0, Stage.TUNING: 0.5, Stage.STARTING: 2.0})
        truth = cost(3000, {Stage.DOWNLOADING: 3.0, Stage.TUNING: 0.5, Stage.STARTING: 2.0})
        foreseen = sum(calibrate(ContentType.SOUND, [real]).seconds(truth.workload).values())
        assert foreseen == pytest.approx(sum(truth.stage_seconds.values()), rel=0.3)

    def test_the_newest_runs_alone_are_looked_at(self) -> None:
        old = [cost(600, {}, usual=50.0, day=day) for day in range(20)]
        new = [cost(600, {}, day=100 + day) for day in range(NEWEST)]
        calibration = calibrate(ContentType.SOUND, [*new, *old])
        assert calibration.runs == NEWEST
        assert calibration.speed == pytest.approx(1)

    def test_runs_of_other_content_say_nothing(self) -> None:
        assert calibrate(ContentType.IMAGE, [cost(600, {}, usual=50.0)]).runs == 0

    def test_both_ways_to_train_are_expected_the_more_the_more_runs_took_them(self) -> None:
        both = [cost(600, {}).model_copy(update={"workload": work(600).model_copy(update={"ways": 2})})] * 4
        unknown = work(600).model_copy(update={"ways": None})
        shipped, learnt = (calibrate(ContentType.SOUND, past).pace.ways for past in ([], both))
        assert shipped < learnt < 2
        assert calibrate(ContentType.SOUND, both).seconds(unknown)[Stage.TUNING] > 0

    def test_memory_follows_what_runs_held(self) -> None:
        calibration = calibrate(ContentType.SOUND, [cost(600, {})])
        assert calibration.memory_bytes(work(600)) == pytest.approx(3 * 2**30)
