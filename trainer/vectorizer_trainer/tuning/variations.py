"""What augmentation adds to the cached vectors: views of each example, and what each transformation does to labels."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from vectorizer_api.run import Stage

from vectorizer_trainer.augmentation import Augmentation, Purpose, item_seeds
from vectorizer_trainer.content.encoder import Item
from vectorizer_trainer.schedule import VIEWS, varied_copies
from vectorizer_trainer.tuning.audit import TransformationEffect, audited_examples, measure_effect
from vectorizer_trainer.tuning.task import Task
from vectorizer_trainer.tuning.types import Examples

__all__ = ["Variations", "vary", "with_views"]

_ITEMS_AT_ONCE = 128
_BYTES_AT_ONCE = 2**26
"""Of the items that are varied and encoded together: no more are held."""

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Variations:
    """Varied examples under the start."""

    views: Floats
    """Unit vectors [views, n, d]; no views where nothing is varied."""
    effects: list[TransformationEffect]


def vary(task: Task, examples: Examples, vectors: Floats) -> Variations:
    """Encodes views of the examples, whose start vectors [n, d] are given, and audits each transformation alone."""
    transformations = task.augmentation.transformations
    if not transformations:
        return Variations(np.empty((0, *vectors.shape), np.float32), [])
    everything, audited = np.arange(len(examples)), audited_examples(len(examples), task.seed)
    task.watch.stage(Stage.AUGMENTING, varied_copies(len(examples), len(transformations)))
    varied = _VariedExamples(task, examples.items)
    views = [varied.encode(task.augmentation, Purpose.VIEW, view, everything) for view in range(VIEWS)]
    effects = []
    for turn, transformation in enumerate(transformations):
        alone = varied.encode(task.augmentation.only(transformation), Purpose.AUDIT, turn, audited)
        effects.append(measure_effect(transformation, alone, audited, vectors, examples.targets, examples.groups))
    return Variations(np.stack(views), effects)


def with_views(vectors: Floats, targets: NDArray[np.bool_], views: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """Vectors [n, d] with their views [v, n, d] behind them, and the targets [n, l] repeated for these."""
    return np.concatenate([vectors, *views]), np.tile(targets, (1 + len(views), 1))


class _VariedExamples:
    """Varies and encodes chunk by chunk, and tells how far it is."""

    def __init__(self, task: Task, items: Sequence[Item]) -> None:
        self._task = task
        self._items = items
        self._done = 0

    def encode(self, augmentation: Augmentation, purpose: Purpose, turn: int, rows: NDArray[np.int64]) -> Floats:
        """Unit vectors [m, d] of the items `rows` [m], each varied."""
        parts = []
        for chunk in self._chunks(rows):
            seeds = item_seeds(self._task.seed, purpose, turn, chunk)
            parts.append(self._task.start.encode_items(augmentation.vary(list(chunk.values()), seeds)))
            self._done += len(chunk)
            self._task.watch.observer.advance(self._done)
        return np.concatenate(parts)

    def _chunks(self, rows: NDArray[np.int64]) -> Iterator[dict[int, Item]]:
        chunk: dict[int, Item] = {}
        for row in rows.tolist():
            chunk[row] = self._items[row]
            if len(chunk) == _ITEMS_AT_ONCE or sum(item.nbytes for item in chunk.values()) > _BYTES_AT_ONCE:
                yield chunk
                chunk = {}
        if chunk:
            yield chunk
