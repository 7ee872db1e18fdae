"""The time that one file may take: a small file can be made to keep a decoder busy for hours."""

import ctypes
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from vectorizer_trainer.errors import UnreadableFile

__all__ = ["PICTURE_BYTES_AT_ONCE", "Deadline"]

PICTURE_BYTES_AT_ONCE = 4096
"""What Pillow gets between two looks at the clock: a progressive JPEG packs forty passes over 50 MP in as much."""

_AGAIN = 0.05
"""Seconds until a library that swallowed an interruption meets the next."""


class Deadline:
    """Processor time of the thread that starts it, so that a busy machine does not turn good files into bad ones."""

    def __init__(self, seconds: float) -> None:
        """Starts the clock."""
        self._seconds = seconds
        self._end = time.thread_time() + seconds

    def check(self) -> None:
        """Raises UnreadableFile once the time is over; decoders call it at every step of theirs."""
        if time.thread_time() > self._end:
            raise self._missed()

    @contextmanager
    def interrupting(self) -> Iterator[None]:
        """Raises UnreadableFile inside the block once the time is over, between any two instructions of Python.

        It is for libraries that ask nobody whether to go on, in the thread that started the clock.
        """
        watch = _Watch(self._end)
        try:
            yield
            self.check()
        except _OutOfTime:
            raise self._missed() from None
        finally:
            watch.end()

    def _missed(self) -> UnreadableFile:
        return UnreadableFile(f"it takes longer than {self._seconds:g} s to decode")


class _OutOfTime(BaseException):
    """What the thread that is out of time meets."""


class _Watch:
    """Raises _OutOfTime in the thread that makes it, again and again after its processor time has come to an end."""

    def __init__(self, end: float) -> None:
        self._end = end
        self._watched = threading.get_ident()
        self._clock = time.pthread_getcpuclockid(self._watched)
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="deadline", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """From here on nothing is raised."""
        while self._thread.is_alive():
            try:
                with self._lock:
                    self._over.set()
                    _raise_in(self._watched, None)
                self._thread.join()
            except _OutOfTime:
                # It came while this was being said.
                continue

    def _run(self) -> None:
        while not self._over.wait(max(self._left(), _AGAIN)):
            with self._lock:
                if self._left() <= 0 and not self._over.is_set():
                    _raise_in(self._watched, _OutOfTime)

    def _left(self) -> float:
        return self._end - time.clock_gettime(self._clock)


def _raise_in(thread: int, error: type[BaseException] | None) -> None:
    """Let a thread meet an exception at its next instruction; with None, take back one that it has not met yet."""
    raised = None if error is None else ctypes.py_object(error)
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), raised)
