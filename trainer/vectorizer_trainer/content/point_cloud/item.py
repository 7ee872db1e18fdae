"""What a point cloud is cached as.

An item is float16 [points, 6]: x, y, z, red, green, blue. Coordinates are about the centre of mass, the farthest point
at distance 1, z upwards; colours are within 0..1, and .4 where the file has none. The first rows are centres of
patches, in the order of farthest point sampling: of any length, the head of the list covers the whole cloud.
"""

from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from vectorizer_trainer.content.encoder import Item
from vectorizer_trainer.errors import UnreadableFile

__all__ = ["NO_COLOUR", "Cloud", "farthest_points", "to_item"]

NO_COLOUR = 0.4
"""What Uni3D was trained to take for an unknown colour."""


@dataclass(frozen=True)
class Cloud:
    """Points as a file has them."""

    xyz: NDArray[np.float64]
    """[n, 3], in any unit about any origin; may hold points that are not finite."""
    rgb: NDArray[np.float32] | None = None
    """[n, 3] within 0..1."""


def to_item(cloud: Cloud, points: int, centres: int, rng: np.random.Generator) -> Item:
    """Float16 [points, 6], the first `centres` rows by farthest point sampling; raises UnreadableFile.

    Points are drawn without replacement while there are enough, and all are repeated where there are not.
    """
    rows = _drawn(np.flatnonzero(np.isfinite(cloud.xyz).all(axis=1)), points, rng)
    xyz = _within_unit_sphere(cloud.xyz[rows])
    rgb = np.full((points, 3), NO_COLOUR) if cloud.rgb is None else np.nan_to_num(cloud.rgb[rows]).clip(0, 1)
    first = farthest_points(xyz, centres)
    order = np.concatenate([first, np.setdiff1d(np.arange(points), first)])
    item: Item = np.concatenate([xyz, rgb], axis=1)[order].astype(np.float16)
    return item


def farthest_points(xyz: NDArray[np.float64], count: int) -> NDArray[np.int64]:
    """Indices [count] of points [n, 3], each the farthest from all before it; the first is the farthest from 0.

    Where points coincide, those that were not taken yet are: no index comes twice.
    """
    points = xyz.astype(np.float32)
    chosen = np.empty(count, np.int64)
    distance = np.full(len(points), np.inf, np.float32)
    farthest = int(np.einsum("ij,ij->i", points, points).argmax())
    for position in range(count):
        chosen[position] = farthest
        difference = points - points[farthest]
        np.minimum(distance, np.einsum("ij,ij->i", difference, difference), out=distance)
        distance[farthest] = -1
        farthest = int(distance.argmax())
    return chosen


def _drawn(usable: NDArray[np.int64], points: int, rng: np.random.Generator) -> NDArray[np.int64]:
    if len(usable) == 0:
        raise UnreadableFile("no point has finite coordinates")
    rounds = -(-points // len(usable))
    # The last round is the one that may be cut, so that every point is there as often as any other, or once less.
    return np.concatenate([rng.permutation(usable) for _ in range(rounds)])[:points]


def _within_unit_sphere(xyz: NDArray[np.float64]) -> NDArray[np.float64]:
    with np.errstate(all="ignore"):
        centred = xyz - xyz.mean(axis=0)
        radius = float(np.sqrt(np.square(centred).sum(axis=1).max()))
    if not np.isfinite(radius):
        raise UnreadableFile("the coordinates are too large to compute with")
    if radius <= 1e-12 * float(np.abs(xyz).max()):
        raise UnreadableFile("all points are in one place")
    return cast("NDArray[np.float64]", centred / radius)
