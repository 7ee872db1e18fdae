"""Pictures of one to three handwritten digits, labelled by which digits are on them."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from vectorizer_trainer.bases.image.digits import NAMES, compositions
from vectorizer_trainer.bases.pool import Pool

from vectorizer_dev.datasets.writing import Labelled, png, write_split

__all__ = ["make"]


def make(folder: Path, train: int = 1000, test: int = 1000, seed: int = 0) -> None:
    """Writes `train/` and `test/`, each with PNG files and example_to_labels.json; no handwriting is in both."""
    for name, pool, count in (("train", Pool.TRAIN, train), ("test", Pool.TEST, test)):
        made = compositions(pool, count, seed)
        pairs = zip(made.pictures, made.targets, strict=True)
        examples = [_labelled(index, *pair) for index, pair in enumerate(pairs)]
        write_split(folder / name, examples)


def _labelled(index: int, picture: NDArray[np.uint8], target: NDArray[np.bool_]) -> Labelled:
    labels = tuple(name for name, on in zip(NAMES, target, strict=True) if on)
    return Labelled(f"{index:05d}.png", png(picture), labels)
