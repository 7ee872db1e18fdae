"""Pictures composed of real handwritten digits (scikit-learn's, from the UCI repository)."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vectorizer_trainer.bases.pool import Pool

__all__ = ["KNOWN", "NAMES", "QUARTERS", "SIZE", "Compositions", "compositions", "handwriting"]

SIZE = 32
"""Edge of a picture in pixels."""
NAMES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
KNOWN = range(7)
"""The digits that the small base is trained on; the others are new to it."""

_MOST = 3
_CELLS = [(0, 0), (0, 1), (1, 0), (1, 1)]
QUARTERS = len(_CELLS)
"""Places of a picture that hold a digit each."""
_CELL = SIZE // 2
_SMALLEST = 11


@dataclass(frozen=True)
class Compositions:
    """Pictures with what is on them."""

    pictures: NDArray[np.uint8]
    """[n, size, size, 3]."""
    placed: NDArray[np.bool_]
    """[n, 10, 4]: which digit is in which quarter."""

    @property
    def targets(self) -> NDArray[np.bool_]:
        """[n, 10]: which digits are anywhere on a picture."""
        return cast("NDArray[np.bool_]", self.placed.any(axis=2))


def compositions(pool: Pool, count: int, seed: int, digits: Sequence[int] = range(10)) -> Compositions:
    """Pictures of one to three digits, each in a quarter of its own."""
    rng = np.random.default_rng([seed, pool])
    samples, kinds = handwriting(pool)
    usable = np.flatnonzero(np.isin(kinds, digits))
    pictures = np.zeros((count, SIZE, SIZE, 3), np.uint8)
    placed = np.zeros((count, len(NAMES), len(_CELLS)), bool)
    for picture, places in zip(pictures, placed, strict=True):
        chosen = rng.choice(usable, rng.integers(1, _MOST + 1), replace=False)
        for sample, cell in zip(chosen, rng.permutation(len(_CELLS)), strict=False):
            places[kinds[sample], cell] = True
            _draw(picture, samples[sample], np.array(_CELLS[cell]), rng)
    return Compositions(pictures, placed)


def _draw(
    picture: NDArray[np.uint8], sample: NDArray[np.uint8], cell: NDArray[np.int64], rng: np.random.Generator
) -> None:
    edge = int(rng.integers(_SMALLEST, _CELL + 1))
    top, left = cell * _CELL + rng.integers(0, _CELL - edge + 1, size=2)
    ink = np.asarray(Image.fromarray(sample).resize((edge, edge), Image.Resampling.BICUBIC))
    colour = rng.uniform(0.5, 1, size=3)
    picture[top : top + edge, left : left + edge] = (ink[:, :, None] * colour).astype(np.uint8)


@cache
def handwriting(pool: Pool) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Samples [n, 8, 8] of a pool, and the digit [n] that each shows."""
    from sklearn.datasets import load_digits

    data = load_digits()
    pixels = np.minimum(data.images * 16, 255).astype(np.uint8)
    return pixels[pool :: len(Pool)], data.target[pool :: len(Pool)]
