"""Checkpoints of a training: what another attempt needs to end with the weights of an uninterrupted one.

Random numbers follow from the seed and the number of the step, never from what was drawn before. So a step's number,
the weights and the optimiser's moments are all that there is to keep.
"""

import logging
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor
from vectorizer_api.run import Checkpoint

from vectorizer_trainer.errors import StorageError
from vectorizer_trainer.store import Store

__all__ = ["Checkpoints", "NoCheckpoints", "Pace", "StoredCheckpoints", "TrainingState"]

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
        """The place of one training, by its name within this place."""

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


class Pace:
    """When the next checkpoint is due; the trainings of a run share it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Takes a clock in seconds."""
        self.clock = clock
        self._next = clock() + _INTERVAL

    def due(self) -> bool:
        """Whether enough time went by since the last one."""
        return self.clock() >= self._next

    def wrote(self, began: float) -> None:
        """One was written, from the time `began` until now."""
        now = self.clock()
        self._next = now + max(_INTERVAL, (now - began) / _LARGEST_COST)


@dataclass(frozen=True)
class StoredCheckpoints:
    """One checkpoint of each training in a store, shared by the attempts of a run."""

    store: Store
    scratch: Path
    """A folder for the file on its way."""
    identity: str
    """What makes two runs the same one: of others, whose files, start or trainer differ, none is gone on from."""
    told: Callable[[Checkpoint], None]
    pace: Pace = field(default_factory=Pace)
    training: str = ""

    def of(self, training: str) -> "StoredCheckpoints":
        """See Checkpoints."""
        return replace(self, training=f"{self.training} {training}")

    def last(self) -> TrainingState | None:
        """See Checkpoints; one that is damaged or of another run is passed over, and the log says so."""
        try:
            entry = next((entry for entry in self.store.entries(_MOST) if entry.key == self._key), None)
            if entry is None:
                return None
            self.store.fetch(entry, self._file)
            return self._read()
        except (SafetensorError, StorageError, ValueError) as error:
            _log.warning("the checkpoint is not used, training starts anew: %s", error)
            return None
        finally:
            self._file.unlink(missing_ok=True)

    def due(self) -> bool:
        """See Checkpoints."""
        return self.pace.due()

    def keep(self, state: TrainingState) -> None:
        """See Checkpoints."""
        began = self.pace.clock()
        try:
            save_file(state.tensors, self._file, {"identity": self.identity, "step": str(state.step)})
            self.store.upload(self._key, self._file)
        except (OSError, SafetensorError, StorageError) as error:
            _log.warning("no checkpoint was written at step %d: %s", state.step, error)
        else:
            self.told(Checkpoint(step=state.step, time=datetime.now(UTC)))
        finally:
            self._file.unlink(missing_ok=True)
        self.pace.wrote(began)

    @property
    def _key(self) -> str:
        return "-".join(re.findall(r"\w+", self.training or "training")) + _SUFFIX

    @property
    def _file(self) -> Path:
        return self.scratch / self._key

    def _read(self) -> TrainingState | None:
        with safe_open(self._file, "pt") as file:
            described = file.metadata() or {}
            if described.get("identity") != self.identity:
                _log.info("the checkpoint is of other files or another start: training starts anew")
                return None
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a dict
        return TrainingState(int(described["step"]), tensors)
