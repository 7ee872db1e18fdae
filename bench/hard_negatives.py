"""Batches in which examples meet those that look like them and share no label: an ablation's, not the recipe's."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from unittest.mock import patch

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from vectorizer_trainer.content.encoder import Item
from vectorizer_trainer.tuning import deep
from vectorizer_trainer.vectorizer import Vectorizer

__all__ = ["train_blocks_on_hard_negatives"]

_DRAWN = vars(deep)["_batches"]
_train_blocks = deep.train_blocks


def train_blocks_on_hard_negatives(
    start: Vectorizer,
    items: Sequence[Item],
    vectors: NDArray[np.float32],
    targets: NDArray[np.bool_],
    *rest: object,
) -> deep.TrainedBlocks:
    """What train_blocks does, where half of each batch gives way to the nearest hard negatives of the other half."""
    negative = _nearest_negatives(torch.from_numpy(vectors), torch.from_numpy(targets))

    def batches(examples: int, anchors: int, seed: int) -> Iterator[object]:
        for batch in _DRAWN(examples, anchors, seed):
            drawn = batch.indices[: (len(batch.indices) + 1) // 2]
            yield replace(batch, indices=torch.cat([drawn, negative[drawn]]).unique())  # type: ignore[no-untyped-call]

    with patch.object(deep, "_batches", batches):
        return _train_blocks(start, items, vectors, targets, *rest)  # type: ignore[arg-type]


def _nearest_negatives(vectors: Tensor, targets: Tensor) -> Tensor:
    """Of each of unit vectors [n, d] with targets [n, l], the index [n] of the nearest without a common label."""
    wanted = targets.float()
    return (vectors @ vectors.T).masked_fill(wanted @ wanted.T > 0, -torch.inf).argmax(1)
