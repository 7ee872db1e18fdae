"""From a video file to a clip: its frames, evenly spread, upright and at the tower's size, each decoded once."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import cast

import av
import numpy as np
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray
from vectorizer_api.run import Limits

from vectorizer_trainer.content.deadline import Deadline
from vectorizer_trainer.content.video.container import check_size, opened, packets, scanned
from vectorizer_trainer.content.video.timeline import Timeline
from vectorizer_trainer.errors import UnreadableFile

__all__ = ["decode_clip"]

_PIXELS_DECODED = 800_000_000
"""What the frames of one clip may cost together: 800 megapixels take a core 3 to 8 s, by the codec."""
_NEAR = 16
"""Frames that are sooner decoded than sought past."""


def decode_clip(path: Path, frames: int, size: int, limits: Limits) -> NDArray[np.uint8]:
    """Uint8 [m, size, size, 3] of at most `frames` different frames, each squeezed to a square.

    Raises UnreadableFile.
    """
    deadline = Deadline(limits.max_decode_seconds)
    timeline = scanned(path, limits, deadline)
    with opened(path, limits) as (container, stream):
        pixels = max(1, stream.codec_context.width * stream.codec_context.height)
        wanted = timeline.within(timeline.spread(frames), _PIXELS_DECODED // pixels)
        clip = []
        for frame in _decoded(container, stream, timeline, wanted, deadline):
            check_size(frame.width, frame.height, limits)
            clip.append(_upright(frame, size))
    if 2 * len(clip) < len(wanted):
        raise UnreadableFile(f"the video is damaged (only {len(clip)} of {len(wanted)} frames can be decoded)")
    return np.stack(clip)


def _decoded(
    container: InputContainer, stream: VideoStream, timeline: Timeline, wanted: NDArray[np.int64], deadline: Deadline
) -> Iterator[VideoFrame]:
    """The wanted frames, as far as they can be decoded."""
    position, frames = -1, _from_here(container, stream, deadline)
    for target in wanted.tolist():
        key = timeline.key_of(target)
        if key > position + _NEAR and _sought(container, stream, timeline.seconds[key]):
            position, frames = key - 1, _from_here(container, stream, deadline)
        for frame in frames:
            position += 1
            if position >= target:
                yield frame
                break


def _from_here(container: InputContainer, stream: VideoStream, deadline: Deadline) -> Iterator[VideoFrame]:
    for packet in packets(container, stream):
        deadline.check()
        # What cannot be decoded is missed later, if much is missing.
        with suppress(av.FFmpegError):
            yield from packet.decode()


def _sought(container: InputContainer, stream: VideoStream, seconds: float) -> bool:
    try:
        container.seek(round(seconds / float(stream.time_base or 1)), stream=stream)
    except av.FFmpegError:
        return False
    return True


def _upright(frame: VideoFrame, size: int) -> NDArray[np.uint8]:
    small = frame.reformat(size, size, "rgb24", interpolation="AREA", threads=1)
    pixels = cast("NDArray[np.uint8]", small.to_ndarray())
    return np.rot90(pixels, frame.rotation // 90)
