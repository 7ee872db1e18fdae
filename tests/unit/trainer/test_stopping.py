"""A request to stop is heard at once, or when it may be."""

import os
import signal
from collections.abc import Iterator

import pytest
from vectorizer_trainer.errors import Stopped
from vectorizer_trainer.stopping import stop_held, stop_on_sigterm


@pytest.fixture(autouse=True)
def _own_handler() -> Iterator[None]:
    before = signal.getsignal(signal.SIGTERM)
    stop_on_sigterm(60, lambda: None)
    yield
    signal.signal(signal.SIGTERM, before)


def test_a_request_to_stop_is_raised_at_once() -> None:
    with pytest.raises(Stopped):
        os.kill(os.getpid(), signal.SIGTERM)


def _hold(done: list[str], error: Exception | None = None) -> None:
    with stop_held():
        os.kill(os.getpid(), signal.SIGTERM)
        if error is not None:
            raise error
        done.append("whole")
    done.append("never")


def test_a_request_to_stop_waits_for_the_end_of_what_holds_it() -> None:
    done: list[str] = []
    with pytest.raises(Stopped):
        _hold(done)
    assert done == ["whole"]


def test_a_request_is_heard_after_an_error_inside_was_dealt_with() -> None:
    with pytest.raises(ValueError, match="inside"):
        _hold([], ValueError("inside"))
    with pytest.raises(Stopped), stop_held():
        pass


def test_nothing_is_raised_where_nobody_asked() -> None:
    with stop_held():
        pass
