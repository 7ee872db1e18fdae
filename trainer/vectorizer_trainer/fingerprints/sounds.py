"""Sounds by how loud each band is over time."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vectorizer_trainer.fingerprints.contract import Item, Pairs, Row, Rows
from vectorizer_trainer.fingerprints.nearest import nearest_pairs

__all__ = ["Spectrograms"]

_SPANS, _BANDS = 24, 16


@dataclass(frozen=True)
class Spectrograms:
    """The level of 16 bands in 24 spans, 0 to 255 for 80 dB below the loudest.

    Near copies differ by little on the whole, and nowhere by much: a short noise on the same hum is another sound.
    """

    most: float = 2.5
    """Root mean square of the difference: 0.8 dB."""
    most_anywhere: float = 25
    """The largest difference: 8 dB."""

    def of(self, item: Item) -> Row:
        """Levels, uint8 [24 · 16], of samples [t]."""
        spans = np.array_split(item, _SPANS)
        levels = 10 * np.log10(np.stack([_band_powers(span) for span in spans]) + 1e-10)
        below = np.clip(levels - levels.max(), -80, 0)
        shown: Row = np.round(255 * (1 + below / 80)).astype(np.uint8).ravel()
        return shown

    def candidates(self, rows: Rows) -> Pairs:
        """The nearest ones by eight spans and bands."""
        coarse = rows.reshape(len(rows), 8, _SPANS // 8, 8, _BANDS // 8).mean((2, 4), np.float32).reshape(len(rows), 64)
        return nearest_pairs(coarse / 8, self.most)

    def alike(self, left: Rows, right: Rows) -> NDArray[np.bool_]:
        """Whether the levels are the same but for noise."""
        difference = left.astype(np.int32) - right
        on_the_whole = (difference**2).mean(1) <= self.most**2
        near: NDArray[np.bool_] = on_the_whole & (np.abs(difference).max(1) <= self.most_anywhere)
        return near


def _band_powers(samples: Item, window: int = 1024) -> NDArray[np.float64]:
    """[16] of the mean power spectrum, each band a little wider than the one below it."""
    padded = np.zeros(max(1, -(-len(samples) // window)) * window, np.float32)
    padded[: len(samples)] = samples
    spectrum = np.abs(np.fft.rfft(padded.reshape(-1, window) * np.hanning(window), axis=1)) ** 2
    edges = np.unique(np.geomspace(2, window // 2, _BANDS + 1).round().astype(int))
    powers: NDArray[np.float64] = np.add.reduceat(spectrum.mean(0), edges[:-1])
    return powers
