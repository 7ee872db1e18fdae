"""Which examples are trained on, and what each of them is used for."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Duplicates:
    """Files of identical content among n."""

    kept: list[int]
    """Indices without the copies that carry the same labels as an earlier one."""
    copies: list[tuple[int, int]]
    """A dropped index, and the kept one that it is a copy of."""
    conflicts: list[list[int]]
    """Kept indices of identical content with different labels."""
    groups: NDArray[np.int64]
    """[kept]: the same number for the same content."""


def find_duplicates(digests: Sequence[str], label_sets: Sequence[frozenset[str]]) -> Duplicates:
    """Tell apart by content, from the digests of the files and their labels."""
    distinct: dict[tuple[str, frozenset[str]], int] = {}
    copies = []
    for index, content in enumerate(zip(digests, label_sets, strict=True)):
        first = distinct.setdefault(content, index)
        if first != index:
            copies.append((index, first))
    same: dict[str, list[int]] = defaultdict(list)
    for (digest, _), index in distinct.items():
        same[digest].append(index)
    number = {digest: position for position, digest in enumerate(same)}
    kept = list(distinct.values())
    groups = np.array([number[digests[index]] for index in kept], np.int64)
    return Duplicates(kept, copies, [group for group in same.values() if len(group) > 1], groups)


def choose_examples(targets: NDArray[np.bool_], most: int, seed: int) -> NDArray[np.int64]:
    """Ascending indices of at most `most` of the examples [n, labels].

    Each label is owed a quota proportional to the square root of its frequency, so that rare labels are covered; the
    rarest is served first, at random inside the quota, and what is left is filled up at random.
    """
    count = len(targets)
    if count <= most:
        return np.arange(count)
    order = np.random.default_rng(seed).permutation(count)
    frequency = targets.sum(0)
    weight = np.sqrt(frequency)
    quota = most * weight / weight.sum()
    chosen = np.zeros(count, bool)
    for label in np.argsort(frequency, kind="stable"):
        owed = int(quota[label]) - int(targets[chosen, label].sum())
        waiting = order[targets[order, label] & ~chosen[order]]
        chosen[waiting[: max(owed, 0)]] = True
    chosen[order[~chosen[order]][: most - int(chosen.sum())]] = True
    return np.flatnonzero(chosen)


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
    order = random.permutation(len(sizes))
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
