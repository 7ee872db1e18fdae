"""Videos of one or two moving handwritten digits, labelled by which digits are on them and how they move."""

import io
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple, cast

import av
from av.video.stream import VideoStream
from numpy.typing import NDArray
from vectorizer_trainer.bases.image.digits import NAMES
from vectorizer_trainer.bases.pool import Pool
from vectorizer_trainer.bases.video.moving_digits import Clip, moving_digits

from vectorizer_dev.datasets.writing import Labelled, write_split

__all__ = ["FORMATS", "Format", "make", "written"]

_RATE = 8
"""Frames a second."""


class Format(NamedTuple):
    """How a video is written."""

    suffix: str
    codec: str
    pixels: str
    options: Mapping[str, str] = MappingProxyType({})


_X264 = {"x264-params": "no-mbtree=1"}
"""With its macroblock tree x264 reads memory that it did not write: files of the same frames would differ."""

FORMATS = (
    Format("mp4", "libx264", "yuv420p", _X264),
    Format("webm", "libvpx-vp9", "yuv420p"),
    Format("avi", "mjpeg", "yuvj420p"),
    Format("mkv", "libx264", "yuv420p", _X264),
    Format("mov", "mpeg4", "yuv420p"),
)


def make(folder: Path, train: int = 1000, test: int = 1000, seed: int = 0) -> None:
    """Writes `train/` and `test/`, each with videos in five formats by turns and example_to_labels.json.

    No handwriting is in both.
    """
    for name, pool, count in (("train", Pool.TRAIN, train), ("test", Pool.TEST, test)):
        clips = enumerate(moving_digits(pool, count, seed))
        write_split(folder / name, [_labelled(index, clip, FORMATS[index % len(FORMATS)]) for index, clip in clips])


def written(frames: NDArray[Any], form: Format, rate: int) -> bytes:
    """The file of frames uint8 [n, height, width, 3], the same every time."""
    content = io.BytesIO()
    container = "matroska" if form.suffix == "mkv" else form.suffix
    # One thread, and no identifiers drawn by chance.
    with av.open(content, "w", format=container, options={"fflags": "+bitexact"}) as out:
        options = {"threads": "1", "flags": "+bitexact", **form.options}
        stream = cast("VideoStream", out.add_stream(form.codec, rate=rate, options=options))
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = form.pixels
        for frame in frames:
            # Several threads convert colours a little differently now and then.
            picture = av.VideoFrame.from_ndarray(frame, format="rgb24").reformat(format=form.pixels, threads=1)
            out.mux(stream.encode(picture))
        out.mux(stream.encode())
    return content.getvalue()


def _labelled(index: int, clip: Clip, form: Format) -> Labelled:
    labels = (*(NAMES[digit] for digit in clip.digits), clip.motion)
    return Labelled(f"{index:05d}.{form.suffix}", written(clip.frames, form, _RATE), labels)
