"""From a file to an item: the kind is told by the content, and readers meet damage of every sort here."""

import hashlib
import re
import struct
from pathlib import Path

import numpy as np
from vectorizer_api.run import Limits

from vectorizer_trainer.content.encoder import Item
from vectorizer_trainer.content.point_cloud.glb import check_glb
from vectorizer_trainer.content.point_cloud.item import Cloud, to_item
from vectorizer_trainer.content.point_cloud.meshes import read_mesh
from vectorizer_trainer.content.point_cloud.ply import read_ply_header
from vectorizer_trainer.content.point_cloud.tables import (
    drawn,
    read_las,
    read_npy,
    read_pcd,
    read_ply_points,
    read_text,
    refuse_many,
)
from vectorizer_trainer.errors import UnreadableFile

__all__ = ["decode"]

_HEAD = 2**16
_MAGIC = {b"ply": "ply", b"LASF": "las", b"\x93NUMPY": "npy", b"glTF": "glb"}
_COMMENTS = rb"\A(?:[ \t\r]*(?:#[^\n]*)?\n)*[ \t]*"
_PCD = re.compile(_COMMENTS + rb"(?:VERSION|FIELDS)\s")
_TEXTS = {
    "off": re.compile(_COMMENTS + rb"C?OFF\s"),
    "stl": re.compile(rb"\A\s*solid\b.*?\bfacet\s+normal\b", re.DOTALL),
    "obj": re.compile(rb"^[ \t]*v[ \t]+[-+.\d]", re.MULTILINE),
    "xyz": re.compile(rb"^[ \t]*[-+.\d][-+.\deE]*(?:[ \t,;]+[-+.\deEnaifNAIF]+){2}", re.MULTILINE),
}


def decode(path: Path, limits: Limits, points: int, centres: int) -> Item:
    """Float16 [points, 6] of a file, the first `centres` rows those of the patches; raises UnreadableFile.

    What is drawn at random is drawn by the file's content.
    """
    rng = np.random.default_rng(list(_digest(path)))
    try:
        with np.errstate(all="ignore"):
            return to_item(_read(path, points, limits, rng), points, centres, rng)
    except UnreadableFile:
        raise
    except Exception as error:
        # Ten readers of five libraries agree on no error for a damaged file, down to one of a tokenizer of Python.
        raise UnreadableFile(f"the file is damaged ({_shortened(error)})") from error
    except BaseException as error:
        # What the decoder of compressed scans, written in Rust, raises where it gives up.
        if type(error).__name__ != "PanicException":
            raise
        raise UnreadableFile("the compressed scan is damaged") from error


def _read(path: Path, points: int, limits: Limits, rng: np.random.Generator) -> Cloud:
    match _kind(path):
        case "npy":
            return drawn(read_npy(path), points, limits, rng)
        case "las":
            return drawn(read_las(path, limits), points, limits, rng)
        case "pcd":
            return drawn(read_pcd(path, limits), points, limits, rng)
        case "xyz":
            return drawn(read_text(path), points, limits, rng)
        case "ply":
            return _read_ply(path, points, limits, rng)
        case "glb":
            check_glb(path, limits)
            return _upright(read_mesh(path, "glb", points, limits, rng))
        case kind:
            return read_mesh(path, kind, points, limits, rng)


def _read_ply(path: Path, points: int, limits: Limits, rng: np.random.Generator) -> Cloud:
    header = read_ply_header(path)
    for count in header.counts.values():
        refuse_many(count, limits)
    if header.is_mesh or header.vertex.names is None:
        return read_mesh(path, "ply", points, limits, rng)
    return drawn(read_ply_points(path, header), points, limits, rng)


def _upright(cloud: Cloud) -> Cloud:
    """In glTF y points upwards by definition; everywhere else z does by custom."""
    x, y, z = cloud.xyz.T
    return Cloud(np.stack([x, -z, y], axis=1), cloud.rgb)


def _kind(path: Path) -> str:
    with path.open("rb") as stream:
        head = stream.read(_HEAD)
    for magic, kind in _MAGIC.items():
        if head.startswith(magic):
            return kind
    if len(head) >= 84 and path.stat().st_size == 84 + 50 * struct.unpack_from("<I", head, 80)[0]:
        return "stl"
    if _PCD.match(head):
        return "pcd"
    for kind, sign in _TEXTS.items():
        if b"\0" not in head and sign.search(head.removeprefix(b"\xef\xbb\xbf")):
            return kind
    raise UnreadableFile(
        "not a point cloud or mesh that can be read (PLY, OBJ, STL, OFF, GLB, XYZ, PCD, NPY, LAS, LAZ)"
    )


def _digest(path: Path) -> bytes:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").digest()


def _shortened(error: BaseException) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
