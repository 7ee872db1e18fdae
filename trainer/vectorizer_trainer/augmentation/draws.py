"""Random numbers that belong to one item in one round, whatever else is drawn."""

from collections.abc import Iterable, Sequence
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

__all__ = ["Purpose", "item_seeds", "uniforms"]


class Purpose(IntEnum):
    """What items are varied for; none sees what another drew."""

    EPOCH = 0
    VIEW = 1
    AUDIT = 2


def item_seeds(seed: int, purpose: Purpose, turn: int, items: Iterable[int]) -> list[int]:
    """A seed for each item (its number in the data set) in one turn (an epoch, a view) of the run with this seed."""
    sequences = (np.random.SeedSequence([seed, purpose, turn, item]) for item in items)
    return [int(sequence.generate_state(1, np.uint64)[0]) for sequence in sequences]


def uniforms(seeds: Sequence[int], count: int) -> NDArray[np.float64]:
    """[n, count] numbers in [0, 1), the same ones for the same seed: a column stands for one decision."""
    return np.array([np.random.default_rng(seed).random(count) for seed in seeds]).reshape(len(seeds), count)
