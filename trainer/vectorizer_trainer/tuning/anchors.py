"""Anchors: reference items that hold the start's vectors while the blocks are trained.

Distillation on the examples alone says nothing of the rest of the space, which drifts. A few items of the base's own
kind in every batch keep it in place, so that more of the change can be kept at equal retention (rehearsal). An item
that is an anchor measures nothing: retention is taken on the others.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vectorizer_trainer.cache import Selected
from vectorizer_trainer.content.encoder import Item

__all__ = ["Anchors", "Measured", "part_reference"]


@dataclass(frozen=True)
class Anchors:
    """Reference items to train with."""

    items: Sequence[Item]
    vectors: NDArray[np.float32]
    """Unit vectors [n, d] of the start."""

    def __len__(self) -> int:
        """The number of anchors."""
        return len(self.items)


@dataclass(frozen=True)
class Measured:
    """Reference items to measure retention on."""

    items: Sequence[Item]
    vectors: NDArray[np.float32]
    """Unit vectors [n, d] of the start."""


def part_reference(reference: Sequence[Item], vectors: NDArray[np.float32]) -> tuple[Anchors, Measured]:
    """Every other reference item as an anchor, the rest to measure; `vectors` [n, d] are the start's."""
    even, odd = (range(first, len(reference), 2) for first in (0, 1))
    return Anchors(Selected(reference, even), vectors[even]), Measured(Selected(reference, odd), vectors[odd])
