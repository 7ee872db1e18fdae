"""What every way to recognise the content of a file offers."""

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = ["Fingerprints", "Item", "Pairs", "Row", "Rows"]

Item = np.ndarray[Any, Any]
Row = np.ndarray[Any, Any]
Rows = np.ndarray[Any, Any]
Pairs = NDArray[np.int64]
"""[m, 2] places of rows, the lower one first, each pair once."""


class Fingerprints(Protocol):
    """How near copies among the files of a content type are found without comparing all with all."""

    def of(self, item: Item) -> Row:
        """The fingerprint [k] of a decoded file, a few kilobytes at most."""

    def candidates(self, rows: Rows) -> Pairs:
        """Pairs of different fingerprints [n, k] that may be of near copies: a few for each row, however many there
        are.
        """

    def alike(self, left: Rows, right: Rows) -> NDArray[np.bool_]:
        """[m]: whether the fingerprints [m, k] and [m, k] are of near copies."""
