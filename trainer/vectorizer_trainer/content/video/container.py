"""A video file, opened by FFmpeg's libraries: four container formats, no network, nothing but this file."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import av
import numpy as np
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream
from vectorizer_api.run import Limits

from vectorizer_trainer.content.deadline import Deadline
from vectorizer_trainer.content.video.timeline import Timeline
from vectorizer_trainer.errors import UnreadableFile

__all__ = ["check_size", "opened", "packets", "scanned"]

_OPENING_SECONDS = 10.0
"""By the clock on the wall: what opening reads is not decoded step by step."""
_FORMATS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi"


@contextmanager
def opened(path: Path, limits: Limits) -> Iterator[tuple[InputContainer, VideoStream]]:
    """The file and its picture stream; raises UnreadableFile, also for pictures that are too large."""
    options = {
        "format_whitelist": _FORMATS,
        # A container may refer to other files and to addresses; this one is all that is read.
        "protocol_whitelist": "file",
        # Everything on the thread whose time is taken, and nothing set aside for pictures of a forged size.
        "threads": "1",
        "max_pixels": str(limits.max_video_pixels),
    }
    try:
        container = av.open(f"file:{path}", options=options, metadata_errors="replace", timeout=_OPENING_SECONDS)
    except av.error.ExitError as error:
        raise UnreadableFile(f"it takes longer than {_OPENING_SECONDS:g} s to open") from error
    except (av.FFmpegError, ValueError, LookupError) as error:
        raise UnreadableFile("not a video that can be read (MP4, MOV, MKV, WebM, AVI)") from error
    with container:
        stream = _pictures(container)
        check_size(stream.codec_context.width, stream.codec_context.height, limits)
        yield container, stream


def scanned(path: Path, limits: Limits, deadline: Deadline) -> Timeline:
    """When which frame is shown, from the packets alone: headers may lack counts and durations, or forge them.

    Raises UnreadableFile.
    """
    shown: list[tuple[float, bool]] = []
    with opened(path, limits) as (container, stream):
        if stream.time_base is None:
            raise UnreadableFile("the video is damaged (it has no clock)")
        tick = float(stream.time_base)
        for packet in packets(container, stream):
            deadline.check()
            time = packet.pts if packet.pts is not None else packet.dts
            if packet.size and time is not None:
                shown.append((time * tick, packet.is_keyframe))
            if len(shown) > limits.max_video_frames:
                raise UnreadableFile(f"a video of more than {limits.max_video_frames} frames; no more are allowed")
    if not shown:
        raise UnreadableFile("the video has no frames")
    shown.sort(key=lambda frame: frame[0])
    timeline = Timeline(np.array([time for time, _ in shown]), np.array([key for _, key in shown]))
    if timeline.duration > limits.max_video_seconds:
        raise UnreadableFile(f"a video of {timeline.duration:.0f} s; at most {limits.max_video_seconds} s are allowed")
    return timeline


def check_size(width: int, height: int, limits: Limits) -> None:
    """Raises UnreadableFile where a frame has too many pixels."""
    if width * height > limits.max_video_pixels:
        raise UnreadableFile(
            f"a video of {width} by {height} pixels; at most {limits.max_video_pixels} pixels a frame are allowed"
        )


def packets(container: InputContainer, stream: VideoStream) -> Iterator["av.Packet[VideoStream]"]:
    """All packets up to the first damage, and an empty one that ends them."""
    packets = container.demux(stream)
    while True:
        try:
            yield next(packets)
        except (StopIteration, av.FFmpegError):
            return


def _pictures(container: InputContainer) -> VideoStream:
    for stream in container.streams.video:
        # The cover of a sound file is a stream of one picture.
        if not stream.disposition & Disposition.attached_pic:
            return _decodable(stream)
    raise UnreadableFile("not a video: it has no moving pictures")


def _decodable(stream: VideoStream) -> VideoStream:
    # The annotations of PyAV do not know of streams without a codec.
    if cast("object", stream.codec_context) is None:
        raise UnreadableFile("the video's pictures are in a codec that is not known")
    return stream
