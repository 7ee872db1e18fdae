"""The nearest neighbours of unseen files, by the starting and by the tuned vectorizer."""

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from vectorizer_api.names import LABELS_FILE

GALLERY = 200
"""Unseen files that are embedded: a few seconds each time on two cores."""
COUNTED = 10


@dataclass(frozen=True)
class Gallery:
    """Unseen files with their labels."""

    paths: Sequence[Path]
    labels: Sequence[frozenset[str]]

    @classmethod
    def sample(cls, folder: Path, seed: int = 0) -> "Gallery":
        """Take files of a data set at random, the same ones each time."""
        labels: Mapping[str, list[str]] = json.loads((folder / LABELS_FILE).read_text())
        names = random.Random(seed).sample(sorted(labels), min(GALLERY, len(labels)))
        return cls([folder / name for name in names], [frozenset(labels[name]) for name in names])


def nearest(vectors: NDArray[np.float32], count: int) -> NDArray[np.intp]:
    """Return [n, count] the nearest other items of each of n unit vectors by cosine, nearest first."""
    similarities = vectors @ vectors.T
    np.fill_diagonal(similarities, -np.inf)
    return np.argsort(-similarities, axis=1, kind="stable")[:, :count]


def label_agreement(neighbours: NDArray[np.intp], labels: Sequence[frozenset[str]]) -> float:
    """Return the mean Jaccard similarity of an item's labels and those of its neighbours, 0 to 1."""
    pairs = [(labels[item], labels[other]) for item, row in enumerate(neighbours) for other in row]
    return float(np.mean([len(a & b) / len(a | b) for a, b in pairs]))
