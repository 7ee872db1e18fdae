"""From a sound file to samples: any of the usual containers, mixed down to one channel at one rate."""

from collections.abc import Iterator
from pathlib import Path
from typing import IO

import av
import numpy as np
from av.container import InputContainer
from numpy.typing import NDArray
from vectorizer_api.run import Limits

from vectorizer_trainer.content.deadline import Deadline
from vectorizer_trainer.errors import UnreadableFile

__all__ = ["decode_sound"]

_CONTAINERS = "wav,flac,mp3,ogg,mov"
"""Names of FFmpeg's demuxers; `mov` also reads m4a and mp4. No other is even tried."""
_OPTIONS = {
    "format_whitelist": _CONTAINERS,
    # A container may refer to other files and to addresses; this one is all that is read.
    "protocol_whitelist": "none",
    # Everything on the thread whose time is taken.
    "threads": "1",
}
_CODECS = frozenset({"flac", "mp3", "mp3float", "vorbis", "opus", "aac", "alac"})
_CODEC_FAMILIES = ("pcm_", "adpcm_")
_DAMAGE = (av.FFmpegError, ValueError, ArithmeticError, LookupError, NotImplementedError, TypeError)
"""What PyAV raises on broken files."""

_SAMPLE_RATES = range(1_000, 768_001)
"""Outside, a header is wrong; a lower one would also make much memory of few bytes."""
_MOST_CHANNELS = 8
"""Beyond these FFmpeg knows no rule for mixing down."""
_SHORTEST_SECONDS = 0.01
_SILENCE = 4
"""Span of the samples, of 65,536, up to which nothing can be heard."""
_DAMAGED_SHARE = 0.05
"""Share of undecodable packets that players would skip, as at the seams of cut recordings."""


def decode_sound(path: Path, rate: int, limits: Limits) -> NDArray[np.int16]:
    """Int16 samples [t] of the first audio stream, in mono at `rate` Hz, judged by content and not by suffix.

    Decoding stops at the limit, however long the file is or its header says that it is. Raises UnreadableFile where
    there is no sound to hear, or more than is allowed.
    """
    samples, deadline = bytearray(), Deadline(limits.max_decode_seconds)
    most = limits.max_sound_seconds * rate * 2
    with path.open("rb") as stream, _opened(stream) as container:
        try:
            for part in _decoded(container, rate, deadline):
                samples += part
                if len(samples) > most:
                    raise UnreadableFile(f"a sound of more than {limits.max_sound_seconds} seconds, which is the limit")
        except _DAMAGE as error:
            raise UnreadableFile("the sound is damaged") from error
    return _audible(np.frombuffer(samples, np.int16), rate)


def _opened(stream: IO[bytes]) -> InputContainer:
    try:
        return av.open(stream, "r", options=_OPTIONS, metadata_errors="ignore")
    except _DAMAGE as error:
        raise UnreadableFile("not a sound that can be read (WAV, FLAC, MP3, Ogg, M4A)") from error


def _decoded(container: InputContainer, rate: int, deadline: Deadline) -> Iterator[bytes]:
    """Parts of the samples as bytes, each soon after its packet was read."""
    resampler = av.AudioResampler(format="s16", layout="mono", rate=rate)
    for frame in _frames(container, deadline):
        for mixed in resampler.resample(_checked(frame)):
            yield _bytes(mixed)
    for mixed in resampler.resample(None):
        yield _bytes(mixed)


def _frames(container: InputContainer, deadline: Deadline) -> Iterator[av.AudioFrame]:
    packets = damaged = 0
    stream = _audio_stream(container)
    for packet in container.demux(stream):
        deadline.check()
        packets += 1
        try:
            yield from stream.decode(packet)
        except av.FFmpegError:
            damaged += 1
    if damaged > _DAMAGED_SHARE * packets:
        raise UnreadableFile(f"the sound is damaged: {damaged} of its {packets} packets cannot be decoded")


def _audio_stream(container: InputContainer) -> av.AudioStream:
    if not container.streams.audio:
        raise UnreadableFile("the file has no sound in it")
    stream = container.streams.audio[0]
    # There is no context where no decoder is known.
    codec = getattr(stream.codec_context, "name", "unknown")
    if codec not in _CODECS and not codec.startswith(_CODEC_FAMILIES):
        raise UnreadableFile(f"sounds in the codec {codec} are not read")
    return stream


def _checked(frame: av.AudioFrame) -> av.AudioFrame:
    if frame.sample_rate not in _SAMPLE_RATES:
        raise UnreadableFile(f"a sample rate of {frame.sample_rate} Hz")
    if frame.layout.nb_channels > _MOST_CHANNELS:
        raise UnreadableFile(f"{frame.layout.nb_channels} channels; at most {_MOST_CHANNELS} are read")
    return frame


def _bytes(frame: av.AudioFrame) -> bytes:
    return bytes(frame.planes[0])[: 2 * frame.samples]


def _audible(samples: NDArray[np.int16], rate: int) -> NDArray[np.int16]:
    if len(samples) < _SHORTEST_SECONDS * rate:
        raise UnreadableFile("the sound is empty" if not len(samples) else "the sound is shorter than 10 milliseconds")
    if int(samples.max()) - int(samples.min()) <= _SILENCE:
        raise UnreadableFile("the sound is silent from beginning to end")
    return samples
