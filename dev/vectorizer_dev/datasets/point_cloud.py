"""Meshes and scans of things in ten file formats, labelled by what a thing is, what it has and what it is made of.

Meshes are exact and may be without colour; scans have noise, and half of them miss a part. The small base has seen
none of these kinds of things.
"""

import io
from collections.abc import Callable
from datetime import date
from pathlib import Path

import laspy  # type: ignore[import-untyped]
import numpy as np
import trimesh
from numpy.typing import NDArray
from pypcd4.pypcd4 import PointCloud
from vectorizer_trainer.bases.point_cloud.scans import scan
from vectorizer_trainer.bases.point_cloud.shapes import NEW, Shape, shape
from vectorizer_trainer.bases.pool import Pool
from vectorizer_trainer.content.point_cloud.item import Cloud

from vectorizer_dev.datasets.writing import Labelled, write_split

__all__ = ["make", "mesh_file", "scan_file"]

_POINTS = 3000
_MILLIMETRE = 0.001


def make(folder: Path, train: int = 1000, test: int = 1000, seed: int = 0) -> None:
    """Writes `train/` and `test/`, each with files of all formats and example_to_labels.json; no thing is in both."""
    for name, pool, count in (("train", Pool.TRAIN, train), ("test", Pool.TEST, test)):
        write_split(folder / name, [_labelled(pool, index, seed) for index in range(count)])


def mesh_file(made: Shape, suffix: str) -> bytes:
    """A thing's surface as obj, stl, off, glb or ply; all but stl and off with its colour."""
    colours = np.tile([*(made.colour * 255).round(), 255], (len(made.solid.xyz), 1)).astype(np.uint8)
    # In glTF y points upwards.
    xyz = made.solid.xyz[:, [0, 2, 1]] * [1, 1, -1] if suffix == "glb" else made.solid.xyz
    painted = None if suffix in _UNPAINTED else colours
    mesh = trimesh.Trimesh(xyz, made.solid.faces, vertex_colors=painted, process=False)
    written = mesh.export(file_type=suffix)
    return written.encode() if isinstance(written, str) else bytes(written)


def scan_file(cloud: Cloud, suffix: str) -> bytes:
    """A coloured scan as ply, xyz, pcd, npy, las or laz."""
    return _SCANS[suffix](cloud.xyz, (np.full(cloud.xyz.shape, 0.4) if cloud.rgb is None else cloud.rgb) * 255)


def _labelled(pool: Pool, index: int, seed: int) -> Labelled:
    made = shape(pool, index, seed, NEW)
    rng = np.random.default_rng([seed, pool, index, 1])
    suffix = _SUFFIXES[rng.integers(len(_SUFFIXES))]
    scanned = suffix in _SCANS and (suffix != "ply" or rng.random() < 0.5)
    content = scan_file(scan(made, _POINTS, rng), suffix) if scanned else mesh_file(made, suffix)
    labels = made.labels if suffix in _UNPAINTED else (*made.labels, made.paint)
    return Labelled(f"{index:05d}.{suffix}", content, labels)


Numbers = NDArray[np.floating]


def _ply(xyz: Numbers, rgb: Numbers) -> bytes:
    cloud = trimesh.PointCloud(xyz, colors=rgb.astype(np.uint8))  # type: ignore[no-untyped-call]
    return bytes(cloud.export(file_type="ply"))  # type: ignore[no-untyped-call]


def _xyz(xyz: Numbers, rgb: Numbers) -> bytes:
    text = io.StringIO()
    np.savetxt(text, np.concatenate([xyz, rgb], axis=1), "%.4f %.4f %.4f %d %d %d")
    return text.getvalue().encode()


def _npy(xyz: Numbers, rgb: Numbers) -> bytes:
    content = io.BytesIO()
    np.save(content, np.concatenate([xyz, rgb], axis=1).astype(np.float32))
    return content.getvalue()


def _pcd(xyz: Numbers, rgb: Numbers) -> bytes:
    packed = PointCloud.encode_rgb(rgb.astype(np.uint8))
    cloud = PointCloud.from_xyzrgb_points(np.column_stack([xyz.astype(np.float32), packed]))
    content = io.BytesIO()
    cloud.save(content)
    return content.getvalue()


def _las(xyz: Numbers, rgb: Numbers, backend: laspy.LazBackend | None = None) -> bytes:
    header = laspy.LasHeader(point_format=2, version="1.2")
    # Else the day on which the data set is made.
    header.creation_date = date(2020, 1, 1)
    header.scales = np.full(3, _MILLIMETRE)
    header.offsets = xyz.min(axis=0)
    las = laspy.LasData(header)
    las.x, las.y, las.z = xyz.T
    las.red, las.green, las.blue = (rgb.astype(np.uint16) * 257).T
    content = io.BytesIO()
    las.write(content, do_compress=backend is not None, laz_backend=backend)
    return content.getvalue()


def _laz(xyz: Numbers, rgb: Numbers) -> bytes:
    return _las(xyz, rgb, laspy.LazBackend.Lazrs)


_SCANS: dict[str, Callable[[Numbers, Numbers], bytes]] = {
    "ply": _ply,
    "xyz": _xyz,
    "npy": _npy,
    "pcd": _pcd,
    "las": _las,
    "laz": _laz,
}
_UNPAINTED = ("stl", "off")
_SUFFIXES = ("glb", "las", "laz", "npy", "obj", "off", "pcd", "ply", "stl", "xyz")
