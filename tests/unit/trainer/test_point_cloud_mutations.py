"""Damage of every sort, to files of every format, ends in a sentence: never in another error, a hang or a bomb."""

import resource
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from vectorizer_api.run import Limits
from vectorizer_dev.datasets.point_cloud import mesh_file, scan_file
from vectorizer_trainer.bases.point_cloud.scans import scan
from vectorizer_trainer.bases.point_cloud.shapes import KNOWN, shape
from vectorizer_trainer.bases.pool import Pool
from vectorizer_trainer.content.point_cloud.decode import decode
from vectorizer_trainer.errors import UnreadableFile

MUTATIONS = 20
"""Of each file, each drawn by its number alone."""
LONGEST = 10.0
"""Seconds of processor time that a file may take."""
LARGEST = 512 * 1024**2
"""Bytes by which memory may grow over all of them."""

SHAPE = shape(Pool.BASE, 3, 0, KNOWN)
SCAN = scan(SHAPE, 500, np.random.default_rng(0))
FILES = {
    **{f"mesh.{suffix}": mesh_file(SHAPE, suffix) for suffix in ("ply", "obj", "stl", "off", "glb")},
    **{f"scan.{suffix}": scan_file(SCAN, suffix) for suffix in ("ply", "xyz", "pcd", "npy", "las", "laz")},
}


def truncated(content: bytes, rng: np.random.Generator) -> bytes:
    return content[: rng.integers(len(content))]


def flipped(content: bytes, rng: np.random.Generator) -> bytes:
    changed = bytearray(content)
    for position in rng.integers(0, len(content), rng.integers(1, 20)):
        changed[position] ^= 1 << rng.integers(8)
    return bytes(changed)


def huge(content: bytes, rng: np.random.Generator) -> bytes:
    """Numbers of the header as large as they can be written."""
    changed = bytearray(content)
    position = int(rng.integers(0, min(400, len(content) - 8)))
    digits = [index for index, byte in enumerate(content[:400]) if chr(byte).isdigit()]
    if digits and rng.random() < 0.5:
        position = int(rng.choice(digits))
        return bytes(changed[:position] + b"9" * int(rng.integers(5, 25)) + changed[position:])
    changed[position : position + 4] = b"\xff\xff\xff\x7f" if rng.random() < 0.5 else b"\xff\xff\xff\xff"
    return bytes(changed)


def doubled(content: bytes, rng: np.random.Generator) -> bytes:
    start, end = sorted(rng.integers(0, len(content), 2))
    return content[:end] + content[start:end] + content[end:]


MUTATORS = (truncated, flipped, huge, doubled)


@pytest.mark.parametrize("name", sorted(FILES))
@pytest.mark.filterwarnings("ignore")
def test_a_damaged_file_is_read_or_refused_in_time_and_in_bounded_memory(tmp_path: Path, name: str) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    suffixes = sorted(suffix.rpartition(".")[2] for suffix in FILES)
    for number in range(MUTATIONS):
        rng = np.random.default_rng([number, sorted(FILES).index(name)])
        path = tmp_path / f"file.{rng.choice(suffixes)}"
        path.write_bytes(MUTATORS[number % len(MUTATORS)](FILES[name], rng))
        began = time.process_time()
        with suppress(UnreadableFile):
            item = decode(path, Limits(), 400, 32)
            assert item.shape == (400, 6)
            assert np.isfinite(item.astype(np.float32)).all()
        assert time.process_time() - began < LONGEST, number
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 < LARGEST
