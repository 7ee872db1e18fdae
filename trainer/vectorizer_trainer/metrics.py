"""How well vectors bring items of like labels together; every function holds O(n) numbers at a time.

Query and gallery are the same items: an item is no neighbour of its own. Likeness of two items is the Jaccard index of
their label sets. All values are fractions.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "RELEVANT",
    "Scores",
    "effective_rank",
    "jaccard",
    "label_precisions",
    "nearest",
    "neighbour_overlaps",
    "query_ndcg_at_10",
    "scores",
]

Floats = NDArray[np.floating[Any]]
Booleans = NDArray[np.bool_]

RELEVANT = 0.5
"""Jaccard index from which an item counts as relevant to a query."""
FEWEST_POSITIVES = 3
"""Positive queries below which a label's average precision says nothing."""

_FEWEST_ITEMS = 2
"""Items below which no item has a neighbour: a random half of a small fold may be one."""
_VOTE_DECIMALS = 5
_BLOCK = 256
_DEPTH = 100


@dataclass(frozen=True)
class Scores:
    """The metrics of one set of vectors; nan where no query has anything to find."""

    ndcg_at_10: float
    """Normalised discounted cumulative gain with gain 2^Jaccard - 1 (Järvelin and Kekäläinen 2002)."""
    map_at_100: float
    """Mean over queries of the average precision among the first 100, out of min(relevant, 100)."""
    recall_at_1: float
    """Share of queries whose nearest item is relevant."""
    recall_at_10: float
    """Share of queries with a relevant item among the nearest 10."""
    knn_label_map: float
    """Mean over labels of the average precision of label_precisions."""


def scores(vectors: Floats, targets: Booleans) -> Scores:
    """The metrics of unit vectors [n, d] with labels [n, l]."""
    if len(vectors) < _FEWEST_ITEMS:
        return Scores(*[float("nan")] * 5)
    blocks = [_query_scores(sims, likeness) for sims, likeness in _blocks(vectors, targets)]
    ndcg, precision, first, tenth = (np.concatenate(column) for column in zip(*blocks, strict=True))
    label_precision = label_precisions(vectors, targets)
    return Scores(_mean(ndcg), _mean(precision), _mean(first), _mean(tenth), _mean(label_precision))


def query_ndcg_at_10(vectors: Floats, targets: Booleans) -> NDArray[np.float64]:
    """NDCG@10 [n] of each of the unit vectors [n, d] as a query, nan where it has nothing to find."""
    if len(vectors) < _FEWEST_ITEMS:
        return np.full(len(vectors), np.nan)
    return np.concatenate([_query_scores(sims, likeness)[0] for sims, likeness in _blocks(vectors, targets)])


def nearest(vectors: Floats, count: int) -> tuple[NDArray[np.intp], Floats]:
    """Indices and cosines [n, count] of the nearest of unit vectors [n, d], best first; fewer where n is small."""
    indices, cosines = [], []
    for start in range(0, len(vectors), _BLOCK):
        similarities = _similarities(vectors, np.arange(start, min(start + _BLOCK, len(vectors))))
        found = _nearest(similarities, count)
        indices.append(found)
        cosines.append(np.take_along_axis(similarities, found, axis=1))
    return np.concatenate(indices), np.concatenate(cosines)


def label_precisions(vectors: Floats, targets: Booleans) -> NDArray[np.float64]:
    """Average precision [l] of each label over the queries, nan for a label with fewer than 3 positives.

    A query's score for a label is the sum of the cosines of those of its k nearest items that carry the label,
    k = min(20, n / 5). Queries of equal score count as one step.
    """
    if len(vectors) < _FEWEST_ITEMS:
        return np.full(targets.shape[1], np.nan)
    nearest_count = max(1, min(20, len(vectors) // 5))
    rows = []
    for sims, _ in _blocks(vectors, targets):
        nearest = _nearest(sims, nearest_count)
        cosines = np.take_along_axis(sims, nearest, axis=1)
        rows.append(np.einsum("qk,qkl->ql", cosines, targets[nearest]))
    # Two items that vote for each other by the same cosine are equal, whatever the order of its sum was.
    votes = np.round(np.concatenate(rows), _VOTE_DECIMALS)
    return _average_precisions(votes, targets)


def neighbour_overlaps(before: Floats, after: Floats, count: int = 10) -> NDArray[np.float64]:
    """Shares [n] of each item's nearest neighbours that are the same under both sets of unit vectors [n, d]."""
    shares = []
    for start in range(0, len(before), _BLOCK):
        rows = np.arange(start, min(start + _BLOCK, len(before)))
        old, new = (_nearest(_similarities(vectors, rows), count) for vectors in (before, after))
        shares.append((old[:, :, None] == new[:, None, :]).any(2).mean(1))
    return np.concatenate(shares)


def effective_rank(vectors: Floats) -> float:
    """The exponential of the entropy of the normalised singular values of vectors [n, d] (Roy and Vetterli 2007)."""
    values = np.linalg.svd(vectors - vectors.mean(0), compute_uv=False).astype(np.float64)
    shares = values[values > 0] / values.sum()
    return float(np.exp(-(shares * np.log(shares)).sum()))


def jaccard(left: Booleans, right: Booleans) -> Floats:
    """The Jaccard index [n, m] of label sets [n, l] and [m, l]; 0 of two empty sets."""
    a, b = left.astype(np.float32), right.astype(np.float32)
    common = a @ b.T
    either = a.sum(1)[:, None] + b.sum(1)[None, :] - common
    index: Floats = np.divide(common, either, out=np.zeros_like(common), where=either > 0)
    return index


def _blocks(vectors: Floats, targets: Booleans) -> Iterator[tuple[Floats, Floats]]:
    """Blocks of queries: cosine and Jaccard index [b, n] with every item, -inf and -1 with itself."""
    for start in range(0, len(vectors), _BLOCK):
        rows = np.arange(start, min(start + _BLOCK, len(vectors)))
        likeness = jaccard(targets[rows], targets)
        likeness[np.arange(len(rows)), rows] = -1
        yield _similarities(vectors, rows), likeness


def _similarities(vectors: Floats, rows: NDArray[np.intp]) -> Floats:
    similarities = vectors[rows] @ vectors.T
    similarities[np.arange(len(rows)), rows] = -np.inf
    return similarities


def _nearest(similarities: Floats, count: int) -> NDArray[np.intp]:
    """Columns [q, count] of the largest values, best first, never the item itself."""
    count = min(count, similarities.shape[1] - 1)
    found = np.argpartition(-similarities, count, axis=1)[:, :count]
    order = np.argsort(-np.take_along_axis(similarities, found, axis=1), axis=1, kind="stable")
    return np.take_along_axis(found, order, axis=1)


def _query_scores(similarities: Floats, likeness: Floats) -> list[NDArray[np.float64]]:
    """NDCG@10, average precision@100, hit@1 and hit@10 [q] of each query, nan where nothing can be found."""
    ranked = np.take_along_axis(likeness, _nearest(similarities, _DEPTH), axis=1)
    best = np.take_along_axis(likeness, _nearest(likeness, 10), axis=1)
    ideal = _discounted_gain(best)
    ndcg = np.divide(_discounted_gain(ranked[:, :10]), ideal, out=np.full_like(ideal, np.nan), where=ideal > 0)
    relevant = ranked >= RELEVANT
    total = np.minimum((likeness >= RELEVANT).sum(1), _DEPTH)
    precision = np.cumsum(relevant, axis=1) / np.arange(1, relevant.shape[1] + 1)
    findable = np.where(total > 0, 1.0, np.nan)
    average = (precision * relevant).sum(1) / np.maximum(total, 1) * findable
    return [ndcg, average, relevant[:, 0] * findable, relevant[:, :10].any(1) * findable]


def _discounted_gain(likeness: Floats) -> NDArray[np.float64]:
    discounts = 1 / np.log2(np.arange(2, likeness.shape[1] + 2))
    return (np.exp2(likeness.astype(np.float64)) - 1) @ discounts


def _average_precisions(votes: Floats, positive: Booleans) -> NDArray[np.float64]:
    """Of each label [l] over queries with votes [n, l]; nan for a label with too few positive queries."""
    order = np.argsort(-votes, axis=0, kind="stable")
    ranked, hit = np.take_along_axis(votes, order, axis=0), np.take_along_axis(positive, order, axis=0)
    rank = np.arange(len(votes))[:, None]
    ends_step = np.diff(ranked, axis=0, append=-np.inf) != 0
    end = np.minimum.accumulate(np.where(ends_step, rank, len(votes))[::-1], axis=0)[::-1]
    precision = np.take_along_axis(np.cumsum(hit, axis=0) / (rank + 1), end, axis=0)
    total = positive.sum(0)
    unknown = np.full(votes.shape[1], np.nan)
    found: NDArray[np.float64] = np.divide(
        (precision * hit).sum(0), total, out=unknown, where=total >= FEWEST_POSITIVES
    )
    return found


def _mean(values: NDArray[np.floating]) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")
