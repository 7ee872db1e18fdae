"""Solids that things are put together from: triangle meshes of boxes, prisms, turned profiles and bent tubes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["Solid", "bent", "box", "joined", "prism", "rod", "turned"]

_SECTIONS = 24
_SIDES = 8


@dataclass(frozen=True)
class Solid:
    """A triangle mesh; z points upwards."""

    xyz: NDArray[np.float64]
    """Vertices [v, 3]."""
    faces: NDArray[np.int64]
    """[f, 3]."""

    def at(self, x: float = 0, y: float = 0, z: float = 0) -> "Solid":
        """The same elsewhere."""
        return Solid(self.xyz + np.array([x, y, z]), self.faces)

    def turned_by(self, matrix: NDArray[np.float64]) -> "Solid":
        """The same with every vertex mapped by a matrix [3, 3]."""
        return Solid(self.xyz @ matrix.T, self.faces)


def joined(solids: Sequence[Solid]) -> Solid:
    """All of them as one mesh."""
    first = np.cumsum([0, *(len(solid.xyz) for solid in solids)])
    faces = [solid.faces + offset for solid, offset in zip(solids, first, strict=False)]
    return Solid(np.concatenate([solid.xyz for solid in solids]), np.concatenate(faces))


def box(width: float, depth: float, height: float) -> Solid:
    """About the origin."""
    outline = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * [width / 2, depth / 2]
    return prism(outline, height)


def prism(outline: ArrayLike, height: float) -> Solid:
    """An outline [n, 2] that is seen whole from its middle, over z from -height/2 to height/2."""
    flat = np.asarray(outline, np.float64)
    hub = np.tile(flat.mean(axis=0), (len(flat), 1))
    levels = ((hub, -height / 2), (flat, -height / 2), (flat, height / 2), (hub, height / 2))
    rings = [np.column_stack([ring, np.full(len(ring), z)]) for ring, z in levels]
    return Solid(np.concatenate(rings), _quilt(len(rings), len(flat)))


def turned(profile: ArrayLike) -> Solid:
    """A profile [n, 2] of radius and z, turned about the z axis."""
    radius, z = np.asarray(profile, np.float64).T
    angle = np.arange(_SECTIONS) * 2 * np.pi / _SECTIONS
    around = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    flat = radius[:, None, None] * around
    heights = np.broadcast_to(z[:, None, None], (len(z), _SECTIONS, 1))
    return Solid(np.concatenate([flat, heights], axis=2).reshape(-1, 3), _quilt(len(z), _SECTIONS))


def rod(start: Sequence[float], end: Sequence[float], radius: float) -> Solid:
    """A round bar between two points, closed at its ends."""
    ends = np.array([start, end], np.float64)
    return bent(ends[[0, 0, 1, 1]], np.array([1e-6, radius, radius, 1e-6]))


def bent(path: NDArray[np.float64], radius: float | NDArray[np.float64]) -> Solid:
    """A tube along a path [n, 3], of one radius or of a radius [n] at each point of it."""
    along = np.gradient(path, axis=0)
    along /= np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-12)
    across = _transported(along)
    third = np.cross(along, across)
    angle = np.arange(_SIDES) * 2 * np.pi / _SIDES
    offset = across[:, None] * np.cos(angle)[:, None] + third[:, None] * np.sin(angle)[:, None]
    rings = path[:, None] + np.broadcast_to(radius, len(path))[:, None, None] * offset
    return Solid(rings.reshape(-1, 3), _quilt(len(path), _SIDES))


def _transported(along: NDArray[np.float64]) -> NDArray[np.float64]:
    """A direction [n, 3] across each tangent [n, 3], each turned as little as can be from the one before it."""
    across = np.empty_like(along)
    last = np.eye(3)[np.abs(along[0]).argmin()]
    for index, tangent in enumerate(along):
        last = last - (last @ tangent) * tangent
        last = last / max(float(np.linalg.norm(last)), 1e-12)
        across[index] = last
    return across


def _quilt(rings: int, around: int) -> NDArray[np.int64]:
    """Two triangles for each field between neighbouring points of neighbouring rings."""
    corner = np.arange(rings * around).reshape(rings, around)
    beside = np.roll(corner, -1, axis=1)
    a, b, c, d = (part.ravel() for part in (corner[:-1], beside[:-1], beside[1:], corner[1:]))
    return np.concatenate([np.stack([a, b, c], axis=1), np.stack([a, c, d], axis=1)])
