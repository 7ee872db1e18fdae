"""The frames of a video that are looked at are spread evenly over its time, and never cost too much to reach."""

import numpy as np
from vectorizer_trainer.content.video.timeline import Timeline


def _timeline(seconds: list[float], every: int = 1) -> Timeline:
    return Timeline(np.array(seconds, float), np.arange(len(seconds)) % every == 0)


class TestDuration:
    def test_counts_the_last_frame_as_long_as_most(self) -> None:
        assert _timeline([0, 1, 2, 3]).duration == 4

    def test_is_measured_from_the_first_frame(self) -> None:
        assert _timeline([100, 101, 102]).duration == 3

    def test_is_not_stretched_by_one_damaged_timestamp(self) -> None:
        assert _timeline([0, 1, 2, 1e9]).duration < 20

    def test_of_one_frame_is_hardly_more_than_nothing(self) -> None:
        assert 0 < _timeline([5]).duration < 0.001


class TestSpread:
    def test_takes_the_middle_of_each_equal_part(self) -> None:
        assert _timeline([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]).spread(4).tolist() == [1, 4, 7, 10]

    def test_follows_time_where_frames_are_of_different_length(self) -> None:
        assert _timeline([0, 0.1, 0.2, 0.3, 5, 9.9]).spread(4).tolist() == [3, 4]

    def test_takes_every_frame_once_where_there_are_few(self) -> None:
        assert _timeline([0, 1, 2]).spread(8).tolist() == [0, 1, 2]

    def test_takes_the_only_frame(self) -> None:
        assert _timeline([7]).spread(8).tolist() == [0]

    def test_takes_frames_that_all_claim_the_same_time(self) -> None:
        assert len(_timeline([3] * 40).spread(8)) == 8


class TestWithin:
    def test_changes_nothing_that_can_be_afforded(self) -> None:
        timeline = _timeline(list(range(100)), every=10)
        wanted = timeline.spread(8)
        assert timeline.within(wanted, 1000).tolist() == wanted.tolist()

    def test_moves_towards_key_frames_until_the_budget_holds(self) -> None:
        timeline = _timeline(list(range(1000)), every=100)
        moved = timeline.within(timeline.spread(8), 80)
        keys = np.array([timeline.key_of(frame) for frame in moved])
        assert len(moved) == 8
        assert (moved - keys + 1).sum() <= 80 + 8

    def test_keeps_the_spread_inside_a_single_group_of_frames(self) -> None:
        timeline = _timeline(list(range(1000)), every=1000)
        moved = timeline.within(timeline.spread(8), 100)
        assert len(moved) == 8
        assert moved.max() < 100
        assert np.ptp(np.diff(moved)) <= 1

    def test_begins_at_the_first_frame_where_nothing_is_marked_as_a_key(self) -> None:
        timeline = Timeline(np.arange(10.0), np.zeros(10, bool))
        assert timeline.key_of(7) == 0
