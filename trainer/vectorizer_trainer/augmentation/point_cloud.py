"""Point clouds: slight noise on the coordinates.

Items are float16 [points, 6]: x, y and z within the unit sphere, red, green and blue.
"""

from collections.abc import Sequence

import numpy as np

from vectorizer_trainer.augmentation.contract import Augmentation
from vectorizer_trainer.content.encoder import Item

__all__ = ["PointCloudAugmentation"]

_DEVIATION = 0.01
_LARGEST = 0.05
"""Of the unit sphere's radius, along each axis."""


class PointCloudAugmentation:
    """Moves every point by Gaussian noise."""

    transformations: tuple[str, ...] = ("jitter",)

    def vary(self, items: Sequence[Item], seeds: Sequence[int]) -> list[Item]:
        """Items whose first three columns are moved."""
        return [_jittered(item, np.random.default_rng(seed)) for item, seed in zip(items, seeds, strict=True)]

    def only(self, transformation: str) -> Augmentation:
        """Itself: it has one."""
        if transformation not in self.transformations:
            raise ValueError(f"point clouds are not varied by {transformation}")
        return self


def _jittered(item: Item, rng: np.random.Generator) -> Item:
    moved = item.copy()
    noise = rng.normal(0, _DEVIATION, (len(item), 3)).clip(-_LARGEST, _LARGEST)
    moved[:, :3] = item[:, :3] + noise
    return moved
