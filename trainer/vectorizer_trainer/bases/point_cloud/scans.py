"""Shapes as a scanner sees them: points of the surface with noise, some without the side that was turned away."""

from collections.abc import Sequence
from typing import cast

import numpy as np
from numpy.typing import NDArray

from vectorizer_trainer.bases.point_cloud.shapes import Kind, Shape, shape
from vectorizer_trainer.bases.point_cloud.solids import Solid
from vectorizer_trainer.bases.pool import Pool
from vectorizer_trainer.content.encoder import Item
from vectorizer_trainer.content.point_cloud.item import Cloud, to_item
from vectorizer_trainer.content.point_cloud.meshes import surface_points

__all__ = ["scan", "scanned_items"]

_NOISE = 0.01
_PARTIAL = 0.5
"""Share of the scans that miss a part."""
_MISSED = 0.3
"""The largest share of the points that is missed."""
_UNPAINTED = 0.3
"""Share of the items without colour, as many files have none."""


def scan(made: Shape, count: int, rng: np.random.Generator) -> Cloud:
    """`count` points of a shape's surface in its colour, with noise of 1 % of a metre."""
    more = int(count / (1 - _MISSED)) + 1
    xyz = _on_surface(made.solid, more, rng) + rng.normal(0, _NOISE, (more, 3))
    if rng.random() < _PARTIAL:
        direction = rng.normal(size=3)
        # The points farthest along a direction were not seen.
        xyz = rng.permutation(xyz[(xyz @ direction).argsort()[: int(more * (1 - rng.uniform(0, _MISSED)))]])
    xyz = xyz[:count]
    colours = (made.colour + rng.normal(0, 0.02, xyz.shape)).clip(0, 1)
    return Cloud(xyz, colours.astype(np.float32))


def scanned_items(
    pool: Pool, count: int, seed: int, kinds: Sequence[Kind], points: int, centres: int
) -> tuple[list[Shape], list[Item]]:
    """Shapes of a pool, and the items of a scan of each."""
    shapes = [shape(pool, index, seed, kinds) for index in range(count)]
    items = []
    for index, made in enumerate(shapes):
        rng = np.random.default_rng([seed, pool, index, 1])
        cloud = scan(made, points, rng)
        seen = Cloud(cloud.xyz) if rng.random() < _UNPAINTED else cloud
        items.append(to_item(seen, points, centres, rng))
    return shapes, items


def _on_surface(solid: Solid, count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    a, b, c = (solid.xyz[solid.faces[:, corner]] for corner in range(3))
    areas = np.linalg.norm(np.cross(b - a, c - a), axis=1)
    faces, weights = surface_points(areas, count, rng)
    return cast("NDArray[np.float64]", np.einsum("nck,nc->nk", solid.xyz[solid.faces[faces]], weights))
