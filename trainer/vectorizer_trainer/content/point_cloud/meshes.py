"""Meshes: points drawn uniformly from their surface, with the colour that the surface has there."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import trimesh
from numpy.typing import NDArray
from PIL import Image, ImageFile
from trimesh.resolvers import Resolver
from vectorizer_api.run import Limits

from vectorizer_trainer.content.deadline import PICTURE_BYTES_AT_ONCE, Deadline
from vectorizer_trainer.content.point_cloud.item import NO_COLOUR, Cloud
from vectorizer_trainer.content.point_cloud.tables import refuse_many
from vectorizer_trainer.errors import UnreadableFile

__all__ = ["read_mesh", "surface_points"]

_TEXTURES = ("PNG", "JPEG", "WEBP")
"""Kinds of pictures that are read as textures: Pillow knows some whose reading starts other programs."""
_FACES_AT_ONCE = 2**18


class _Nothing(Resolver):
    """Finds no file that a mesh refers to."""

    def __init__(self) -> None:
        """Knows no place to look at."""

    def get(self, name: str) -> bytes:
        raise FileNotFoundError(name)

    def write(self, name: str, data: object) -> None:
        raise PermissionError(name)

    def keys(self) -> list[str]:
        return []

    def namespaced(self, namespace: str) -> "_Nothing":
        return self


@dataclass(frozen=True)
class _Surface:
    """A mesh at its place in the scene."""

    xyz: NDArray[np.float64]
    """Vertices [v, 3]."""
    faces: NDArray[np.int64]
    """[f, 3]."""
    visual: Any
    """trimesh's colours or texture."""


def read_mesh(path: Path, kind: str, count: int, limits: Limits, rng: np.random.Generator) -> Cloud:
    """`count` points of the surface; where there are no faces, at most `count` of the vertices.

    Nothing but the file itself is read: neither materials nor textures that it refers to. Raises UnreadableFile.
    """
    # A few bytes can ask a mesh reader for a new object, and 64 MiB of them would keep it busy for hours.
    with Deadline(limits.max_decode_seconds).interrupting():
        return _read(path, kind, count, limits, rng)


def surface_points(
    areas: NDArray[np.float64], count: int, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Triangles [count] drawn by their areas [f], and barycentric weights [count, 3] uniform in each.

    Osada et al., Shape distributions, ACM TOG 21(4), 2002: P = (1 − √r1) A + √r1 (1 − r2) B + √r1 r2 C.
    """
    total = np.cumsum(areas)
    faces = np.searchsorted(total, rng.random(count) * total[-1], side="right").clip(0, len(areas) - 1)
    root, second = np.sqrt(rng.random(count)), rng.random(count)
    return faces, np.stack([1 - root, root * (1 - second), root * second], axis=1)


def _read(path: Path, kind: str, count: int, limits: Limits, rng: np.random.Generator) -> Cloud:
    size = path.stat().st_size
    if size > limits.max_mesh_bytes:
        raise UnreadableFile(f"a mesh of {size:,} bytes; at most {limits.max_mesh_bytes:,} are allowed")
    with path.open("rb") as stream:
        scene = trimesh.load_scene(stream, file_type=kind, resolver=_Nothing(), process=False)
    placed = list(_placed(scene))
    refuse_many(sum(len(geometry.vertices) for geometry, _ in placed), limits)
    surfaces = [_surface(*one) for one in placed if isinstance(one[0], trimesh.Trimesh) and len(one[0].faces)]
    areas = [_areas(surface) for surface in surfaces]
    if sum(float(area.sum()) for area in areas) > 0:
        return _drawn_from(surfaces, areas, count, limits, rng)
    return _vertices(placed, count, rng)


def _placed(scene: trimesh.Scene) -> Iterator[tuple[Any, NDArray[np.float64]]]:
    """Each geometry of the scene with the matrix [4, 4] that places it."""
    for node in scene.graph.nodes_geometry:
        matrix, name = scene.graph[node]
        yield scene.geometry[name], matrix


def _surface(mesh: trimesh.Trimesh, matrix: NDArray[np.float64]) -> _Surface:
    xyz = np.asarray(mesh.vertices, np.float64) @ matrix[:3, :3].T + matrix[:3, 3]
    faces = np.asarray(mesh.faces)
    if faces.min() < 0 or faces.max() >= len(xyz):
        raise UnreadableFile("a face of the mesh has a corner that is not there")
    return _Surface(xyz, faces, mesh.visual)


def _areas(surface: _Surface) -> NDArray[np.float64]:
    """Of each face [f]; 0 where it has none, or none that can be computed."""
    areas = np.empty(len(surface.faces))
    for start in range(0, len(areas), _FACES_AT_ONCE):
        part = slice(start, start + _FACES_AT_ONCE)
        a, b, c = (surface.xyz[surface.faces[part, corner]] for corner in range(3))
        areas[part] = np.linalg.norm(np.cross(b - a, c - a), axis=1) / 2
    return np.nan_to_num(areas, nan=0, posinf=0)


def _drawn_from(
    surfaces: list[_Surface], areas: list[NDArray[np.float64]], count: int, limits: Limits, rng: np.random.Generator
) -> Cloud:
    drawn, weights = surface_points(np.concatenate(areas), count, rng)
    first = np.cumsum([0, *(len(area) for area in areas)])
    owner = np.searchsorted(first, drawn, side="right") - 1
    xyz, rgb = np.empty((count, 3)), np.full((count, 3), NO_COLOUR, np.float32)
    for index, surface in enumerate(surfaces):
        own = np.flatnonzero(owner == index)
        faces = drawn[own] - first[index]
        xyz[own] = _interpolated(surface.xyz, surface.faces[faces], weights[own])
        colours = _colours(surface, faces, weights[own], limits)
        if colours is not None:
            rgb[own] = colours
    return Cloud(xyz, rgb)


def _interpolated(
    values: NDArray[Any], corners: NDArray[np.int64], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """[n, k]: the values [v, k] of the three corners [n, 3] of each point, weighted [n, 3]."""
    return cast("NDArray[np.float64]", np.einsum("nck,nc->nk", values[corners].astype(np.float64), weights))


def _colours(
    surface: _Surface, faces: NDArray[np.int64], weights: NDArray[np.float64], limits: Limits
) -> NDArray[np.float64] | None:
    """Colours [n, 3] within 0..1 of points in faces [n]; None where the surface has none."""
    corners, visual = surface.faces[faces], surface.visual
    match visual.kind:
        case "vertex":
            return _interpolated(visual.vertex_colors[:, :3], corners, weights) / 255
        case "face":
            return np.asarray(visual.face_colors[faces, :3], np.float64) / 255
        case "texture":
            painted = visual.vertex_attributes.get("color")
            if painted is not None:
                return _interpolated(trimesh.visual.color.to_rgba(painted)[:, :3], corners, weights) / 255
            return _material_colours(visual, corners, weights, limits)
        case _:
            return None


def _material_colours(
    visual: trimesh.visual.TextureVisuals, corners: NDArray[np.int64], weights: NDArray[np.float64], limits: Limits
) -> NDArray[np.float64] | None:
    factor = getattr(visual.material, "baseColorFactor", None)
    texture = getattr(visual.material, "baseColorTexture", None)
    if texture is None or visual.uv is None:
        return None if factor is None else np.tile(np.asarray(factor[:3], np.float64) / 255, (len(corners), 1))
    pixels = _pixels(texture, limits)
    height, width = pixels.shape[:2]
    across, up = _interpolated(visual.uv, corners, weights).T
    columns = (np.nan_to_num(across) % 1 * width).astype(np.int64).clip(0, width - 1)
    rows = ((1 - np.nan_to_num(up)) % 1 * height).astype(np.int64).clip(0, height - 1)
    tint = np.ones(3) if factor is None else np.asarray(factor[:3], np.float64) / 255
    return cast("NDArray[np.float64]", pixels[rows, columns] / 255 * tint)


def _pixels(texture: Image.Image, limits: Limits) -> NDArray[np.uint8]:
    if texture.format not in _TEXTURES:
        raise UnreadableFile("the texture of the mesh is neither PNG, JPEG nor WebP")
    if texture.width * texture.height > limits.max_image_pixels:
        raise UnreadableFile(
            f"a texture of {texture.width * texture.height} pixels; at most {limits.max_image_pixels} are allowed"
        )
    if isinstance(texture, ImageFile.ImageFile):
        texture.decodermaxblock = PICTURE_BYTES_AT_ONCE
    return np.asarray(texture.convert("RGB"))


def _vertices(placed: list[tuple[Any, NDArray[np.float64]]], count: int, rng: np.random.Generator) -> Cloud:
    xyz = [np.asarray(geometry.vertices, np.float64) @ m[:3, :3].T + m[:3, 3] for geometry, m in placed]
    rgb = [_vertex_colours(geometry) for geometry, _ in placed]
    if not sum(map(len, xyz)):
        raise UnreadableFile("the file holds neither points nor faces")
    together = np.concatenate(xyz)
    rows = rng.permutation(np.flatnonzero(np.isfinite(together).all(axis=1)))[:count]
    return Cloud(together[rows], np.concatenate(rgb)[rows])


def _vertex_colours(geometry: trimesh.Trimesh) -> NDArray[np.float32]:
    visual: Any = geometry.visual
    if visual is None or visual.kind != "vertex" or len(visual.vertex_colors) != len(geometry.vertices):
        return np.full((len(geometry.vertices), 3), NO_COLOUR, np.float32)
    return np.asarray(visual.vertex_colors[:, :3], np.float32) / np.float32(255)
