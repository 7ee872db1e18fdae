"""What stays of a decoded file when it is saved anew: by it, near copies are found without comparing all with all.

A fingerprint is a row of small numbers. Rows that share a key are compared, and few others do; so the work grows with
the number of files. Vectors of a vectorizer would not do: a tuned one puts files close together that merely share a
label.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from vectorizer_api.content import ContentType

__all__ = ["Fingerprints", "Row", "Rows", "fingerprints_of"]

Item = np.ndarray[Any, Any]
Row = np.ndarray[Any, Any]
Rows = np.ndarray[Any, Any]

_NO_HASH = np.iinfo(np.uint64).max


class Fingerprints(Protocol):
    """How the files of a content type are recognised."""

    def of(self, item: Item) -> Row:
        """The fingerprint [k] of a decoded file."""

    def keys(self, rows: Rows) -> NDArray[np.int64]:
        """[n, keys] of fingerprints [n, k]: near copies share a key in some column."""

    def alike(self, left: Rows, right: Rows) -> NDArray[np.bool_]:
        """[n]: whether the fingerprints [n, k] are of near copies."""


def fingerprints_of(content_type: ContentType) -> Fingerprints:
    """How files of that type are recognised; clouds of points only by being the same file."""
    return _OF_TYPE.get(content_type, _Nothing())


@dataclass(frozen=True)
class _Nothing:
    def of(self, item: Item) -> Row:
        return np.empty(0, np.uint8)

    def keys(self, rows: Rows) -> NDArray[np.int64]:
        return np.empty((len(rows), 0), np.int64)

    def alike(self, left: Rows, right: Rows) -> NDArray[np.bool_]:
        return np.zeros(len(left), bool)


@dataclass(frozen=True)
class _Shingles:
    """Texts by the runs of 5 tokens that they share, estimated from the smallest hashes of each text.

    A bottom-k sketch (Broder, 1997): the share of common ones among the k smallest hashes of both texts estimates their
    Jaccard index, and the smallest hashes of near copies are the same, so that these are the keys.
    """

    length: int = 5
    kept: int = 64
    keyed: int = 4
    least: float = 0.9

    def of(self, item: Item) -> Row:
        tokens = np.asarray(item, np.int64).ravel().astype(np.uint64) + np.uint64(1)
        if len(tokens) < self.length:
            tokens = np.concatenate([tokens, np.zeros(self.length - len(tokens), np.uint64)])
        weights = np.random.default_rng(0).integers(1, 2**63, self.length, np.uint64)
        hashes = np.unique(_mixed((sliding_window_view(tokens, self.length) * weights).sum(1, dtype=np.uint64)))
        sketch = np.full(self.kept, _NO_HASH)
        sketch[: len(hashes)] = hashes[: self.kept]
        return sketch

    def keys(self, rows: Rows) -> NDArray[np.int64]:
        return rows[:, : self.keyed].view(np.int64)

    def alike(self, left: Rows, right: Rows) -> NDArray[np.bool_]:
        both = np.sort(np.concatenate([left, right], axis=1), axis=1)
        common = np.zeros(both.shape, bool)
        common[:, 1:] = both[:, 1:] == both[:, :-1]
        counted = (np.cumsum(~common, axis=1) <= self.kept) & (both != _NO_HASH)
        either = (counted & ~common).sum(1)
        near: NDArray[np.bool_] = (counted & common).sum(1) >= self.least * either
        return near


@dataclass(frozen=True)
class _Thumbnails:
    """Files by a small picture [k] of levels from 0 to 255, alike where they differ by little noise.

    The keys are cells of random projections (Datar et al., 2004), each as wide as eight times the allowed distance.
    """

    shrink: Callable[[Item], NDArray[np.uint8]]
    most: float = 2.5
    """Root mean square of the difference, in levels."""
    tables: int = 8
    projections: int = 8

    def of(self, item: Item) -> Row:
        return self.shrink(item).ravel()

    def keys(self, rows: Rows) -> NDArray[np.int64]:
        random = np.random.default_rng(0)
        size = self.tables * self.projections
        directions = random.standard_normal((rows.shape[1], size)).astype(np.float32)
        width = 8 * self.most * rows.shape[1] ** 0.5
        cells = np.floor(rows.astype(np.float32) @ directions / width + random.random(size)).astype(np.int64)
        weights = random.integers(1, 2**63, self.projections, np.int64)
        found: NDArray[np.int64] = (cells.reshape(len(rows), self.tables, self.projections) * weights).sum(2)
        return found

    def alike(self, left: Rows, right: Rows) -> NDArray[np.bool_]:
        difference = left.astype(np.int32) - right
        near: NDArray[np.bool_] = (difference**2).mean(1) <= self.most**2
        return near


def _mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The finaliser of SplitMix64: sums of tokens become evenly spread numbers."""
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        values = (values ^ (values >> np.uint64(shift))) * np.uint64(factor)
    return values ^ (values >> np.uint64(31))


def _of_picture(item: Item) -> NDArray[np.uint8]:
    """[12, 12, 3] of a picture [height, width, 3]."""
    return _reduced(item, 12)


def _of_video(item: Item) -> NDArray[np.uint8]:
    """[4, 8, 8, 3] of frames [t, height, width, 3]."""
    frames = np.linspace(0, len(item) - 1, 4).round().astype(int)
    return np.stack([_reduced(item[frame], 8) for frame in frames])


def _reduced(picture: Item, edge: int) -> NDArray[np.uint8]:
    from PIL import Image

    small: NDArray[np.uint8] = np.asarray(Image.fromarray(picture).resize((edge, edge), Image.Resampling.BOX))
    return small


def _of_sound(item: Item) -> NDArray[np.uint8]:
    """[24, 16] of samples [t]: the level of 16 bands in 24 spans, down to 80 dB below the loudest."""
    spans = np.array_split(item, 24)
    levels = 10 * np.log10(np.stack([_band_powers(span) for span in spans]) + 1e-10)
    below = np.clip(levels - levels.max(), -80, 0)
    shown: NDArray[np.uint8] = np.round(255 * (1 + below / 80)).astype(np.uint8)
    return shown


def _band_powers(samples: Item, window: int = 1024, bands: int = 16) -> NDArray[np.float64]:
    """[bands] of the mean power spectrum, each band a little wider than the one below it."""
    padded = np.zeros(max(1, -(-len(samples) // window)) * window, np.float32)
    padded[: len(samples)] = samples
    spectrum = np.abs(np.fft.rfft(padded.reshape(-1, window) * np.hanning(window), axis=1)) ** 2
    edges = np.unique(np.geomspace(2, window // 2, bands + 1).round().astype(int))
    powers: NDArray[np.float64] = np.add.reduceat(spectrum.mean(0), edges[:-1])
    return powers


_OF_TYPE: dict[ContentType, Fingerprints] = {
    ContentType.IMAGE: _Thumbnails(_of_picture),
    ContentType.VIDEO: _Thumbnails(_of_video),
    ContentType.SOUND: _Thumbnails(_of_sound),
    ContentType.TEXT: _Shingles(),
}
