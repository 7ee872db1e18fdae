"""What a person sees or hears of a decoded file, small enough to stand in a page a hundred times.

It is made of the item, not of the file: it shows what the vectorizer was given. A further content type is a case in
`previewer`.
"""

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray
from vectorizer_api.content import ContentType

from vectorizer_trainer.dataset import TrainingSet
from vectorizer_trainer.report.cloud_view import view_cloud
from vectorizer_trainer.report.document import Report
from vectorizer_trainer.report.held_out import items_by_name

if TYPE_CHECKING:
    from vectorizer_trainer.content.encoder import Item
    from vectorizer_trainer.content.sound import SoundEncoder
    from vectorizer_trainer.content.text import TextEncoder
    from vectorizer_trainer.vectorizer import Vectorizer

__all__ = ["Excerpt", "Picture", "Preview", "Recording", "make_previews", "previewer"]

_EDGE = 160
"""Pixels of a picture's edge: twice what it is shown at."""
_FRAMES = 4
_FRAME_EDGE = 96
_LINE, _GREY = ((0, 0), (0, 2), (0, 0)), 128
"""Pixels added to a frame's right, and their colour: seen on dark frames and on light ones."""
_TINY = 64
"""Pixels up to which an edge is enlarged without smoothing."""
_SECONDS = 4
_RATE = 24_000
_BITS_PER_SECOND = 32_000
_LOUDNESS_BARS = 48
_TOKENS = 80
_CHARACTERS = 240

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Picture:
    """A picture, or the frames of a video side by side."""

    data: bytes
    media_type: str
    width: int
    height: int
    tiny: bool
    """Its pixels are so few that they are better seen as squares."""


@dataclass(frozen=True)
class Recording:
    """The beginning of a sound as MP3."""

    data: bytes
    media_type: str
    seconds: float
    """Length of the beginning."""
    whole_seconds: float
    """Length of the whole sound."""
    loudness: tuple[float, ...]
    """Peaks of equal stretches of the beginning, from 0 to 1, relative to the loudest."""


@dataclass(frozen=True)
class Excerpt:
    """The beginning of a text."""

    text: str


Preview = Picture | Recording | Excerpt


def make_previews(report: Report, training_set: TrainingSet, vectorizer: "Vectorizer") -> dict[str, Preview]:
    """By file name, a preview of each file that the report shows as a query or a neighbour."""
    preview = previewer(vectorizer)
    queries = report.neighbourhoods.queries
    names = [*(query.name for query in queries), *(found.name for query in queries for found in query.found())]
    return {name: preview(item) for name, item in items_by_name(training_set, names).items()}


def previewer(vectorizer: "Vectorizer") -> "Callable[[Item], Preview]":
    """What makes previews of a vectorizer's items."""
    match vectorizer.content_type:
        case ContentType.IMAGE:
            return _picture
        case ContentType.VIDEO:
            return _frames
        case ContentType.POINT_CLOUD:
            return _cloud
        case ContentType.SOUND:
            sample_rate = int(cast("SoundEncoder", vectorizer.encoder).sample_rate)
            return lambda item: _recording(item, sample_rate)
        case ContentType.TEXT:
            encoder = cast("TextEncoder", vectorizer.encoder)
            return lambda item: _excerpt(encoder.spelled(item[:_TOKENS]))


def _picture(item: "Item") -> Picture:
    return _encoded(_shrunk(item, _EDGE))


def _frames(item: "Item") -> Picture:
    """Of frames [f, s, s, 3] some at equal distances, from left to right with a line between them."""
    chosen = np.linspace(0, len(item) - 1, min(_FRAMES, len(item))).round().astype(int)
    frames = [np.pad(_shrunk(item[index], _FRAME_EDGE), _LINE, constant_values=_GREY) for index in chosen]
    return _encoded(np.concatenate(frames, axis=1)[:, : -_LINE[1][1]])


def _cloud(item: "Item") -> Picture:
    return _encoded(view_cloud(item, _EDGE))


def _shrunk(pixels: Pixels, edge: int) -> Pixels:
    from PIL import Image

    picture = Image.fromarray(pixels)
    picture.thumbnail((edge, edge), Image.Resampling.LANCZOS)
    return np.asarray(picture)


def _encoded(pixels: Pixels) -> Picture:
    from PIL import Image

    height, width = pixels.shape[:2]
    tiny = height <= _TINY
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, "WEBP", quality=80, method=4, lossless=tiny)
    return Picture(content.getvalue(), "image/webp", width, height, tiny)


def _recording(item: "Item", sample_rate: int) -> Recording:
    """The first seconds of samples int16 [t]."""
    beginning = np.ascontiguousarray(item[: _SECONDS * sample_rate])
    loudest = max(int(np.abs(beginning.astype(np.int32)).max(initial=0)), 1)
    peaks = [float(np.abs(part.astype(np.int32)).max(initial=0)) for part in np.array_split(beginning, _LOUDNESS_BARS)]
    return Recording(
        data=_mp3(beginning, sample_rate),
        media_type="audio/mpeg",
        seconds=len(beginning) / sample_rate,
        whole_seconds=len(item) / sample_rate,
        loudness=tuple(round(peak / loudest, 2) for peak in peaks),
    )


def _mp3(samples: NDArray[np.int16], sample_rate: int) -> bytes:
    import av

    content = io.BytesIO()
    with av.open(content, "w", format="mp3") as container:
        stream = cast("Any", container.add_stream("libmp3lame", rate=_RATE))
        stream.bit_rate = _BITS_PER_SECOND
        stream.layout = "mono"
        resampler = av.AudioResampler(format="s16p", layout="mono", rate=_RATE)
        frame = av.AudioFrame.from_ndarray(samples[None], format="s16", layout="mono")
        frame.sample_rate = sample_rate
        for resampled in (*resampler.resample(frame), *resampler.resample(None)):
            container.mux(stream.encode(resampled))
        container.mux(stream.encode(None))
    return content.getvalue()


def _excerpt(text: str) -> Excerpt:
    words = " ".join(text.split())
    return Excerpt(words if len(words) <= _CHARACTERS else words[:_CHARACTERS].rstrip() + "…")
