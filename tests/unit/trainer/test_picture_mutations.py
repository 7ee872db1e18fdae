"""Damage of every sort, to pictures and videos of every format, ends in a sentence: never in another error or a hang.

Every mutation is drawn by its number alone: `MUTATIONS` more of them are the same and some more.
"""

import io
import resource
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from vectorizer_api.run import Limits
from vectorizer_dev.datasets.video import FORMATS, Format, written
from vectorizer_trainer.content.image.picture import decode_picture
from vectorizer_trainer.content.video.clip import decode_clip
from vectorizer_trainer.errors import UnreadableFile

MUTATIONS = 40
"""Of each file: more than 200 of pictures, and 200 of videos and more."""
LONGEST = 10.0
"""Seconds of processor time that a file may take."""
LARGEST = 512 * 1024**2
"""Bytes by which memory may grow over all mutations of a file."""

NOISE = np.random.default_rng(0).integers(0, 256, (6, 48, 64, 3)).astype(np.uint8)


def _picture(form: str, mode: str = "RGB", **options: object) -> bytes:
    content = io.BytesIO()
    Image.fromarray(NOISE[0]).convert(mode).save(content, form, **options)
    return content.getvalue()


PICTURES = {
    "jpeg": _picture("JPEG"),
    "progressive jpeg": _picture("JPEG", progressive=True),
    "png": _picture("PNG", "RGBA"),
    "webp": _picture("WEBP"),
    "gif": _picture("GIF", "P"),
    "bmp": _picture("BMP"),
    "tiff": _picture("TIFF"),
    "packed tiff": _picture("TIFF", "CMYK", compression="tiff_lzw"),
}
VIDEOS = {
    f"{form.suffix} {form.codec}": written(NOISE, form, 8) for form in (*FORMATS, Format("mp4", "libx265", "yuv420p"))
}
SUFFIXES = ("jpg", "png", "tiff", "mp4", "avi", "webm", "txt")


def _truncated(content: bytes, rng: np.random.Generator) -> bytes:
    return content[: rng.integers(len(content))]


def _flipped(content: bytes, rng: np.random.Generator) -> bytes:
    changed = bytearray(content)
    for position in rng.integers(0, len(content), rng.integers(1, 20)):
        changed[position] ^= 1 << int(rng.integers(8))
    return bytes(changed)


def _huge_header(content: bytes, rng: np.random.Generator) -> bytes:
    """A number near the beginning or the end, where the formats have their headers, as large as can be."""
    changed = bytearray(content)
    width = int(rng.choice([2, 4, 8]))
    position = int(rng.integers(0, min(400, len(content) - width)))
    if rng.random() < 0.3:
        position = len(content) - width - position
    changed[position : position + width] = rng.choice([b"\xff", b"\x7f"]) * width
    return bytes(changed)


def _repeated(content: bytes, rng: np.random.Generator) -> bytes:
    start, end = sorted(rng.integers(0, len(content), 2))
    return content[:end] + content[start:end] * int(rng.integers(1, 20)) + content[end:]


MUTATORS = (_truncated, _flipped, _huge_header, _repeated)


def _read_all(whole: bytes, folder: Path, decode: Callable[[Path], NDArray[np.uint8]]) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for number in range(MUTATIONS):
        rng = np.random.default_rng([number, len(whole)])
        path = folder / f"file.{rng.choice(SUFFIXES)}"
        path.write_bytes(MUTATORS[number % len(MUTATORS)](whole, rng))
        began = time.process_time()
        with suppress(UnreadableFile):
            assert decode(path).shape[-3:] == (16, 16, 3)
        assert time.process_time() - began < LONGEST, number
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 < LARGEST


@pytest.mark.parametrize("form", PICTURES)
@pytest.mark.filterwarnings("ignore:.*:UserWarning")
def test_a_damaged_picture_is_read_or_refused(tmp_path: Path, form: str) -> None:
    _read_all(PICTURES[form], tmp_path, lambda path: decode_picture(path, 16, Limits()))


@pytest.mark.parametrize("form", VIDEOS)
def test_a_damaged_video_is_read_or_refused(tmp_path: Path, form: str) -> None:
    _read_all(VIDEOS[form], tmp_path, lambda path: decode_clip(path, 8, 16, Limits()))


@pytest.mark.parametrize("form", PICTURES)
def test_a_picture_is_read_as_it_is(tmp_path: Path, form: str) -> None:
    (tmp_path / "file").write_bytes(PICTURES[form])
    assert decode_picture(tmp_path / "file", 16, Limits()).shape == (16, 16, 3)


@pytest.mark.parametrize("form", VIDEOS)
def test_a_video_is_read_as_it_is(tmp_path: Path, form: str) -> None:
    (tmp_path / "file").write_bytes(VIDEOS[form])
    assert decode_clip(tmp_path / "file", 8, 16, Limits()).shape == (6, 16, 16, 3)
