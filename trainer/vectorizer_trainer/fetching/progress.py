"""How far a fetch is, in the words of a run."""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from vectorizer_api.run import Progress, RunProgress, Stage

from vectorizer_trainer.progress import Listener

__all__ = ["FetchProgress"]


class FetchProgress:
    """An observer of a fetch that tells a run's listeners of it; the percentage is the fetch's alone."""

    def __init__(self, listeners: Sequence[Listener], clock: Callable[[], float] = time.monotonic) -> None:
        """Takes who is to be told, and a clock in seconds."""
        self._listeners = listeners
        self._clock = clock
        self._began = clock()

    def __call__(self, done: int, of: int, bytes_done: int) -> None:
        """`done` of so many URLs are settled, and so many bytes arrived."""
        elapsed = self._clock() - self._began
        progress = Progress(
            stage=Stage.FETCHING,
            percent=round(100 * done / of, 1) if of else 100,
            step=done,
            steps=of,
            bytes_done=bytes_done,
            eta_seconds=round(elapsed * (of - done) / done) if done else None,
            last_update_time=datetime.now(UTC),
        )
        for listener in self._listeners:
            listener(RunProgress(progress=progress))
