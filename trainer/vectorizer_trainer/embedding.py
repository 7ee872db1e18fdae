"""Vectors of items that come one by one, and are not kept."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from vectorizer_trainer.cache import Array

if TYPE_CHECKING:
    from vectorizer_trainer.vectorizer import Vectorizer

__all__ = ["Embedding"]

_BATCH = 64
"""Items embedded together."""


class Embedding:
    """The vectors of what was added so far, in its order."""

    def __init__(self, vectorizer: "Vectorizer") -> None:
        """Takes who embeds."""
        self._vectorizer = vectorizer
        self._vectors = [np.empty((0, vectorizer.dimension), np.float32)]
        self._waiting: list[Array] = []

    def add(self, item: Array) -> None:
        """One more item; embedded as soon as there are enough of them."""
        self._waiting.append(item)
        if len(self._waiting) == _BATCH:
            self._embed()

    def vectors(self) -> NDArray[np.float32]:
        """[n, dimension] of all that was added."""
        self._embed()
        return np.concatenate(self._vectors)

    def _embed(self) -> None:
        self._vectors.append(self._vectorizer.encode_items(self._waiting))
        self._waiting = []
