"""Files that are tables of points: read a piece at a time, so that memory holds a sample and never the whole.

A piece is an array with named columns or, where the file names none, float64 [n, columns].
"""

import io
import re
import struct
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, cast

import laspy  # type: ignore[import-untyped]
import numpy as np
from numpy.typing import NDArray
from pypcd4.pypcd4 import MetaData, PointCloud
from vectorizer_api.run import Limits

from vectorizer_trainer.content.deadline import Deadline
from vectorizer_trainer.content.point_cloud.item import Cloud
from vectorizer_trainer.content.point_cloud.ply import PlyHeader
from vectorizer_trainer.errors import UnreadableFile

__all__ = ["drawn", "read_las", "read_npy", "read_pcd", "read_ply_points", "read_text", "refuse_many"]

Piece = np.ndarray[Any, Any]

_PIECE_BYTES = 2**24
_LARGEST_RECORD = 4096
_COLOUR_NAMES = (("red", "green", "blue"), ("r", "g", "b"))
_PACKED_COLOURS = ("rgb", "rgba")
_COMMENTS = ("#", "//")
_SEPARATORS = {b",": b" ", b";": b" "}
_LAS_HEADER = 375
_LAZ_FLAG = 0xC0


def drawn(pieces: Iterable[Piece], count: int, limits: Limits, rng: np.random.Generator) -> Cloud:
    """At most `count` points of finite coordinates, drawn uniformly from all pieces; raises UnreadableFile.

    Every point gets a random key, and those of the smallest keys stay.
    """
    kept, keys, seen = np.empty((0, 6)), np.empty(0), 0
    deadline = Deadline(limits.max_decode_seconds)
    for piece in pieces:
        deadline.check()
        seen += len(piece)
        refuse_many(seen, limits)
        columns = _columns(piece)
        finite = np.isfinite(columns[:, :3]).all(axis=1)
        kept = np.concatenate([kept, columns[finite]])
        keys = np.concatenate([keys, rng.random(int(finite.sum()))])
        if len(keys) > count:
            smallest = np.argpartition(keys, count)[:count]
            kept, keys = kept[smallest], keys[smallest]
    return Cloud(kept[:, :3], _unit_colours(kept[:, 3:]))


def refuse_many(points: int, limits: Limits) -> None:
    """Raises UnreadableFile where a file has, or says that it has, more points than are allowed."""
    if points > limits.max_points:
        raise UnreadableFile(f"{points:,} points; at most {limits.max_points:,} are allowed")


def read_npy(path: Path) -> Iterator[Piece]:
    """An array [n, 3 or more], or one with the fields x, y and z; nothing is ever unpickled."""
    array = np.load(path, mmap_mode="r", allow_pickle=False)
    named = array.dtype.names is not None
    if array.ndim != (1 if named else 2) or not (named or array.shape[1] >= 3):
        raise UnreadableFile(f"an array of shape {array.shape}, where [points, 3 or more] is needed")
    if not named and array.dtype.kind not in "fiu":
        raise UnreadableFile(f"an array of {array.dtype}, where numbers are needed")
    record = array.dtype if named else np.dtype((array.dtype, array.shape[1:]))
    _refuse_wide(record.itemsize)
    if array.flags.f_contiguous and not named:
        # Columns lie behind each other: rows are gathered by the map of the file.
        step = max(1, _PIECE_BYTES // record.itemsize)
        yield from (np.array(array[start : start + step]) for start in range(0, len(array), step))
        return
    # Read and not mapped, since pages of a map count as the process's own memory.
    with path.open("rb") as stream:
        stream.seek(array.offset)
        yield from _records(stream, record, len(array))


def read_text(path: Path) -> Iterator[Piece]:
    """Lines of three or more numbers, separated by spaces, tabs, commas or semicolons; further columns are colours."""
    with path.open("rb") as stream:
        yield from _text_rows(stream)


def read_pcd(path: Path, limits: Limits) -> Iterator[Piece]:
    """The point cloud library's format, as text, binary or compressed."""
    with path.open("rb") as stream:
        meta = MetaData.parse_header(_pcd_header(stream))
        refuse_many(meta.points, limits)
        _refuse_wide(sum(meta.count) * max(meta.size))
        dtype = meta.build_dtype()
        match meta.data.value:
            case "ascii":
                yield from (_named(rows, cast("Sequence[str]", dtype.names)) for rows in _text_rows(stream))
            case "binary":
                yield from _records(stream, dtype, meta.points)
            case _:
                yield _pcd_compressed(stream, meta.points * dtype.itemsize)


def read_ply_points(path: Path, header: PlyHeader) -> Iterator[Piece]:
    """The vertices of a PLY file whose first element they are."""
    with path.open("rb") as stream:
        stream.seek(header.size)
        if header.text:
            names = cast("Sequence[str]", header.vertex.names)
            yield from (_named(rows, names) for rows in _text_rows(stream, header.vertices))
        else:
            yield from _records(stream, header.vertex, header.vertices)


def read_las(path: Path, limits: Limits) -> Iterator[Piece]:
    """A laser scan, compressed or not."""
    _check_las(path, limits)
    # A single thread: the parallel one would hold every chunk of the file at once.
    with laspy.open(path, laz_backend=laspy.LazBackend.Lazrs, read_evlrs=False) as scan:
        header = scan.header
        refuse_many(header.point_count, limits)
        _refuse_wide(header.point_format.size)
        read = 0
        for points in scan.chunk_iterator(max(1, _PIECE_BYTES // header.point_format.size)):
            read += len(points)
            yield _las_columns(points)
        if read != header.point_count:
            raise UnreadableFile(f"the file is cut off: {read:,} of {header.point_count:,} points are there")


def _las_columns(points: laspy.ScaleAwarePointRecord) -> Piece:
    colours = [name for name in _COLOUR_NAMES[0] if name in points.point_format.dimension_names]
    return np.stack([np.asarray(points[name], np.float64) for name in ("x", "y", "z", *colours)], axis=1)


def _check_las(path: Path, limits: Limits) -> None:
    """Holds the counts of the header against the size of the file, which laspy and its decoder do not."""
    size = path.stat().st_size
    with path.open("rb") as stream:
        head = stream.read(_LAS_HEADER).ljust(_LAS_HEADER, b"\0")
        start, records = struct.unpack_from("<II", head, 96)
        if start > size or records * 54 > size:
            raise UnreadableFile("the header of the scan tells of more than the file holds")
        refuse_many(struct.unpack_from("<I", head, 107)[0], limits)
        if head[104] & _LAZ_FLAG:
            _check_chunk_table(stream, start, size)


def _check_chunk_table(stream: BinaryIO, start: int, size: int) -> None:
    stream.seek(start)
    (table,) = struct.unpack("<q", stream.read(8))
    if table == -1:
        stream.seek(size - 8)
        (table,) = struct.unpack("<q", stream.read(8))
    if not start <= table <= size - 8:
        raise UnreadableFile("the scan is cut off before its table of chunks")
    stream.seek(table + 4)
    if struct.unpack("<I", stream.read(4))[0] > size:
        raise UnreadableFile("the scan's table of chunks is damaged")


def _pcd_header(stream: BinaryIO) -> list[str]:
    lines: list[str] = []
    for _ in range(64):
        line = stream.readline(4096).decode("latin-1").strip()
        if line and not line.startswith("#"):
            lines.append(line)
        if line.startswith("DATA"):
            return lines
    raise UnreadableFile("the header of the PCD file has no DATA line")


def _pcd_compressed(stream: BinaryIO, expected: int) -> Piece:
    place = stream.tell()
    if struct.unpack("<II", stream.read(8))[1] != expected:
        raise UnreadableFile("the PCD file says two different sizes of its points")
    stream.seek(0)
    whole = PointCloud.from_fileobj(cast("io.BufferedReader", stream))
    stream.seek(place)
    return whole.pc_data


def _records(stream: BinaryIO, dtype: np.dtype[Any], count: int) -> Iterator[Piece]:
    _refuse_wide(dtype.itemsize)
    step = max(1, _PIECE_BYTES // dtype.itemsize)
    for start in range(0, count, step):
        wanted = min(step, count - start)
        raw = stream.read(wanted * dtype.itemsize)
        if len(raw) != wanted * dtype.itemsize:
            raise UnreadableFile(f"the file is cut off: it should have {count:,} points")
        yield np.frombuffer(raw, dtype)


def _refuse_wide(size: int) -> None:
    if size > _LARGEST_RECORD:
        raise UnreadableFile(f"a point of {size:,} bytes is no point")


def _text_rows(stream: BinaryIO, most: int | None = None) -> Iterator[Piece]:
    """Float64 [n, columns] of the lines of numbers, at most so many; a heading before them is passed over."""
    columns = 0
    if most == 0:
        return
    for lines in _blocks_of_lines(stream):
        rows = [line for line in lines if line and not line.startswith(_COMMENTS)]
        if not columns:
            rows = _without_heading(rows)
            columns = len(rows[0].split()) if rows else 0
        if most is not None:
            rows, most = rows[:most], most - min(most, len(rows))
        if rows:
            yield np.loadtxt(rows, comments=None, ndmin=2, usecols=range(columns))
    if most:
        raise UnreadableFile(f"the file is cut off: {most:,} points are missing")


def _without_heading(rows: list[str]) -> list[str]:
    """Names of columns or a count of points may stand before the first point."""
    for first, row in enumerate(rows[:3]):
        if len(row.split()) >= 3 and re.fullmatch(r"[-+.\deEnaifNAIF\s]+", row):
            return rows[first:]
    raise UnreadableFile("no line of three numbers where the first point should be")


def _blocks_of_lines(stream: BinaryIO) -> Iterator[list[str]]:
    rest = b""
    while block := stream.read(_PIECE_BYTES):
        whole, newline, rest = (rest + block).rpartition(b"\n")
        if len(rest) >= _PIECE_BYTES:
            raise UnreadableFile("a line of the file is longer than 16 MiB")
        yield _lines(whole + newline)
    yield _lines(rest)


def _lines(block: bytes) -> list[str]:
    for separator, space in _SEPARATORS.items():
        block = block.replace(separator, space)
    return [line.strip() for line in block.decode("latin-1").splitlines()]


def _named(rows: Piece, names: Sequence[str]) -> Piece:
    """Rows [n, columns] as an array with named columns."""
    if rows.shape[1] < len(names):
        raise UnreadableFile(f"lines of {rows.shape[1]} numbers, where the header names {len(names)}")
    named = np.empty(len(rows), [(name, np.float64) for name in names])
    for column, name in enumerate(names):
        named[name] = rows[:, column]
    return named


def _columns(piece: Piece) -> NDArray[np.float64]:
    """[n, 6]: coordinates, and colours as the file has them, NaN where it has none."""
    found = np.full((len(piece), 6), np.nan)
    names = piece.dtype.names
    if names is None:
        width = 6 if piece.shape[1] >= 6 else 3
        found[:, :width] = piece[:, :width]
        return found
    if not {"x", "y", "z"} <= set(names):
        raise UnreadableFile(f"no columns x, y and z, but {', '.join(names[:6])}")
    for column, name in enumerate("xyz"):
        found[:, column] = piece[name]
    for colour in _COLOUR_NAMES:
        if set(colour) <= set(names):
            found[:, 3:] = np.stack([piece[name] for name in colour], axis=1)
    for packed in set(_PACKED_COLOURS) & set(names):
        found[:, 3:] = _unpacked(piece[packed])
    return found


def _unpacked(packed: Piece) -> NDArray[np.float64]:
    """Red, green and blue [n, 3] in 0..255 of 4-byte values with blue in the lowest byte, often written as floats."""
    if packed.dtype.kind == "f":
        packed = packed.astype(np.float32)
        # A file of text has the bits as a fraction, or the number itself.
        whole = np.nan_to_num(packed) >= 1
        bits = np.where(whole, np.nan_to_num(packed).clip(0, 2**24).astype(np.uint32), packed.view(np.uint32))
    else:
        bits = packed.astype(np.uint32)
    return np.stack([bits >> shift & 0xFF for shift in (16, 8, 0)], axis=1).astype(np.float64)


def _unit_colours(colours: NDArray[np.float64]) -> NDArray[np.float32] | None:
    """Colours [n, 3] within 0..1, whatever of 1, 255 and 65535 the file counts to; None where they are none.

    Numbers below 0 are normals and no colours; where all are 0, the scanner had a column for colours and none to write.
    """
    finite = colours[np.isfinite(colours)]
    if len(finite) == 0 or finite.min() < 0 or finite.max() == 0:
        return None
    full = next((full for full in (1, 255) if finite.max() <= full), 65535)
    return (colours / full).astype(np.float32)
