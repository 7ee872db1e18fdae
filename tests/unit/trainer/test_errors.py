"""Exceptions become exit codes and termination messages."""

import json

import pytest
from vectorizer_api.run import Failure
from vectorizer_trainer.errors import (
    BadInput,
    InputChanged,
    InvalidVectorizer,
    OverLimit,
    RunError,
    Stopped,
    StorageError,
    failure_of,
    termination_message,
)


@pytest.mark.parametrize(
    ("error", "code", "reason"),
    [
        (BadInput("x"), 64, "BadInput"),
        (InvalidVectorizer("x"), 64, "BadInput"),
        (OverLimit("x"), 65, "OverLimit"),
        (StorageError("x"), 75, "StorageFailed"),
        (InputChanged("x"), 75, "InputChanged"),
        (RunError("x"), 70, "TrainerError"),
        (ZeroDivisionError("secret"), 70, "TrainerError"),
        (Stopped(), 143, "Stopped"),
    ],
)
def test_the_class_is_the_exit_code(error: BaseException, code: int, reason: str) -> None:
    failure = failure_of(error)
    assert (failure.exit_code, failure.reason) == (code, reason)
    assert failure.hint


def test_an_error_of_ours_is_named_by_its_class_alone() -> None:
    assert failure_of(ValueError("token=abc")).message == "The trainer failed with an error of its own: ValueError."


def test_a_hint_of_its_own_replaces_the_general_one() -> None:
    assert BadInput("x", hint="Do this.").failure().hint == "Do this."


def test_a_request_to_stop_passes_through_handlers_of_exceptions() -> None:
    assert not issubclass(Stopped, Exception)


@pytest.mark.parametrize("text", ["é" * 5000, "\x00" * 5000, '"' * 5000, "\ud83d\ude00" * 3000])
def test_a_termination_message_fits_into_four_kibibytes(text: str) -> None:
    text = text.encode("utf-16", "surrogatepass").decode("utf-16")
    message = termination_message(BadInput(text, hint=text).failure())
    assert len(message) <= 4096
    assert Failure.model_validate_json(message).exit_code == 64
    assert set(json.loads(message)) == {"exitCode", "reason", "message", "hint"}
