"""A point cloud as a picture: seen from above and aside without perspective, near points before far ones."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["view_cloud"]

_AZIMUTH, _ELEVATION = np.deg2rad(35), np.deg2rad(25)
_MARGIN = 0.06
_DARKEST = 0.45
"""Brightness of the farthest point, the nearest being 1."""
_UNCOLOURED = np.array([120, 150, 190])
_SAME_COLOUR = 0.02
"""Spread below which colours are a placeholder."""

Floats = NDArray[np.floating[Any]]


def view_cloud(cloud: NDArray[Any], edge: int) -> NDArray[np.uint8]:
    """RGBA [edge, edge, 4] on nothing, of points [n, 6]: x, y, z with z up, and red, green, blue from 0 to 1."""
    points = np.nan_to_num(cloud.astype(np.float32), posinf=0, neginf=0)
    right, up, near = _seen(points[:, :3]).T
    shades = _colours(points[:, 3:6]) * _light(near)[:, None]
    picture = np.zeros((edge, edge, 4), np.uint8)
    columns, rows = _pixels(right, up, edge)
    down, aside = _disc(edge / len(points) ** 0.5)
    # Painted from far to near, whole dots at a time: of assignments to one place, the last one stays.
    order = np.argsort(near, kind="stable")
    row = (rows[order, None] + down).clip(0, edge - 1)
    column = (columns[order, None] + aside).clip(0, edge - 1)
    picture[row, column, :3] = shades[order, None]
    picture[row, column, 3] = 255
    return picture


def _disc(diameter: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows and columns of a dot's pixels about its middle: as wide as the points of a sheet would lie apart."""
    radius = max(diameter, 1) / 2
    reach = np.arange(-int(radius), int(radius) + 1)
    down, aside = (grid.ravel() for grid in np.meshgrid(reach, reach))
    inside = np.hypot(down, aside) <= radius
    return down[inside], aside[inside]


def _seen(points: Floats) -> Floats:
    """[n, 3]: right, up, and towards the viewer."""
    cos_a, sin_a = np.cos(_AZIMUTH), np.sin(_AZIMUTH)
    cos_e, sin_e = np.cos(_ELEVATION), np.sin(_ELEVATION)
    right = np.array([cos_a, sin_a, 0])
    near = np.array([sin_a * cos_e, -cos_a * cos_e, sin_e])
    up = np.cross(near, right)
    seen: Floats = points @ np.stack([right, up, near], axis=1).astype(np.float32)
    return seen


def _light(near: Floats) -> Floats:
    span = float(np.ptp(near))
    depth = (near - near.min()) / span if span > 0 else np.ones_like(near)
    light: Floats = _DARKEST + (1 - _DARKEST) * depth
    return light


def _colours(colours: Floats) -> Floats:
    if float(np.ptp(colours, axis=0).max(initial=0)) < _SAME_COLOUR:
        return np.broadcast_to(_UNCOLOURED, colours.shape)
    scaled: Floats = 255 * colours.clip(0, 1)
    return scaled


def _pixels(right: Floats, up: Floats, edge: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Columns and rows; the larger of both extents fills the picture but for a margin."""
    extent = max(float(np.ptp(right)), float(np.ptp(up)), 1e-6)
    scale = edge * (1 - 2 * _MARGIN) / extent
    columns = edge / 2 + scale * (right - (right.max() + right.min()) / 2)
    rows = edge / 2 - scale * (up - (up.max() + up.min()) / 2)
    return columns.astype(np.int64), rows.astype(np.int64)
