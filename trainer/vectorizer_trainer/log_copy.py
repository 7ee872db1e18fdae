"""A copy of the run's log in the store while it runs: whoever kills the process, what it said before can be read."""

import logging
import time
from collections.abc import Callable
from pathlib import Path

from vectorizer_api.names import LOG_FILE
from vectorizer_api.run import RunProgress, Stage

from vectorizer_trainer.errors import StorageError
from vectorizer_trainer.store import Store

__all__ = ["LogCopy"]

_log = logging.getLogger(__name__)


class LogCopy:
    """A listener to progress that copies the log at each new stage, and every ten seconds within one."""

    def __init__(
        self, log: Path, store: Store, interval: float = 10.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Takes the log, where to copy it, and the seconds between two copies within a stage."""
        self._file = log
        self._store = store.impatient()
        self._interval = interval
        self._clock = clock
        self._stage: Stage | None = None
        self._next = 0.0

    def __call__(self, progress: RunProgress) -> None:
        """Copy where it is time; a copy that fails is dropped, since the next one holds more."""
        stage = progress.progress.stage
        if stage is self._stage and self._clock() < self._next:
            return
        self._stage = stage
        try:
            self._store.upload(LOG_FILE, self._file)
        except (OSError, StorageError) as error:
            _log.warning("the log could not be copied: %s", error)
        self._next = self._clock() + self._interval
