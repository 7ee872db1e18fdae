"""Which points lie next to one another, in time that grows with their number."""

import numpy as np
from numpy.typing import NDArray

from vectorizer_trainer.fingerprints.contract import Pairs

__all__ = ["nearest_pairs", "sorted_pairs"]

_NEIGHBOURS = 8
"""Each point is paired with so many: where more are as near, they are linked by way of one another."""
_DIRECTIONS = 10
"""A tree of more dimensions looks at nearly all points for each."""
_BLOCK = 8192
_STRETCH = 2
"""Times the mean that a distance in so few random directions can be: once in 60,000 (chi-squared, 10 degrees)."""


def nearest_pairs(points: NDArray[np.float32], radius: float) -> Pairs:
    """Each of the points [n, d] with its nearest ones, at most `radius` away.

    They are compared in a few random directions (Johnson and Lindenstrauss, 1984). What all have in common, such as
    the view of a fixed camera, falls out of every difference; and whatever differs shows in each direction, where the
    principal ones would show the most frequent differences alone.
    """
    from scipy.spatial import cKDTree

    directions = _random_directions(points.shape[1])
    flat = points @ directions
    shrunk = min(1.0, _STRETCH * (directions.shape[1] / points.shape[1]) ** 0.5)
    _, near = cKDTree(flat, balanced_tree=False).query(flat, 1 + _NEIGHBOURS, distance_upper_bound=radius * shrunk)
    found = near < len(points)
    pairs = sorted_pairs(np.nonzero(found)[0], near[found].astype(np.int64))
    blocks = [pairs[start : start + _BLOCK] for start in range(0, len(pairs), _BLOCK)]
    return np.concatenate([pairs[:0], *(block[_distances(points, block) <= radius] for block in blocks)])


def sorted_pairs(left: NDArray[np.int64], right: NDArray[np.int64]) -> Pairs:
    """Pairs of [m] and [m], each once; a point makes no pair with itself."""
    ordered = np.sort(np.column_stack([left, right]), axis=1)
    pairs: Pairs = np.unique(ordered[ordered[:, 0] < ordered[:, 1]], axis=0)
    return pairs


def _distances(points: NDArray[np.float32], pairs: Pairs) -> NDArray[np.float32]:
    difference = points[pairs[:, 0]] - points[pairs[:, 1]]
    distances: NDArray[np.float32] = np.linalg.norm(difference, axis=1)
    return distances


def _random_directions(dimension: int) -> NDArray[np.float32]:
    """[d, at most 10] orthonormal columns."""
    random = np.random.default_rng(0).standard_normal((dimension, min(dimension, _DIRECTIONS)))
    return np.linalg.qr(random)[0].astype(np.float32)
