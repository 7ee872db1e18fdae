"""The first candidate: a linear map of the vectors, trained in seconds on cached ones."""

import math
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import normalize

from vectorizer_trainer.schedule import ADAPTER_BATCH, ADAPTER_EPOCHS
from vectorizer_trainer.tuning.objective import Objective, generator, seen_labels, share_of_peak

__all__ = ["EPOCHS", "train_adapter"]

EPOCHS = ADAPTER_EPOCHS

_LEARNING_RATE = 0.4
"""Times 1 / dimension: what an equal step of every entry does to a vector grows with its length (1e-3 at 384)."""
_KEPT = 1.0


def train_adapter(
    vectors: NDArray[np.float32], targets: NDArray[np.bool_], seed: int, after_epoch: Callable[[int, float], None]
) -> Tensor:
    """The map [d, d] of start vectors [n, d], begun at the identity; `after_epoch` hears each epoch's mean loss."""
    start, wanted = torch.from_numpy(vectors), seen_labels(torch.from_numpy(targets))
    objective = Objective(start, wanted, _KEPT)
    adapter = nn.Parameter(torch.eye(start.shape[1]))
    # No decay towards zero: the distillation already holds the map near the identity.
    optimiser = torch.optim.AdamW([adapter, *objective.parameters()], lr=_LEARNING_RATE / len(adapter), weight_decay=0)
    steps = EPOCHS * math.ceil(len(start) / ADAPTER_BATCH)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: share_of_peak(step, steps))
    order = generator(seed)
    for epoch in range(1, EPOCHS + 1):
        losses = []
        for batch in torch.randperm(len(start), generator=order).split(ADAPTER_BATCH):  # type: ignore[no-untyped-call]
            loss = objective(normalize(start[batch] @ adapter.T, dim=1), start[batch], wanted[batch])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            losses.append(loss.item())
        after_epoch(epoch, sum(losses) / len(losses))
    return adapter.detach()
