"""Damage of every sort, to files of every format, ends in a vector or in a sentence: in no other error, hang or bomb.

Each decoder meets `MUTATIONS` damaged files and more; every one is drawn by its number and its format alone.
"""

import io
import time
from collections.abc import Callable, Mapping
from functools import cache, partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from vectorizer_dev.datasets import sound, video
from vectorizer_dev.datasets.point_cloud import mesh_file, scan_file
from vectorizer_trainer.bases.point_cloud.scans import scan
from vectorizer_trainer.bases.point_cloud.shapes import KNOWN, shape
from vectorizer_trainer.bases.pool import Pool
from vectorizer_trainer.bases.sound.recordings import SAMPLE_RATE
from vectorizer_trainer.errors import UnreadableFile
from vectorizer_trainer.vectorizer import Vectorizer

MUTATIONS = 360
"""Of the files of each content type together."""
LONGEST = 10.0
"""Seconds of processor time that a file may take."""
LARGEST = 512 * 1024**2
"""Bytes by which memory may grow at its peak over all mutations of a file."""

HEAD = 400
"""Bytes at the beginning and at the end of a file where the formats have their headers."""

FRAMES = np.random.default_rng(0).integers(0, 256, (6, 48, 64, 3)).astype(np.uint8)
NOISE = np.random.default_rng(0).integers(-9000, 9000, SAMPLE_RATE // 4).astype(np.int16)
THING = shape(Pool.BASE, 3, 0, KNOWN)
SCAN = scan(THING, 500, np.random.default_rng(0))
TEXT = "w1 w2 naïve 12 Größe — 数学 w3 😀\n" * 20


def picture(form: str, mode: str = "RGB", **options: object) -> bytes:
    content = io.BytesIO()
    Image.fromarray(FRAMES[0]).convert(mode).save(content, form, **options)
    return content.getvalue()


WHOLE: Mapping[str, Mapping[str, Callable[[], bytes]]] = {
    "tiny_image": {
        "jpeg": partial(picture, "JPEG"),
        "progressive jpeg": partial(picture, "JPEG", progressive=True),
        "png": partial(picture, "PNG", "RGBA"),
        "webp": partial(picture, "WEBP"),
        "gif": partial(picture, "GIF", "P"),
        "bmp": partial(picture, "BMP"),
        "tiff": partial(picture, "TIFF"),
        "packed tiff": partial(picture, "TIFF", "CMYK", compression="tiff_lzw"),
    },
    "tiny_video": {
        f"{form.suffix} {form.codec}": partial(video.written, FRAMES, form, 8)
        for form in (*video.FORMATS, video.Format("mp4", "libx265", "yuv420p"))
    },
    "tiny_sound": {form.suffix: partial(sound.written, NOISE, form) for form in sound.FORMATS},
    "tiny_point_cloud": {
        **{f"mesh {suffix}": partial(mesh_file, THING, suffix) for suffix in ("ply", "obj", "stl", "off", "glb")},
        **{f"scan {suffix}": partial(scan_file, SCAN, suffix) for suffix in ("ply", "xyz", "pcd", "npy", "las", "laz")},
    },
    "tiny_text": {"text": TEXT.encode, "text with a byte order mark": ("\ufeff" + TEXT).encode},
}
"""By the fixture of a vectorizer and the name of a format: a file that is as it should be."""
SUFFIXES = ("jpg", "png", "tiff", "mp4", "avi", "webm", "wav", "m4a", "ply", "stl", "npy", "laz", "txt")

every_file = pytest.mark.parametrize(
    ("fixture", "form"), [(fixture, form) for fixture, forms in WHOLE.items() for form in forms]
)


@cache
def whole(fixture: str, form: str) -> bytes:
    return WHOLE[fixture][form]()


def truncated(content: bytes, rng: np.random.Generator) -> bytes:
    return content[: rng.integers(len(content))]


def flipped(content: bytes, rng: np.random.Generator) -> bytes:
    changed = bytearray(content)
    for position in rng.integers(0, len(content), rng.integers(1, 20)):
        changed[position] ^= 1 << int(rng.integers(8))
    return bytes(changed)


def with_a_huge_number(content: bytes, rng: np.random.Generator) -> bytes:
    """A binary number near the beginning or the end, as large as can be with its sign or without, or nought."""
    width = int(rng.choice([2, 4, 8]))
    rest = b"\xff" * (width - 1)
    number = (b"\xff" + rest, b"\x7f" + rest, rest + b"\x7f", bytes(width))[rng.integers(4)]
    position = int(rng.integers(0, min(HEAD, len(content) - width)))
    if rng.random() < 0.3:
        position = len(content) - width - position
    return content[:position] + number + content[position + width :]


def with_a_long_number(content: bytes, rng: np.random.Generator) -> bytes:
    """A number that is written out in the header, longer by up to 24 nines; any binary one where there is none."""
    digits = [index for index, byte in enumerate(content[:HEAD]) if chr(byte).isdigit()]
    if not digits:
        return with_a_huge_number(content, rng)
    position = int(rng.choice(digits))
    return content[:position] + b"9" * int(rng.integers(5, 25)) + content[position:]


def repeated(content: bytes, rng: np.random.Generator) -> bytes:
    start, end = sorted(rng.integers(0, len(content), 2))
    return content[:end] + content[start:end] * int(rng.integers(1, 20)) + content[end:]


def shuffled(content: bytes, rng: np.random.Generator) -> bytes:
    blocks = [content[start : start + 256] for start in range(0, len(content), 256)]
    return b"".join(blocks[index] for index in rng.permutation(len(blocks)))


MUTATORS = (truncated, flipped, with_a_huge_number, with_a_long_number, repeated, shuffled)


def forget_the_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")


def peak_memory() -> int:
    """Bytes that were resident at most since the peak was forgotten."""
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


def refusal(vectorizer: Vectorizer, path: Path) -> str | None:
    """Why a file is not read; None where it is, into what the network takes."""
    try:
        item = vectorizer.decode(path)
    except UnreadableFile as error:
        return str(error)
    assert np.isfinite(vectorizer.encode_items([item])).all()
    return None


@every_file
def test_a_whole_file_is_read(request: pytest.FixtureRequest, tmp_path: Path, fixture: str, form: str) -> None:
    (tmp_path / "file").write_bytes(whole(fixture, form))
    assert refusal(request.getfixturevalue(fixture), tmp_path / "file") is None


@every_file
@pytest.mark.filterwarnings("ignore")
def test_a_damaged_file_is_read_or_refused_with_a_reason_in_time_and_in_bounded_memory(
    request: pytest.FixtureRequest, tmp_path: Path, fixture: str, form: str
) -> None:
    vectorizer: Vectorizer = request.getfixturevalue(fixture)
    content = whole(fixture, form)
    forget_the_peak()
    before = peak_memory()
    for number in range(-(-MUTATIONS // len(WHOLE[fixture]))):
        rng = np.random.default_rng([number, len(content)])
        path = tmp_path / f"file.{rng.choice(SUFFIXES)}"
        path.write_bytes(MUTATORS[number % len(MUTATORS)](content, rng))
        began = time.process_time()
        reason = refusal(vectorizer, path)
        assert reason is None or reason.strip()
        assert tmp_path.name not in str(reason), "a path of the trainer's machine is nothing to the account"
        assert time.process_time() - began < LONGEST, number
    assert peak_memory() - before < LARGEST
