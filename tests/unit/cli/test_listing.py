"""Lists for people."""

from datetime import UTC, datetime, timedelta

import pytest
from vectorizer_cli.listing import age
from vectorizer_cli.sentences import visible

ESCAPE = "\x1b]0;title\x07\x1b[2J\u202eabc\u200b"
"""Sets a terminal's title, clears it, turns the direction of writing, and hides."""

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "0s"), (119, "119s"), (120, "2m"), (7199, "119m"), (7200, "2h"), (200_000, "2d")]
)
def test_an_age_is_told_in_one_unit_as_kubectl_does(seconds: int, words: str) -> None:
    assert age(NOW - timedelta(seconds=seconds), NOW) == words


def test_a_clock_that_is_behind_gives_no_negative_age() -> None:
    assert age(NOW + timedelta(seconds=5), NOW) == "0s"


def test_what_others_wrote_cannot_steer_the_terminal() -> None:
    assert visible(f"a\n{ESCAPE}") == "a\n\ufffd]0;title\ufffd\ufffd[2J\ufffdabc\ufffd"


def test_names_in_other_scripts_are_shown_as_they_are() -> None:
    assert visible("日本語 Ünïcode 🦊 مرحبا") == "日本語 Ünïcode 🦊 مرحبا"
