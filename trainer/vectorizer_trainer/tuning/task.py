"""What every way of fine-tuning works on: the start, the examples, and how long each stage takes."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from vectorizer_api.run import Stage

from vectorizer_trainer.augmentation import Augmentation
from vectorizer_trainer.content.encoder import Item
from vectorizer_trainer.tuning.checkpoint import Checkpoints
from vectorizer_trainer.tuning.types import Examples, Observer
from vectorizer_trainer.vectorizer import Vectorizer

__all__ = ["Stopwatch", "Task", "encode_observed"]

_AT_ONCE = 128
"""Items between two words to the observer."""


@dataclass
class Stopwatch:
    """Passes on to an observer and takes the time of each stage."""

    observer: Observer
    seconds: dict[str, float] = field(default_factory=dict)
    _stage: Stage | None = None
    _began: float = 0.0

    def stage(self, stage: Stage, steps: int) -> None:
        """Ends the last stage and begins one."""
        self.stop()
        self._stage, self._began = stage, time.monotonic()
        self.observer.stage(stage, steps)

    def stop(self) -> None:
        """Ends the last stage."""
        if self._stage is not None:
            self.seconds[self._stage] = time.monotonic() - self._began
            self._stage = None


@dataclass(frozen=True)
class Task:
    """One fine-tuning."""

    start: Vectorizer
    train: Examples
    choose: Examples
    gate: Examples
    reference: Sequence[Item]
    label_names: Sequence[str]
    seed: int
    watch: Stopwatch
    checkpoints: Checkpoints
    augmentation: Augmentation

    def baseline(self) -> "Baseline":
        """The start's vectors of everything, computed where they are not known yet."""
        unknown = [part for part in (self.train, self.choose, self.gate) if part.vectors is None]
        self.watch.stage(Stage.BASELINE, sum(map(len, unknown)) + len(self.reference))
        done = 0
        vectors = []
        for part in (self.train, self.choose, self.gate):
            vectors.append(part.vectors if part.vectors is not None else self._encode(part.items, done))
            done += len(part) if part.vectors is None else 0
        train, choose, gate = vectors
        return Baseline(train, choose, gate, self._encode(self.reference, done))

    def _encode(self, items: Sequence[Item], done: int) -> NDArray[np.float32]:
        return encode_observed(self.start, items, self.watch.observer, done)


@dataclass(frozen=True)
class Baseline:
    """The start's unit vectors [n, d] of each part."""

    train: NDArray[np.float32]
    choose: NDArray[np.float32]
    gate: NDArray[np.float32]
    reference: NDArray[np.float32]


def encode_observed(
    vectorizer: Vectorizer, items: Sequence[Item], observer: Observer, done: int = 0
) -> NDArray[np.float32]:
    """Unit vectors [n, d] of items, telling an observer that had counted `done` steps of one item each before."""
    parts = [np.empty((0, vectorizer.dimension), np.float32)]
    for first in range(0, len(items), _AT_ONCE):
        chunk = [items[index] for index in range(first, min(first + _AT_ONCE, len(items)))]
        parts.append(vectorizer.encode_items(chunk))
        observer.advance(done + first + len(chunk))
    return np.concatenate(parts)
