"""Lists for people."""

from datetime import UTC, datetime, timedelta

import pytest
from vectorizer_cli.listing import age

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "0s"), (119, "119s"), (120, "2m"), (7199, "119m"), (7200, "2h"), (200_000, "2d")]
)
def test_an_age_is_told_in_one_unit_as_kubectl_does(seconds: int, words: str) -> None:
    assert age(NOW - timedelta(seconds=seconds), NOW) == words


def test_a_clock_that_is_behind_gives_no_negative_age() -> None:
    assert age(NOW + timedelta(seconds=5), NOW) == "0s"
