"""What each example is used for: dealt out so that every part has its share of the examples and of each label."""

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from vectorizer_trainer.schedule import CHOOSE, gate_share

__all__ = ["Part", "folds", "split"]


class Part(IntEnum):
    """What an example is used for."""

    TRAIN = 0
    CHOOSE = 1
    """To choose a candidate and its share of change on."""
    GATE = 2
    """To judge and report on; never chosen on."""


def split(targets: NDArray[np.bool_], groups: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    """[n] Part of each example, with targets [n, labels] and groups [n].

    80 % train, 10 % choose, 10 % gate of the examples and of each label; below 2,000 groups the gate takes 200 of them
    from train, or a fifth. Each label is in train.
    """
    number, member_of = _members(groups)
    gate = gate_share(number)
    labels = _of_groups(targets, number, member_of)
    dealt = _deal(labels, member_of, np.array([1 - CHOOSE - gate, CHOOSE, gate]), seed)
    _put_each_label_in_train(dealt, labels)
    part_of: NDArray[np.int64] = dealt[member_of]
    return part_of


def folds(targets: NDArray[np.bool_], groups: NDArray[np.int64], number: int, seed: int) -> list[NDArray[np.int64]]:
    """The indices of each of `number` equal folds of examples with targets [n, labels] and groups [n]."""
    apart, member_of = _members(groups)
    labels = _of_groups(targets, apart, member_of)
    dealt = _deal(labels, member_of, np.full(number, 1 / number), seed)
    return [np.flatnonzero(dealt[member_of] == fold) for fold in range(number)]


def _members(groups: NDArray[np.int64]) -> tuple[int, NDArray[np.int64]]:
    """How many groups there are, and the place [n] of each example's group among them."""
    different, member_of = np.unique(groups, return_inverse=True)
    return len(different), member_of


def _of_groups(targets: NDArray[np.bool_], number: int, member_of: NDArray[np.int64]) -> NDArray[np.float64]:
    """[groups, labels] counts."""
    labels = np.zeros((number, targets.shape[1]))
    np.add.at(labels, member_of, targets)
    return labels


def _deal(
    labels: NDArray[np.float64], member_of: NDArray[np.int64], shares: NDArray[np.float64], seed: int
) -> NDArray[np.int64]:
    """[groups] the part of each group, from label counts [groups, labels], members [n] and the parts' shares [parts].

    Iterative stratification (Sechidis et al., 2011): the rarest label that is left is dealt out first, to the part that
    lacks it most. A group is dealt out whole.
    """
    sizes = np.bincount(member_of)
    wanted_labels = shares[:, None] * labels.sum(0)
    wanted_examples = shares * sizes.sum()
    left = labels.sum(0)
    shuffled = np.random.default_rng(seed).permutation(len(sizes))
    # The largest groups first: what is dealt out last makes up for them.
    order = shuffled[np.argsort(-sizes[shuffled], kind="stable")]
    dealt = np.full(len(sizes), -1)
    while (left > 0).any():
        label = int(np.argmin(np.where(left > 0, left, np.inf)))
        for group in order[(dealt[order] < 0) & (labels[order, label] > 0)]:
            part = max(range(len(shares)), key=lambda part: (wanted_labels[part, label], wanted_examples[part]))
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
