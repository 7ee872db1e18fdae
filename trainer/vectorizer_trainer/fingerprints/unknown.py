"""Content of which nothing is known that stays when it is saved anew."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vectorizer_trainer.fingerprints.contract import Item, Pairs, Row, Rows

__all__ = ["Unknown"]


@dataclass(frozen=True)
class Unknown:
    """No file is a near copy of another."""

    def of(self, item: Item) -> Row:
        """Nothing, [0]."""
        return np.empty(0, np.uint8)

    def candidates(self, rows: Rows) -> Pairs:
        """None."""
        return np.empty((0, 2), np.int64)

    def alike(self, left: Rows, right: Rows) -> NDArray[np.bool_]:
        """Not one."""
        return np.zeros(len(left), bool)
