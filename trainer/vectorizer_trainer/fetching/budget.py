"""How much all downloads of a fetch may bring together."""

import threading

from vectorizer_trainer.fetching.outcomes import Failed
from vectorizer_trainer.wording import bytes_in_words

__all__ = ["Budget"]


class Budget:
    """Bytes that may still be downloaded; what a failed download brought stays spent."""

    def __init__(self, most: int, there: int) -> None:
        """Takes the bytes that all files may have, and those that are there already."""
        self._most = most
        self._there = there
        self._lock = threading.Lock()
        self.downloaded = 0

    def spend(self, number: int) -> None:
        """Count bytes that arrived; raises Failed where they are too many."""
        with self._lock:
            self.downloaded += number
            if self.is_exceeded:
                raise Failed(f"all files together are larger than {bytes_in_words(self._most)}")

    @property
    def is_exceeded(self) -> bool:
        """Whether more arrived than is allowed."""
        return self._there + self.downloaded > self._most
