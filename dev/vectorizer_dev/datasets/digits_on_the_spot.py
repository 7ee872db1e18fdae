"""Videos of one or two handwritten digits, each swaying in a quarter of its own, labelled by which digits are on them.

The digits of `video` cross the whole frame, where the small base, which was taught digits in quarters, hardly knows
them again. Here it knows seven of ten, and the others can be learnt from few videos.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from vectorizer_trainer.bases.image.digits import NAMES, handwriting
from vectorizer_trainer.bases.pool import Pool

from vectorizer_dev.datasets.video import FORMATS, Format, written
from vectorizer_dev.datasets.writing import Labelled, write_split

__all__ = ["make"]

_RATE = 8
"""Frames a second."""
_FRAMES = 16
_EDGE = 64
_QUARTER = _EDGE // 2
_QUARTERS = [(0, 0), (0, 1), (1, 0), (1, 1)]
_MOST = 2
_SMALLEST, _LARGEST = 22, 30
"""Edges of a digit in pixels."""


def make(folder: Path, train: int = 1000, test: int = 1000, seed: int = 0) -> None:
    """Writes `train/` and `test/`, each with videos in five formats by turns and example_to_labels.json.

    No handwriting is in both.
    """
    for name, pool, count in (("train", Pool.TRAIN, train), ("test", Pool.TEST, test)):
        rng = np.random.default_rng([seed, pool, _EDGE])
        write_split(
            folder / name, [_labelled(index, FORMATS[index % len(FORMATS)], pool, rng) for index in range(count)]
        )


def _labelled(index: int, form: Format, pool: Pool, rng: np.random.Generator) -> Labelled:
    samples, kinds = handwriting(pool)
    chosen = rng.choice(len(samples), rng.integers(1, _MOST + 1), replace=False)
    frames = np.zeros((_FRAMES, _EDGE, _EDGE, 3), np.uint8)
    for sample, quarter in zip(samples[chosen], rng.permutation(_QUARTERS), strict=False):
        _sway(frames, sample, quarter, rng)
    labels = tuple(NAMES[kind] for kind in sorted(set(kinds[chosen].tolist())))
    return Labelled(f"{index:05d}.{form.suffix}", written(frames, form, _RATE), labels)


def _sway(
    frames: NDArray[np.uint8], sample: NDArray[np.uint8], quarter: NDArray[np.int64], rng: np.random.Generator
) -> None:
    """Draws a digit that goes back and forth on a straight line, once or nearly, as wide as its quarter lets it."""
    edge = int(rng.integers(_SMALLEST, _LARGEST + 1))
    ink = np.asarray(Image.fromarray(sample).resize((edge, edge), Image.Resampling.BICUBIC))
    drawn = (ink[:, :, None] * rng.uniform(0.5, 1, 3)).astype(np.uint8)
    line, turns, phase = rng.uniform(-1, 1, 2), rng.uniform(0.5, 1), rng.random()
    for number, frame in enumerate(frames):
        swing = np.cos(2 * np.pi * (turns * number / _FRAMES + phase))
        top, left = quarter * _QUARTER + ((1 + line * swing) / 2 * (_QUARTER - edge)).astype(int)
        frame[top : top + edge, left : left + edge] = drawn
