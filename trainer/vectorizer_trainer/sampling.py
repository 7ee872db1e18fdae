"""Which examples are trained on, and what each of them is used for."""

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray


class Part(IntEnum):
    """What an example is used for."""

    TRAIN = 0
    CHOOSE = 1
    """To choose a candidate and its share of change on."""
    GATE = 2
    """To judge and report on; never chosen on."""


SHARES = np.array([0.8, 0.1, 0.1])
"""Of the examples, by Part."""


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


def split(targets: NDArray[np.bool_], groups: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    """[n] Part of each example: 80 % train, 10 % choose, 10 % gate of the examples and of each label.

    Iterative stratification (Sechidis et al., 2011): the rarest label that is left is dealt out first, to the part that
    lacks it most. A group is dealt out whole. Each label is in train.
    """
    _, member_of = np.unique(groups, return_inverse=True)
    sizes = np.bincount(member_of)
    labels = np.zeros((len(sizes), targets.shape[1]))
    np.add.at(labels, member_of, targets)
    dealt = _deal(labels, sizes, np.random.default_rng(seed))
    _put_each_label_in_train(dealt, labels)
    part_of: NDArray[np.int64] = dealt[member_of]
    return part_of


def _deal(labels: NDArray[np.float64], sizes: NDArray[np.int64], random: np.random.Generator) -> NDArray[np.int64]:
    """[groups] Part of each group, from its label counts [groups, labels] and sizes."""
    wanted_labels = SHARES[:, None] * labels.sum(0)
    wanted_examples = SHARES * sizes.sum()
    left = labels.sum(0)
    shuffled = random.permutation(len(sizes))
    # The largest groups first: what is dealt out last makes up for them.
    order = shuffled[np.argsort(-sizes[shuffled], kind="stable")]
    dealt = np.full(len(sizes), -1)
    while (left > 0).any():
        label = int(np.argmin(np.where(left > 0, left, np.inf)))
        for group in order[(dealt[order] < 0) & (labels[order, label] > 0)]:
            part = max(Part, key=lambda part: (wanted_labels[part, label], wanted_examples[part]))
            dealt[group] = part
            wanted_labels[part] -= labels[group]
            wanted_examples[part] -= sizes[group]
            left -= labels[group]
    return dealt


def _put_each_label_in_train(dealt: NDArray[np.int64], labels: NDArray[np.float64]) -> None:
    for label in range(labels.shape[1]):
        carriers = np.flatnonzero(labels[:, label])
        if len(carriers) and (dealt[carriers] != Part.TRAIN).all():
            dealt[carriers[0]] = Part.TRAIN
