"""The header of a PLY file: whether it is a mesh or points, and what a point consists of."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vectorizer_trainer.errors import UnreadableFile

__all__ = ["PlyHeader", "read_ply_header"]

_LONGEST = 2**16
_TYPES = {
    **dict.fromkeys(("char", "int8"), "i1"),
    **dict.fromkeys(("uchar", "uint8"), "u1"),
    **dict.fromkeys(("short", "int16"), "i2"),
    **dict.fromkeys(("ushort", "uint16"), "u2"),
    **dict.fromkeys(("int", "int32"), "i4"),
    **dict.fromkeys(("uint", "uint32"), "u4"),
    **dict.fromkeys(("float", "float32"), "f4"),
    **dict.fromkeys(("double", "float64"), "f8"),
}
_FACES = ("face", "tristrips")


@dataclass(frozen=True)
class PlyHeader:
    """What the header says."""

    size: int
    """Bytes before the data."""
    text: bool
    counts: dict[str, int]
    """Element -> how many there are."""
    vertex: np.dtype[Any]
    """A record of one vertex; without fields where vertices do not come first or hold lists."""

    @property
    def vertices(self) -> int:
        """How many vertices there are."""
        return self.counts.get("vertex", 0)

    @property
    def is_mesh(self) -> bool:
        """Whether there are faces."""
        return any(self.counts.get(name, 0) for name in _FACES)


def read_ply_header(path: Path) -> PlyHeader:
    """The header of a PLY file; raises UnreadableFile."""
    with path.open("rb") as stream:
        head = stream.read(_LONGEST)
    end = head.find(b"end_header")
    newline = head.find(b"\n", end)
    if min(end, newline) < 0:
        raise UnreadableFile("the header of the PLY file has no end")
    lines = [line.split() for line in head[:end].decode("latin-1").splitlines()]
    encodings = [line[1] for line in lines if len(line) > 1 and line[0] == "format"]
    if not encodings:
        raise UnreadableFile("the header of the PLY file names no format")
    order = ">" if "big" in encodings[0] else "<"
    counts = {line[1]: _count(line) for line in lines if len(line) > 2 and line[0] == "element"}
    return PlyHeader(newline + 1, encodings[0] == "ascii", counts, _vertex(lines, order))


def _count(line: list[str]) -> int:
    if not line[2].isdecimal():
        raise UnreadableFile(f"the header of the PLY file counts {line[1][:20]!r} wrongly")
    return int(line[2][:20])


def _vertex(lines: list[list[str]], order: str) -> np.dtype[Any]:
    fields: list[tuple[str, str]] = []
    element = ""
    for line in lines:
        if line[:1] == ["element"]:
            if element == "vertex":
                break
            element = line[1] if len(line) > 1 and not element else "another"
        elif line[:1] == ["property"] and element == "vertex":
            if len(line) != 3 or line[1] not in _TYPES:
                return np.dtype([])
            fields.append((line[2], order + _TYPES[line[1]]))
    return np.dtype(fields)
