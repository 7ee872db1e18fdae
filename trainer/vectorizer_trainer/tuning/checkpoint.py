"""Checkpoints of a training: what another attempt needs to end with the weights of an uninterrupted one.

Random numbers follow from the seed and the number of the step, never from what was drawn before. So a step's number,
the weights and the optimiser's moments are all that there is to keep.
"""

import logging
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor
from vectorizer_api.run import Checkpoint

from vectorizer_trainer.errors import StorageError
from vectorizer_trainer.store import Store

__all__ = ["Checkpoints", "NoCheckpoints", "StoredCheckpoints", "TrainingState"]

_SUFFIX = ".safetensors"
_MOST = 16
"""Files that are looked through: a run has a few trainings, each with one checkpoint."""
_INTERVAL = 60.0
"""Seconds of work that a killed attempt may lose."""
_LARGEST_COST = 0.05
"""Share of the time that writing may take: large models are written less often."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class TrainingState:
    """A training between two steps."""

    step: int
    """Steps that are done."""
    tensors: dict[str, Tensor]


class Checkpoints(Protocol):
    """Where trainings keep their states."""

    def of(self, training: str) -> "Checkpoints":
        """The place of one training, by its name within the run."""

    def last(self) -> TrainingState | None:
        """The state to go on from, or None where there is nothing of the same run."""

    def due(self) -> bool:
        """Whether enough time went by since the last one."""

    def keep(self, state: TrainingState) -> None:
        """Replace the last state; a training does not fail for want of a checkpoint."""


class NoCheckpoints:
    """For trainings that nobody resumes."""

    def of(self, training: str) -> "NoCheckpoints":
        """The same."""
        return self

    def last(self) -> None:
        """Nothing to go on from."""

    def due(self) -> bool:
        """Never."""
        return False

    def keep(self, state: TrainingState) -> None:
        """Keeps nothing."""


class StoredCheckpoints:
    """One checkpoint of a training in a store, shared by the attempts of a run."""

    def __init__(
        self,
        store: Store,
        scratch: Path,
        identity: str,
        told: Callable[[Checkpoint], None],
        clock: Callable[[], float] = time.monotonic,
        training: str = "training",
    ) -> None:
        """Takes the store, a folder for the file on its way, and what makes two runs the same one.

        A checkpoint of another identity is not gone on from: the files, the start or the trainer are others.
        """
        self._store = store
        self._scratch = scratch
        self._key = "-".join(re.findall(r"\w+", training)) + _SUFFIX
        self._file = scratch / self._key
        self._identity = identity
        self._told = told
        self._clock = clock
        self._next = clock() + _INTERVAL

    def of(self, training: str) -> "StoredCheckpoints":
        """See Checkpoints."""
        return StoredCheckpoints(self._store, self._scratch, self._identity, self._told, self._clock, training)

    def last(self) -> TrainingState | None:
        """See Checkpoints; one that is damaged or of another run is passed over, and the log says so."""
        try:
            entry = next((entry for entry in self._store.entries(_MOST) if entry.key == self._key), None)
            if entry is None:
                return None
            self._store.fetch(entry, self._file)
            return self._read()
        except (SafetensorError, StorageError, ValueError) as error:
            _log.warning("the checkpoint is not used, training starts anew: %s", error)
            return None
        finally:
            self._file.unlink(missing_ok=True)

    def due(self) -> bool:
        """See Checkpoints."""
        return self._clock() >= self._next

    def keep(self, state: TrainingState) -> None:
        """See Checkpoints."""
        began = self._clock()
        try:
            save_file(state.tensors, self._file, {"identity": self._identity, "step": str(state.step)})
            self._store.upload(self._key, self._file)
        except (OSError, SafetensorError, StorageError) as error:
            _log.warning("no checkpoint was written at step %d: %s", state.step, error)
        else:
            self._told(Checkpoint(step=state.step, time=datetime.now(UTC)))
        finally:
            self._file.unlink(missing_ok=True)
        now = self._clock()
        self._next = now + max(_INTERVAL, (now - began) / _LARGEST_COST)

    def _read(self) -> TrainingState | None:
        with safe_open(self._file, "pt") as file:
            described = file.metadata() or {}
            if described.get("identity") != self._identity:
                _log.info("the checkpoint is of other files or another start: training starts anew")
                return None
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a dict
        return TrainingState(int(described["step"]), tensors)
