"""Random numbers that belong to one item in one round, whatever else is drawn."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["item_seeds", "uniforms"]


def item_seeds(seed: int, turn: int, items: Iterable[int]) -> list[int]:
    """A seed for each item (its number in the data set) in one turn (an epoch, a view) of the run with this seed."""
    return [int(np.random.SeedSequence([seed, turn, item]).generate_state(1, np.uint64)[0]) for item in items]


def uniforms(seeds: Sequence[int], count: int) -> NDArray[np.float64]:
    """[n, count] numbers in [0, 1), the same ones for the same seed: a column stands for one decision."""
    return np.array([np.random.default_rng(seed).random(count) for seed in seeds]).reshape(len(seeds), count)
