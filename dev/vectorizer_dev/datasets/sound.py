"""Recordings of one or two spoken words, labelled by the words and the kind of voice.

Nobody asks for the noise behind them: an untuned vectorizer is distracted by it, and a tuned one is to hear past it.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import av
import numpy as np
from numpy.typing import NDArray
from vectorizer_trainer.bases.pool import Pool
from vectorizer_trainer.bases.sound.recordings import NEW, SAMPLE_RATE, Recordings, recordings

from vectorizer_dev.datasets.writing import Labelled, write_split

__all__ = ["FORMATS", "make", "written"]


@dataclass(frozen=True)
class Format:
    """How a file is written."""

    container: str
    """FFmpeg's name of the muxer."""
    codec: str
    suffix: str
    rate: int = SAMPLE_RATE
    """Hz; Opus knows no other than 48,000."""


FORMATS = (
    Format("wav", "pcm_s16le", "wav"),
    Format("flac", "flac", "flac"),
    Format("mp3", "libmp3lame", "mp3"),
    Format("ogg", "libopus", "ogg", 48_000),
    Format("ipod", "aac", "m4a"),
)
"""The files take turns in these."""


def make(folder: Path, train: int = 1000, test: int = 1000, seed: int = 0) -> None:
    """Writes `train/` and `test/`, each with sound files and example_to_labels.json; no utterance is in both."""
    for name, pool, count in (("train", Pool.TRAIN, train), ("test", Pool.TEST, test)):
        write_split(folder / name, list(_labelled(recordings(pool, count, seed, NEW))))


def written(waveform: NDArray[np.int16], form: Format) -> bytes:
    """The content of a sound file of samples [t] at SAMPLE_RATE."""
    content = io.BytesIO()
    # Without "bitexact" an Ogg file would have a random serial number.
    with av.open(content, "w", format=form.container, options={"fflags": "+bitexact"}) as container:
        stream = cast("av.AudioStream", container.add_stream(form.codec, rate=form.rate, layout="mono"))
        resampler = av.AudioResampler(stream.format, stream.layout, form.rate, stream.frame_size or None)
        for frame in [*resampler.resample(_frame(waveform)), *resampler.resample(None), None]:
            container.mux(stream.encode(frame))
    return content.getvalue()


def _frame(waveform: NDArray[np.int16]) -> av.AudioFrame:
    frame = av.AudioFrame.from_ndarray(waveform[None], format="s16", layout="mono")
    frame.sample_rate = SAMPLE_RATE
    return frame


def _labelled(made: Recordings) -> Iterator[Labelled]:
    kinds = [kind for kind, _ in NEW.voices]
    for index, waveform in enumerate(made.waveforms):
        form = FORMATS[index % len(FORMATS)]
        labels = [
            *(word for word, said in zip(NEW.words, made.words[index], strict=True) if said),
            kinds[int(made.voices[index].argmax())],
        ]
        yield Labelled(f"{index:05d}.{form.suffix}", written(waveform, form), tuple(labels))
