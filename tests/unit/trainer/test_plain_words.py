"""What the numbers of a report mean, in words."""

import pytest
from vectorizer_api.run import Metric, Stage
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
    assert plain_words.direction(metric(low=low, high=high)) == direction


@pytest.mark.parametrize(("tuned", "direction"), [(0.7, "kept"), (0.699, "lost")])
def test_retention_is_held_against_its_floor(tuned: float, direction: str) -> None:
    assert plain_words.direction(metric("retention", -0.4, -0.2, tuned)) == direction


@pytest.mark.parametrize(
    ("name", "words"),
    [("horizontalFlip", "horizontal flip"), ("center_crop", "center crop"), ("blur", "blur")],
)
def test_a_name_of_the_request_is_put_into_words(name: str, words: str) -> None:
    assert plain_words.spaced(name) == words


def test_every_stage_that_takes_time_is_explained() -> None:
    assert set(plain_words.STAGES) == set(Stage) - {Stage.DONE}
