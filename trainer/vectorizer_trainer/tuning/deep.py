"""The second candidate: all blocks of the encoder, trained on the items themselves."""

import copy
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import normalize

from vectorizer_trainer.content.encoder import Encoder, Item
from vectorizer_trainer.schedule import BATCH, epochs_for, steps_for
from vectorizer_trainer.tuning.objective import Objective, generator, seen_labels, share_of_peak
from vectorizer_trainer.vectorizer import Vectorizer

__all__ = ["Step", "train_blocks"]

_LEARNING_RATE = 2e-4
_HEAD_LEARNING_RATE = 1e-3
_WEIGHT_DECAY = 0.01
_LONGEST_GRADIENT = 1.0
_KEPT = 3.0
"""Weight of the distillation: at equal retention 3 gained more than 1, since a larger share of the change is kept."""


@dataclass(frozen=True)
class Step:
    """One optimiser step."""

    number: int
    epoch: int
    loss: float
    examples_per_second: float


def train_blocks(
    start: Vectorizer,
    items: Sequence[Item],
    vectors: NDArray[np.float32],
    targets: NDArray[np.bool_],
    seed: int,
    after_step: Callable[[Step], None],
) -> Encoder:
    """A copy of the start's encoder, trained on items with start vectors [n, d] and targets [n, l]."""
    # No dropout: distillation and interpolation regularise already, and it would cost a sixth of the time.
    encoder = copy.deepcopy(start.encoder).eval()
    blocks = [encoder.get_parameter(name) for name in encoder.trained_by_fine_tuning()]
    for block in blocks:
        block.requires_grad_()
    cached, wanted = torch.from_numpy(vectors), seen_labels(torch.from_numpy(targets))
    objective = Objective(cached, wanted, _KEPT)
    optimiser = _optimiser(blocks, objective)
    steps = steps_for(len(items))
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: share_of_peak(step, steps))
    for number, (epoch, batch) in enumerate(_batches(len(items), seed), 1):
        began = time.monotonic()
        features = encoder.training_features([items[index] for index in batch.tolist()])
        loss = objective(normalize(features @ start.adapter.T, dim=1), cached[batch], wanted[batch])
        _descend(loss, optimiser, blocks)
        schedule.step()
        after_step(Step(number, epoch, loss.item(), len(batch) / (time.monotonic() - began)))
    return encoder.requires_grad_(requires_grad=False)


def _optimiser(blocks: list[nn.Parameter], objective: Objective) -> torch.optim.Optimizer:
    groups = [
        {"params": blocks, "lr": _LEARNING_RATE},
        {"params": list(objective.parameters()), "lr": _HEAD_LEARNING_RATE},
    ]
    return torch.optim.AdamW(groups, weight_decay=_WEIGHT_DECAY)


def _batches(examples: int, seed: int) -> Iterator[tuple[int, Tensor]]:
    """Epoch and indices [b] of each step; a remainder too small for a batch waits for the next epoch's order."""
    order = generator(seed)
    for epoch in range(1, epochs_for(examples) + 1):
        shuffled = torch.randperm(examples, generator=order)
        for batch in shuffled.split(BATCH)[: max(1, examples // BATCH)]:  # type: ignore[no-untyped-call]
            yield epoch, batch


def _descend(loss: Tensor, optimiser: torch.optim.Optimizer, blocks: list[nn.Parameter]) -> None:
    optimiser.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_(blocks, _LONGEST_GRADIENT)
    optimiser.step()
