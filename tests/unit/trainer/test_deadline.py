"""A file takes no longer than it may, whatever reads it."""

import threading
import time
from contextlib import suppress

import pytest
from vectorizer_trainer.content.deadline import Deadline
from vectorizer_trainer.errors import UnreadableFile


def compute(seconds: float) -> None:
    """Keep the processor busy."""
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass


def compute_whatever_comes(seconds: float) -> None:
    """Keep the processor busy as libraries do that swallow exceptions and try the next thing."""
    for _ in range(5):
        with suppress(BaseException):
            compute(seconds)


class TestCheck:
    def test_raises_once_the_time_is_over(self) -> None:
        deadline = Deadline(0.05)
        deadline.check()
        compute(0.06)
        with pytest.raises(UnreadableFile, match=r"it takes longer than 0\.05 s to decode"):
            deadline.check()


class TestInterrupting:
    def test_code_that_never_asks_is_ended(self) -> None:
        began = time.thread_time()
        with pytest.raises(UnreadableFile, match=r"longer than 0\.1 s"), Deadline(0.1).interrupting():
            compute(20)
        assert time.thread_time() - began < 5

    def test_code_that_swallows_exceptions_is_ended_too(self) -> None:
        began = time.thread_time()
        with pytest.raises(UnreadableFile), Deadline(0.1).interrupting():
            compute_whatever_comes(20)
        assert time.thread_time() - began < 10

    def test_what_ends_in_time_is_left_alone_and_so_is_what_follows(self) -> None:
        with Deadline(0.1).interrupting():
            compute(0.01)
        compute(0.3)

    def test_an_exception_of_the_block_is_its_own(self) -> None:
        with pytest.raises(ZeroDivisionError), Deadline(10).interrupting():
            _ = 1 / 0

    def test_threads_do_not_meet_the_end_of_others(self) -> None:
        ended: list[str] = []

        def read(seconds: float) -> None:
            try:
                with Deadline(seconds).interrupting():
                    compute(0.4)
                ended.append("read")
            except UnreadableFile:
                ended.append("refused")

        threads = [threading.Thread(target=read, args=(seconds,)) for seconds in (0.1, 30.0, 0.1, 30.0)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(ended) == ["read", "read", "refused", "refused"]

    def test_nothing_is_left_behind(self) -> None:
        before = threading.active_count()
        for _ in range(200):
            with Deadline(10).interrupting():
                pass
        assert threading.active_count() == before
