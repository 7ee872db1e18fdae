"""Start and tuned vectorizer side by side on held-out items, with the error of their difference."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit
from vectorizer_api.run import Metric

from vectorizer_trainer.metrics import Scores, scores

__all__ = ["NAMES", "Comparison", "Difference", "HeldOut", "Retention", "compare", "values_of"]

NAMES = {
    "ndcg_at_10": "NDCG@10",
    "map_at_100": "mAP@100",
    "knn_label_map": "kNN label-mAP",
    "recall_at_1": "recall@1",
    "recall_at_10": "recall@10",
}
"""What people call the fields of Scores."""

_FIELDS = [field.name for field in fields(Scores)]
_HALVES = 200
_MOST_RESAMPLED = 500
"""Items of the part that stands for a half where half of them were more: the work would grow with their square."""
_FEWEST_KNOWN = 0.9
"""Share of the halves that a metric must be known on: the error of a rarer one would be that of the lucky halves."""
_BOUND = 1.96
"""Standard errors of a two-sided 95 % interval of many items."""


@dataclass(frozen=True)
class HeldOut:
    """Held-out items under two vectorizers."""

    start: NDArray[np.float32]
    """Unit vectors [n, d]."""
    tuned: NDArray[np.float32]
    """Unit vectors [n, d]."""
    targets: NDArray[np.bool_]
    """[n, labels]."""
    groups: NDArray[np.int64]
    """[n]: items of a group fall into the same half."""


@dataclass(frozen=True)
class Difference:
    """Tuned minus start, with its standard error."""

    value: float
    error: float
    groups: int
    """Independent groups of items that it was measured on."""

    @property
    def low(self) -> float:
        """Lower bound of the 95 % interval."""
        return self.bounds(0.95)[0]

    @property
    def high(self) -> float:
        """Upper bound of the 95 % interval."""
        return self.bounds(0.95)[1]

    def bounds(self, confidence: float) -> tuple[float, float]:
        """Both bounds by Student's t (1908): an error that few groups tell is itself in doubt."""
        margin = float(stdtrit(max(self.groups - 1, 1), (1 + confidence) / 2)) * self.error
        return self.value - margin, self.value + margin


@dataclass(frozen=True)
class Comparison:
    """The metrics of both, averaged over folds, and how far random halves of the items differ."""

    start: Scores
    tuned: Scores
    halves: NDArray[np.float64]
    """[halves, metrics]: tuned minus start on each random half, averaged over folds."""
    groups: int
    """Independent groups of held-out items."""

    def known(self, *names: str) -> list[str]:
        """Those of these fields of Scores that the items suffice for."""
        return [name for name in names if self._is_known(name)]

    def difference(self, *names: str) -> Difference:
        """The difference of the sum of the metrics that these fields of Scores hold.

        The standard error is the deviation over random halves (the delete-d jackknife, Shao and Wu 1989): each half
        holds its items as queries and gallery alike, so what they share as neighbours is in the error too.
        """
        if self.known(*names) != list(names):
            return Difference(float("nan"), float("nan"), self.groups)
        value = sum(getattr(self.tuned, name) - getattr(self.start, name) for name in names)
        columns = self.halves[:, [_FIELDS.index(name) for name in names]].sum(1)
        return Difference(float(value), float(np.nanstd(columns)), self.groups)

    def metrics(self) -> list[Metric]:
        """Those metrics that the held-out items suffice for, with bounds."""
        return [found for name in NAMES if (found := self._metric(name)) is not None]

    def _is_known(self, name: str) -> bool:
        column = self.halves[:, _FIELDS.index(name)]
        told = not np.isnan([getattr(self.start, name), getattr(self.tuned, name)]).any()
        return told and bool((~np.isnan(column)).mean() >= _FEWEST_KNOWN)

    def _metric(self, name: str) -> Metric | None:
        if not self._is_known(name):
            return None
        difference = self.difference(name)
        start, tuned = getattr(self.start, name), getattr(self.tuned, name)
        return Metric(name=NAMES[name], start=start, tuned=tuned, low=difference.low, high=difference.high)


@dataclass(frozen=True)
class Retention:
    """How much of the start's neighbourhoods among the reference items is left."""

    overlaps: NDArray[np.float64]
    """[reference items]: shares of common neighbours."""

    @property
    def value(self) -> float:
        """The mean share."""
        return float(self.overlaps.mean())

    def metric(self) -> Metric:
        """The mean share, with bounds from its standard error over the reference items."""
        margin = _BOUND * float(self.overlaps.std()) / len(self.overlaps) ** 0.5
        lost = self.value - 1
        return Metric(name="retention", start=1, tuned=self.value, low=lost - margin, high=min(0.0, lost + margin))


def compare(folds: Sequence[HeldOut], seed: int) -> Comparison:
    """Compares within each fold, since vectors of two models do not compare, and averages over folds."""
    rng = np.random.default_rng(seed)
    start = _average([_row(scores(fold.start, fold.targets)) for fold in folds])
    tuned = _average([_row(scores(fold.tuned, fold.targets)) for fold in folds])
    halves = [_average([_half_difference(fold, rng) for fold in folds]) for _ in range(_HALVES)]
    groups = sum(len(np.unique(fold.groups)) for fold in folds)
    return Comparison(Scores(*start.tolist()), Scores(*tuned.tolist()), np.array(halves), groups)


def values_of(vectors: NDArray[np.float32], targets: NDArray[np.bool_]) -> dict[str, float]:
    """Those metrics, by the names that people call them, of unit vectors [n, d] that the items suffice for."""
    found = scores(vectors, targets)
    return {told: getattr(found, name) for name, told in NAMES.items() if not np.isnan(getattr(found, name))}


def _half_difference(fold: HeldOut, rng: np.random.Generator) -> NDArray[np.float64]:
    """The differences on a random half, or on a smaller part, scaled to deviate as those on all items do."""
    present = rng.permutation(np.unique(fold.groups))
    half = len(present) // 2
    kept = min(half, max(1, len(present) * _MOST_RESAMPLED // len(fold.groups)))
    part = np.flatnonzero(np.isin(fold.groups, present[:kept]))
    targets = fold.targets[part]
    difference = _row(scores(fold.tuned[part], targets)) - _row(scores(fold.start[part], targets))
    # What keeps r groups and deletes d deviates by d / r times the variance of all of them (Shao and Wu 1989).
    return difference if kept == half else difference * (kept / (len(present) - kept)) ** 0.5


def _row(found: Scores) -> NDArray[np.float64]:
    return np.array(astuple(found))


def _average(rows: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """The mean of each column over the folds in which it is known."""
    stacked = np.array(rows)
    known = ~np.isnan(stacked)
    totals = np.where(known, stacked, 0).sum(0)
    unknown = np.full(stacked.shape[1], np.nan)
    mean: NDArray[np.float64] = np.divide(totals, known.sum(0), out=unknown, where=known.any(0))
    return mean
