"""Texts by the runs of tokens that they share."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from vectorizer_trainer.fingerprints.contract import Item, Pairs, Row, Rows
from vectorizer_trainer.fingerprints.nearest import sorted_pairs

__all__ = ["Shingles"]

_NO_HASH = np.iinfo(np.uint64).max
_COMPARED = 8
"""Texts with the same key that each text is compared with, beside the first: a key that more share tells nothing."""


@dataclass(frozen=True)
class Shingles:
    """Texts by the runs of 5 tokens that they share, estimated from the smallest hashes of each text.

    A bottom-k sketch (Broder, 1997): the share of common ones among the k smallest hashes of both texts estimates their
    Jaccard index. The smallest hashes of near copies are the same, give or take a few, so that these are the keys, each
    in whatever place it stands: one run more moves all behind it.
    """

    length: int = 5
    kept: int = 64
    keyed: int = 4
    least: float = 0.9

    def of(self, item: Item) -> Row:
        """The smallest hashes, uint64 [64] ascending, of tokens [t]."""
        tokens = np.asarray(item, np.int64).ravel().astype(np.uint64) + np.uint64(1)
        if len(tokens) < self.length:
            tokens = np.concatenate([tokens, np.zeros(self.length - len(tokens), np.uint64)])
        weights = np.random.default_rng(0).integers(1, 2**63, self.length, np.uint64)
        hashes = np.unique(_mixed((sliding_window_view(tokens, self.length) * weights).sum(1, dtype=np.uint64)))
        sketch = np.full(self.kept, _NO_HASH)
        sketch[: len(hashes)] = hashes[: self.kept]
        return sketch

    def candidates(self, rows: Rows) -> Pairs:
        """Texts that share one of their smallest hashes, those with many in common before others."""
        owners = np.repeat(np.lexsort(rows.T[::-1]), self.keyed)
        keys = rows[owners, np.tile(np.arange(self.keyed), len(rows))]
        owners, keys = owners[keys != _NO_HASH], keys[keys != _NO_HASH]
        order = np.argsort(keys, kind="stable")
        places = [np.stack(pair) for pair in _within_runs(keys[order])]
        left, right = owners[order][np.concatenate(places, axis=1)]
        return sorted_pairs(left, right)

    def alike(self, left: Rows, right: Rows) -> NDArray[np.bool_]:
        """Whether nine of ten runs are common."""
        both = np.sort(np.concatenate([left, right], axis=1), axis=1)
        common = np.zeros(both.shape, bool)
        common[:, 1:] = both[:, 1:] == both[:, :-1]
        counted = (np.cumsum(~common, axis=1) <= self.kept) & (both != _NO_HASH)
        either = (counted & ~common).sum(1)
        near: NDArray[np.bool_] = (counted & common).sum(1) >= self.least * either
        return near


def _within_runs(ordered: NDArray[np.uint64]) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Pairs of places in ascending keys [n]: each with the first of its key, and with the few just before it."""
    place = np.arange(len(ordered))
    begins = np.diff(ordered, prepend=ordered[:1]) != 0
    head = np.maximum.accumulate(np.where(begins, place, 0))
    far = place[place - head > _COMPARED]
    yield head[far], far
    for lag in range(1, _COMPARED + 1):
        near = place[place - head >= lag]
        yield near - lag, near


def _mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The finaliser of SplitMix64: sums of tokens become evenly spread numbers."""
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        values = (values ^ (values >> np.uint64(shift))) * np.uint64(factor)
    return values ^ (values >> np.uint64(31))
