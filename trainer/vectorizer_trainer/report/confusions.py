"""Which labels are taken for one another."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vectorizer_trainer.metrics import nearest
from vectorizer_trainer.report.document import Confusion
from vectorizer_trainer.report.held_out import NamedFold

__all__ = ["confusions"]

_NEIGHBOURS = 10
"""At most a fifth of all: farther ones are no neighbours."""
_FEWEST_QUERIES = 10
"""Queries below which a share says nothing."""
_CERTAIN = 2.0
"""Standard errors of a share that chance would explain, as if a query's neighbours told as much as one of them."""
_MOST_PAIRS = 8

Floats = NDArray[np.float64]


def confusions(folds: Sequence[NamedFold], label_names: Sequence[str]) -> list[Confusion]:
    """The pairs that the tuned vectorizer mixes up beyond doubt more than chance would, worst first."""
    parts = [fold.vectors for fold in folds]
    queries = sum((_queries(part.targets) for part in parts), np.zeros((len(label_names),) * 2))
    pairs = queries + queries.T

    def share(found: Sequence[Floats]) -> Floats:
        total = np.sum(found, axis=0)
        shares: Floats = (total + total.T) / np.maximum(pairs, 1)
        return shares

    start = share([_strays(part.start, part.targets) for part in parts])
    tuned = share([_strays(part.tuned, part.targets) for part in parts])
    chance = share([_queries(part.targets) * _only(part.targets).T for part in parts])
    error = np.sqrt(chance * (1 - chance) / np.maximum(pairs, 1))
    certain = (pairs >= _FEWEST_QUERIES) & (tuned - chance > _CERTAIN * error)
    excess = np.triu(np.where(certain, tuned - chance, 0), 1)
    worst = np.argsort(-excess, axis=None, kind="stable")[:_MOST_PAIRS]
    return [
        Confusion(
            labels=(label_names[one], label_names[other]),
            queries=int(pairs[one, other]),
            start=float(start[one, other]),
            tuned=float(tuned[one, other]),
            chance=float(chance[one, other]),
        )
        for one, other in zip(*np.unravel_index(worst, excess.shape), strict=True)
        if excess[one, other] > 0
    ]


def _queries(targets: NDArray[np.bool_]) -> Floats:
    """[l, l]: items that carry the first label and not the second."""
    carried = targets.astype(np.float64)
    return carried.T @ (1 - carried)


def _only(targets: NDArray[np.bool_]) -> Floats:
    """[l, l]: share of items that carry the first label and not the second."""
    return _queries(targets) / len(targets)


def _strays(vectors: NDArray[np.float32], targets: NDArray[np.bool_]) -> Floats:
    """[l, l]: over queries with the first label only, the sum of shares of neighbours with the second only."""
    indices, _ = nearest(vectors, max(1, min(_NEIGHBOURS, len(vectors) // 5)))
    if not indices.size:
        return np.zeros((targets.shape[1],) * 2)
    carried = targets.astype(np.float64)
    total = np.zeros((targets.shape[1],) * 2)
    for column in indices.T:
        found = carried[column]
        # Pairs (a, b) of a query with a, not b, and a neighbour with b, not a.
        total += np.einsum("qa,qb->ab", carried * (1 - found), found * (1 - carried), optimize=True)
    mean: Floats = total / indices.shape[1]
    return mean
