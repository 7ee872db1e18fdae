"""Which frames stand for a video: evenly spread over its time, within what may be decoded for them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Timeline"]

_LONGEST_FRAME = 10.0
"""Seconds that a frame can stand: a longer gap is a slide that says no more, or a timestamp that was damaged."""


@dataclass(frozen=True)
class Timeline:
    """The frames of a video in the order in which they are shown."""

    seconds: NDArray[np.float64]
    """[n]: when each is shown, ascending."""
    keys: NDArray[np.bool_]
    """[n]: which of them can be decoded without others."""

    @property
    def duration(self) -> float:
        """Seconds from the first frame to the end of the last."""
        return float(self._lengths().sum())

    def spread(self, count: int) -> NDArray[np.int64]:
        """At most `count` different frames [m], ascending: those shown in the middle of as many equal parts."""
        ends = self._lengths().cumsum()
        middles = (np.arange(count) + 0.5) / count * ends[-1]
        return np.unique(np.searchsorted(ends, middles, side="right").clip(0, len(ends) - 1))

    def key_of(self, frame: int) -> int:
        """The frame at which decoding must begin to reach another one."""
        return int(np.flatnonzero(self.keys[: frame + 1])[-1]) if self.keys[: frame + 1].any() else 0

    def within(self, frames: NDArray[np.int64], budget: int) -> NDArray[np.int64]:
        """The frames [m], moved towards their key frames until reaching them decodes at most about `budget` frames."""
        keys = np.array([self.key_of(frame) for frame in frames])
        offsets = frames - keys
        decoded = sum(int(offsets[keys == key].max()) + 1 for key in np.unique(keys))
        share = min(1.0, budget / decoded)
        return np.unique(keys + (offsets * share).astype(np.int64))

    def _lengths(self) -> NDArray[np.float64]:
        """Seconds [n] that each frame stands; the last as long as most."""
        gaps = np.diff(self.seconds).clip(0, _LONGEST_FRAME)
        return np.append(gaps, np.median(gaps) if len(gaps) else 0.0).clip(1e-6)
