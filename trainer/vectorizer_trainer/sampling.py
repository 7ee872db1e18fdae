"""Which examples are trained on, where there are more than may be."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["choose_examples", "random_order", "spread_order"]

_LEAF = 8
"""Examples below which a further split tells nothing."""
_POWER_STEPS = 6


def random_order(count: int, seed: int) -> NDArray[np.int64]:
    """A random permutation [count]."""
    return np.random.default_rng(seed).permutation(count)


def spread_order(vectors: NDArray[np.float32], seed: int) -> NDArray[np.int64]:
    """A random permutation [n] of which every beginning is spread evenly over the vectors [n, d].

    The vectors are halved again and again along their principal direction, and the halves taken by turns, as in the
    reverse hierarchical order of spatially balanced samples (Stevens and Olsen, 2004). Each example has the same chance
    to come early: what is common stays common, but nothing is met twice before its like is met once.
    """
    return _by_turns(vectors, np.arange(len(vectors)), np.random.default_rng(seed))


def _by_turns(
    vectors: NDArray[np.float32], members: NDArray[np.int64], random: np.random.Generator
) -> NDArray[np.int64]:
    if len(members) <= _LEAF:
        return random.permutation(members)
    along = members[np.argsort(_principal(vectors[members], random), kind="stable")]
    middle = len(along) // 2 + (int(random.integers(2)) if len(along) % 2 else 0)
    halves = [_by_turns(vectors, half, random) for half in (along[:middle], along[middle:])]
    if len(halves[0]) < len(halves[1]) or (len(halves[0]) == len(halves[1]) and random.integers(2)):
        halves.reverse()
    mixed = np.empty_like(members)
    mixed[0::2], mixed[1::2] = halves
    return mixed


def _principal(vectors: NDArray[np.float32], random: np.random.Generator) -> NDArray[np.float32]:
    """[n]: the projections on the direction of the greatest variance, by a few power steps."""
    centred = vectors - vectors.mean(0)
    direction = random.standard_normal(vectors.shape[1], np.float32)
    for _ in range(_POWER_STEPS):
        turned = centred.T @ (centred @ direction)
        direction = turned / np.float32(np.linalg.norm(turned) + np.finfo(np.float32).tiny)
    projections: NDArray[np.float32] = centred @ direction
    return projections


def choose_examples(
    targets: NDArray[np.bool_], most: int, order: NDArray[np.int64], had: NDArray[np.bool_] | None = None
) -> NDArray[np.int64]:
    """Ascending indices of examples [n, labels] to take beside those that are `had` [n], `most` in all.

    They are taken from `order`, the earlier the better. Each label is owed a quota proportional to the square root of
    its frequency, so that rare labels are covered: at least one, where there is one. The rarest is served first, and
    what is left is filled up.
    """
    chosen = np.zeros(len(targets), bool) if had is None else had.copy()
    room = most - int(chosen.sum())
    if len(order) <= room:
        return np.sort(order)
    before = chosen.copy()
    frequency = targets.sum(0)
    weight = np.sqrt(frequency)
    quota = np.maximum(most * weight / weight.sum(), 1)
    for label in np.argsort(frequency, kind="stable"):
        owed = int(quota[label]) - int(targets[chosen, label].sum())
        waiting = order[targets[order, label] & ~chosen[order]]
        room = most - int(chosen.sum())
        chosen[waiting[: max(min(owed, room), 0)]] = True
    chosen[order[~chosen[order]][: most - int(chosen.sum())]] = True
    return np.flatnonzero(chosen & ~before)
