"""Where a run reads, writes and keeps what is on its way: object storage and a pod's disk, or folders of a laptop."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from vectorizer_api.names import LOG_FILE

from vectorizer_trainer.store import Store

__all__ = ["Workplace"]


@dataclass(frozen=True)
class Workplace:
    """Where a run reads, writes and keeps what is on its way."""

    open_store: Callable[[str], Store]
    """Opens a location of the run description."""
    folder: Path
    """An empty folder on a disk of the run's own."""

    @property
    def log(self) -> Path:
        """The file that the run's log is written to meanwhile."""
        return self.folder / LOG_FILE
