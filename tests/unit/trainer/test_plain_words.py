"""What the numbers of a report mean, in words."""

import pytest
from vectorizer_api.run import Metric, Outcome, Stage
from vectorizer_trainer.report import plain_words


def metric(name: str = "mAP@100", low: float = 0.0, high: float = 0.0, tuned: float = 0.5) -> Metric:
    return Metric(name=name, start=0.5, tuned=tuned, low=low, high=high)


@pytest.mark.parametrize(
    ("low", "high", "direction"),
    [
        (0.01, 0.2, "better"),
        (-0.2, -0.01, "worse"),
        (-0.01, 0.2, "unchanged"),
        (0, 0.2, "unchanged"),
        (-0.2, 0, "unchanged"),
    ],
)
def test_a_change_is_one_only_where_its_interval_leaves_zero_out(low: float, high: float, direction: str) -> None:
    assert plain_words.direction(metric(low=low, high=high), Outcome.IMPROVED) == direction


@pytest.mark.parametrize(
    ("low", "high", "direction"),
    [(0.01, 0.2, "higher"), (-0.2, -0.01, "lower"), (-0.01, 0.2, "unchanged")],
)
def test_what_was_tried_and_not_published_is_neither_better_nor_worse(low: float, high: float, direction: str) -> None:
    assert plain_words.direction(metric(low=low, high=high), Outcome.NO_IMPROVEMENT) == direction


@pytest.mark.parametrize("outcome", list(Outcome))
@pytest.mark.parametrize("bound", [0.1, -0.1])
def test_an_interval_of_no_width_says_that_the_files_are_too_few(outcome: Outcome, bound: float) -> None:
    narrow = metric(low=bound, high=bound + 1e-12, tuned=0.5 + bound)
    assert plain_words.direction(narrow, outcome) == "unknown"


def test_what_is_the_same_everywhere_is_unchanged() -> None:
    assert plain_words.direction(metric(low=0, high=0), Outcome.IMPROVED) == "unchanged"


@pytest.mark.parametrize(("tuned", "direction"), [(0.7, "kept"), (0.699, "lost")])
def test_retention_is_held_against_its_floor(tuned: float, direction: str) -> None:
    assert plain_words.direction(metric("retention", -0.4, -0.2, tuned), Outcome.IMPROVED) == direction


def test_every_stage_that_takes_time_is_explained() -> None:
    assert set(plain_words.STAGES) == set(Stage) - {Stage.DONE}
