"""The time that one file may take: a small file can be made to keep a decoder busy for hours."""

import time

from vectorizer_trainer.errors import UnreadableFile

__all__ = ["Deadline"]


class Deadline:
    """Processor time of the thread that starts it, so that a busy machine does not turn good files into bad ones."""

    def __init__(self, seconds: float) -> None:
        """Starts the clock."""
        self._seconds = seconds
        self._end = time.thread_time() + seconds

    def check(self) -> None:
        """Raises UnreadableFile once the time is over; decoders call it at every step of theirs."""
        if time.thread_time() > self._end:
            raise UnreadableFile(f"it takes longer than {self._seconds:g} s to decode")
