"""Queries to look at: some drawn by the seed, and those of all that changed most for better and for worse."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vectorizer_trainer.metrics import jaccard, nearest, query_ndcg_at_10
from vectorizer_trainer.report.document import Neighbour, Neighbourhoods, Query, Why
from vectorizer_trainer.report.held_out import NamedFold

__all__ = ["neighbourhoods"]

_RANDOM = 6
_EXTREME = 3
_NEIGHBOURS = 5
_NOTICEABLE = 0.005
"""NDCG@10 by which a query must change to count as changed."""


def neighbourhoods(folds: Sequence[NamedFold], label_names: Sequence[str], seed: int) -> Neighbourhoods:
    """How many queries changed, and twelve of them with their nearest examples before and after."""
    start = np.concatenate([query_ndcg_at_10(fold.vectors.start, fold.vectors.targets) for fold in folds])
    tuned = np.concatenate([query_ndcg_at_10(fold.vectors.tuned, fold.vectors.targets) for fold in folds])
    change = tuned - start
    looked_up = [_Lookup(fold, label_names) for fold in folds]
    places = [(lookup, row) for lookup in looked_up for row in range(len(lookup.fold.names))]
    queries = []
    for index, why in _chosen(change, seed).items():
        lookup, row = places[index]
        queries.append(lookup.query(row, why, float(start[index]), float(tuned[index])))
    return Neighbourhoods(
        improved=int((change >= _NOTICEABLE).sum()),
        unchanged=int((np.abs(change) < _NOTICEABLE).sum()),
        worsened=int((change <= -_NOTICEABLE).sum()),
        queries=queries,
    )


def _chosen(change: NDArray[np.float64], seed: int) -> dict[int, list[Why]]:
    """Indices with the reasons to show them; the random ones are drawn from all, extreme ones among them."""
    known = np.flatnonzero(~np.isnan(change))
    order = known[np.argsort(change[known], kind="stable")]
    drawn = np.random.default_rng(seed).permutation(known)[:_RANDOM]
    best = [index for index in order[::-1][:_EXTREME] if change[index] >= _NOTICEABLE]
    worst = [index for index in order[:_EXTREME] if change[index] <= -_NOTICEABLE]
    reasons: dict[int, list[Why]] = defaultdict(list)
    groups: list[tuple[Why, Sequence[np.intp]]] = [
        ("random", list(drawn)),
        ("mostImproved", best),
        ("mostWorsened", worst),
    ]
    for why, indices in groups:
        for index in indices:
            reasons[int(index)].append(why)
    return reasons


class _Lookup:
    """The neighbours of a fold's examples under both vectorizers."""

    def __init__(self, fold: NamedFold, label_names: Sequence[str]) -> None:
        self.fold = fold
        self._label_names = label_names
        self._before = nearest(fold.vectors.start, _NEIGHBOURS)
        self._after = nearest(fold.vectors.tuned, _NEIGHBOURS)

    def query(self, row: int, why: list[Why], start_ndcg: float, tuned_ndcg: float) -> Query:
        targets = self.fold.vectors.targets
        likeness = jaccard(targets[row : row + 1], targets)[0]
        before, after = (
            [
                self._neighbour(int(index), float(cosine), float(likeness[index]))
                for index, cosine in zip(indices[row], cosines[row], strict=True)
            ]
            for indices, cosines in (self._before, self._after)
        )
        return Query(
            name=self.fold.names[row],
            labels=self._labels(row),
            why=why,
            start_ndcg=start_ndcg,
            tuned_ndcg=tuned_ndcg,
            before=before,
            after=after,
        )

    def _neighbour(self, row: int, cosine: float, likeness: float) -> Neighbour:
        return Neighbour(name=self.fold.names[row], labels=self._labels(row), cosine=cosine, likeness=likeness)

    def _labels(self, row: int) -> list[str]:
        return [self._label_names[label] for label in np.flatnonzero(self.fold.vectors.targets[row]).tolist()]
