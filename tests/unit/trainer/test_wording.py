"""How names and numbers stand in sentences."""

import pytest
from pydantic import ValidationError
from vectorizer_api.artifact import FileDigest
from vectorizer_trainer.wording import (
    bytes_in_words,
    changed_by,
    counted,
    enumerated,
    first_fault,
    points,
    quoted,
    roughly,
    spaced,
)


def test_a_long_name_is_cut() -> None:
    assert quoted("a" * 81) == f"“{'a' * 80}…”"


def test_of_many_names_five_are_given_and_the_others_counted() -> None:
    assert enumerated(list("abcde")) == "“a”, “b”, “c”, “d”, “e”"
    assert enumerated(list("abcdefg")) == "“a”, “b”, “c”, “d”, “e” and 2 more"


def test_of_what_is_wrong_with_a_stored_model_the_first_is_said_in_one_line() -> None:
    for data, said in (
        ("{}", "sha256: Field required, and 1 more"),
        ('{"sha256": "%s"}' % ("0" * 64), "size: Field required"),
        ("{", "Invalid JSON: EOF while parsing an object at line 1 column 1"),
    ):
        with pytest.raises(ValidationError) as caught:
            FileDigest.model_validate_json(data)
        assert first_fault(caught.value) == said


@pytest.mark.parametrize(("number", "words"), [(0, "0 files"), (1, "1 file"), (2000, "2,000 files")])
def test_a_noun_agrees_with_its_number(number: int, words: str) -> None:
    assert counted(number, "file") == words


@pytest.mark.parametrize(
    ("size", "words"), [(0, "0 bytes"), (1023, "1023 bytes"), (1536, "1.5 KiB"), (50 * 1024**3, "50.0 GiB")]
)
def test_a_size_has_a_unit_that_people_read(size: int, words: str) -> None:
    assert bytes_in_words(size) == words


@pytest.mark.parametrize(
    ("share", "words", "change"),
    [
        (0.318, "31.8", "+31.8"),
        (-0.05, "-5.0", "-5.0"),
        (0, "0.0", "+0.0"),
        (0.0003, "0.03", "+0.03"),
        (-0.00042, "-0.04", "-0.04"),
        (0.000004, "0.0004", "+0.0004"),
        (1e-9, "0.0", "+0.0"),
        (-1e-17, "0.0", "+0.0"),
    ],
)
def test_a_share_has_the_digits_that_tell_it_from_zero(share: float, words: str, change: str) -> None:
    assert (points(share), changed_by(share)) == (words, change)


@pytest.mark.parametrize(
    ("name", "words"),
    [("horizontalFlip", "horizontal flip"), ("center_crop", "center crop"), ("blur", "blur")],
)
def test_a_name_of_the_request_is_put_into_words(name: str, words: str) -> None:
    assert spaced(name) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "a few seconds"),
        (7, "a few seconds"),
        (8, "about 10 s"),
        (33, "about 35 s"),
        (59, "about 1 min"),
        (89, "about 1 min"),
        (130, "about 2 min"),
        (1234, "about 20 min"),
        (3599, "about 1 h"),
        (9000, "about 2 h 30 min"),
    ],
)
def test_what_is_left_is_told_as_exactly_as_it_is_known(seconds: float, words: str) -> None:
    assert roughly(seconds) == words
