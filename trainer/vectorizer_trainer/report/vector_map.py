"""Held-out vectors on a plane, before and after, so that the two maps can be compared by eye."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vectorizer_trainer.report.document import MapPoint, VectorMap
from vectorizer_trainer.report.held_out import NamedFold

__all__ = ["COLOURS", "vector_map"]

COLOURS = 8
"""Labels that are told apart by colour; more would not be."""

_DECIMALS = 4

Floats = NDArray[np.float64]


def vector_map(fold: NamedFold, label_names: Sequence[str]) -> VectorMap:
    """Both sets of vectors on their own two principal components; the second map is turned to fit the first best."""
    start, start_share = _principal_plane(fold.vectors.start)
    tuned, tuned_share = _principal_plane(fold.vectors.tuned)
    frequency = fold.vectors.targets.sum(0)
    coloured = [int(label) for label in np.argsort(-frequency, kind="stable")[:COLOURS] if frequency[label]]
    found = zip(fold.names, fold.vectors.targets, start, _turned(tuned, start), strict=True)
    points = [
        MapPoint(name=name, label=_colour(carried, coloured, label_names), start=_pair(one), tuned=_pair(other))
        for name, carried, one, other in found
    ]
    used = {point.label for point in points}
    return VectorMap(
        labels=[label_names[label] for label in coloured if label_names[label] in used],
        points=points,
        start_share=start_share,
        tuned_share=tuned_share,
    )


def _principal_plane(vectors: NDArray[np.float32]) -> tuple[Floats, float]:
    """Coordinates [n, 2] on the plane of greatest variance, and its share of the variance."""
    centred = (vectors - vectors.mean(0)).astype(np.float64)
    left, values, _ = np.linalg.svd(centred, full_matrices=False)
    plane = np.zeros((len(vectors), 2))
    components = min(2, len(values))
    plane[:, :components] = left[:, :components] * values[:components]
    total = float((values**2).sum())
    return plane, float((values[:2] ** 2).sum()) / total if total else 0.0


def _turned(plane: Floats, like: Floats) -> Floats:
    """Rotated or mirrored to lie nearest to another one (orthogonal Procrustes, Schönemann 1966)."""
    left, _, right = np.linalg.svd(plane.T @ like)
    turned: Floats = plane @ (left @ right)
    return turned


def _colour(carried: NDArray[np.bool_], coloured: Sequence[int], label_names: Sequence[str]) -> str | None:
    own = [label_names[label] for label in coloured if carried[label]]
    return own[-1] if own else None


def _pair(point: Floats) -> tuple[float, float]:
    x, y = (round(float(value), _DECIMALS) for value in point)
    return x, y
