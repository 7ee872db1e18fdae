"""Pictures and videos by thumbnails: near copies differ in no place by more than saving anew makes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vectorizer_trainer.fingerprints.contract import Item, Pairs, Row, Rows
from vectorizer_trainer.fingerprints.nearest import nearest_pairs

__all__ = ["PICTURES", "VIDEOS", "Thumbnails"]

_COARSE = 6
"""Cells of a thumbnail, along each edge, that are one in the search for candidates."""
_COLOURS = 4
"""Cells of a thumbnail, along each edge, that share their colour."""

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class _Parts:
    """What fingerprints [n, k] consist of."""

    light: Floats
    """[n, frames, edge, edge]: the thumbnails."""
    colour: Floats
    """[n, frames, 2, edge / 4, edge / 4]: blue and red of the same."""
    texture: Floats
    """[n, frames, patch, patch]: the light of the middle as it is, which in a thumbnail is an even grey."""

    def __sub__(self, other: "_Parts") -> "_Parts":
        return _Parts(self.light - other.light, self.colour - other.colour, self.texture - other.texture)


@dataclass(frozen=True)
class Thumbnails:
    """Each of some frames as a small picture in grey, a smaller one in colour, and a patch as it is.

    Saving anew changes each place of a picture a little, and by the more, the more contrast the picture has; an object
    that moved, or a defect, changes one place much. So near copies are those whose largest difference in any three by
    three cells is small for their contrast, the standard deviation of the lighter one's light. Of pictures as small as
    their thumbnails strong compression makes more than that, and they pass for different ones.
    """

    frames: int
    edge: int
    patch: int
    share: float = 1 / 6
    """Largest difference of light in any three by three cells, as a share of the contrast."""
    colour_share: float = 1 / 3
    """The same of colour in any cell: saving anew spends less on it."""
    least_contrast: float = 18
    """Levels of 255: what is more even than this is held to this, since whole levels are saved."""

    def of(self, item: Item) -> Row:
        """Uint8 levels of a picture [height, width, 3], or of frames [t, height, width, 3] of a video."""
        shown = item.reshape(-1, *item.shape[-3:])
        frames = np.linspace(0, len(shown) - 1, self.frames).round().astype(int)
        light, colour, texture = zip(*(self._of_frame(shown[frame]) for frame in frames), strict=True)
        return np.concatenate([np.stack(part).ravel() for part in (light, colour, texture)])

    def candidates(self, rows: Rows) -> Pairs:
        """The nearest ones by light in cells six times as large, relative to contrast, and by mean colour."""
        cells = self.frames * ((self.edge // _COARSE) ** 2 + 2)
        coarse = np.empty((len(rows), cells), np.float32)
        for start in range(0, len(rows), 1024):
            coarse[start : start + 1024] = self._coarse(rows[start : start + 1024])
        return nearest_pairs(coarse / np.float32(cells**0.5), 1.5 * self.share)

    def alike(self, left: Rows, right: Rows) -> NDArray[np.bool_]:
        """Whether light, colour and texture differ nowhere by much."""
        one, other = self._parts(left), self._parts(right)
        contrast = np.minimum(self._contrast(one.light), self._contrast(other.light))
        difference = one - other
        light = _largest(_of_three_by_three(difference.light)) <= self.share * contrast
        colour = _largest(difference.colour) <= self.colour_share * contrast
        # Two different pieces of one texture differ by 1.4 times its deviation.
        texture = _deviation(difference.texture) <= self._contrast(one.texture)
        near: NDArray[np.bool_] = light & colour & texture
        return near

    def _of_frame(self, frame: Item) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]:
        """[edge, edge], [2, edge / 4, edge / 4] and [patch, patch] of a frame [height, width, 3]."""
        from PIL import Image

        light, *colour = Image.fromarray(frame).convert("YCbCr").split()
        left, top = ((length - self.patch) // 2 for length in light.size)
        small = [
            light.resize((self.edge, self.edge), Image.Resampling.BOX),
            *(part.resize((self.edge // _COLOURS,) * 2, Image.Resampling.BOX) for part in colour),
            light.crop((left, top, left + self.patch, top + self.patch)),
        ]
        thumbnail, blue, red, patch = (np.asarray(part) for part in small)
        return thumbnail, np.stack([blue, red]), patch

    def _parts(self, rows: Rows) -> _Parts:
        light, colour = self.frames * self.edge**2, 2 * self.frames * (self.edge // _COLOURS) ** 2
        parts = np.split(rows.astype(np.float32), [light, light + colour], axis=1)
        small = self.edge // _COLOURS
        shapes = [(self.edge, self.edge), (2, small, small), (self.patch, self.patch)]
        return _Parts(*(part.reshape(-1, self.frames, *shape) for part, shape in zip(parts, shapes, strict=True)))

    def _coarse(self, rows: Rows) -> Floats:
        parts, small = self._parts(rows), self.edge // _COARSE
        rows_of_cells = parts.light.reshape(-1, self.frames, small, _COARSE, self.edge).sum(3)
        light = rows_of_cells.reshape(-1, self.frames, small, small, _COARSE).sum(4) / np.float32(_COARSE**2)
        means = [light.reshape(len(rows), -1), parts.colour.mean((3, 4)).reshape(len(rows), -1)]
        coarse: Floats = (np.concatenate(means, axis=1) - np.float32(128)) / self._contrast(parts.light)[:, None]
        return coarse

    def _contrast(self, levels: Floats) -> Floats:
        """[n] of levels [n, ...]."""
        return np.maximum(_deviation(levels), self.least_contrast)


def _of_three_by_three(cells: Floats) -> Floats:
    """Means [..., m - 2, m - 2] of all three by three neighbours in [..., m, m]."""
    rows = cells[..., :-2, :] + cells[..., 1:-1, :] + cells[..., 2:, :]
    means: Floats = (rows[..., :-2] + rows[..., 1:-1] + rows[..., 2:]) / 9
    return means


def _largest(values: Floats) -> Floats:
    """[n] of [n, ...], whatever the sign."""
    largest: Floats = np.abs(values).reshape(len(values), -1).max(1)
    return largest


def _deviation(values: Floats) -> Floats:
    """[n]: the standard deviation of [n, ...]."""
    deviation: Floats = values.reshape(len(values), -1).std(1)
    return deviation


PICTURES = Thumbnails(frames=1, edge=48, patch=24)
VIDEOS = Thumbnails(frames=8, edge=24, patch=8)
