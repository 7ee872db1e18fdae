"""The scorer of all methods: vectors of the same files, by the trainer's metrics."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from vectorizer_trainer.metrics import Scores, neighbour_overlaps, scores

from peers.contract import Task
from peers.results import Quality

__all__ = ["Scorer", "read_vectors"]

Vectors = Mapping[str, NDArray[np.float32]]


class Scorer:
    """Scores the vectors of a task's measured parts against those of the untouched base."""

    def __init__(self, task: Task, start: Vectors) -> None:
        """Takes the base's vectors of each measured part."""
        self._targets = {name: part.targets(task.names).astype(bool) for name, part in task.measured.items()}
        self._start = start

    def quality(self, vectors: Vectors) -> Quality:
        """On the test set and the reference files."""
        found = scores(vectors["test"], self._targets["test"])
        kept = float(neighbour_overlaps(self._start["reference"], vectors["reference"]).mean())
        return Quality(found.ndcg_at_10, found.map_at_100, found.knn_label_map, kept)

    def choosing_score(self, vectors: Vectors) -> float:
        """NDCG@10 + mAP@100 on the examples to choose on, as this trainer chooses; 0 where they tell nothing."""
        found: Scores = scores(vectors["choose"], self._targets["choose"])
        return float(np.nan_to_num(found.ndcg_at_10 + found.map_at_100))


def read_vectors(file: Path) -> dict[str, NDArray[np.float32]]:
    """The unit vectors of each measured part."""
    with np.load(file, allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}
