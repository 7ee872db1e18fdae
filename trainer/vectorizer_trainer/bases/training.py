"""How a small base learns: to tell many labels of its examples at once, by a direction of its vectors for each.

General bases tell far more of a file than one data set asks for; so do these.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn.functional import normalize

from vectorizer_trainer.bases.contract import SEED
from vectorizer_trainer.content.encoder import Encoder, Item
from vectorizer_trainer.losses import two_way

__all__ = ["Lessons", "trained"]

_LEARNING_RATE = 2e-3
_WEIGHT_DECAY = 0.05
_LOGIT_SCALE = 8.0

_Encoder = TypeVar("_Encoder", bound=Encoder)


@dataclass(frozen=True)
class Lessons:
    """What is learnt, and how often."""

    items: Sequence[Item]
    """A multiple of `batch` of them."""
    targets: NDArray[np.bool_]
    """[n, labels]: what is to be told of each item."""
    batch: int
    epochs: int


def trained(new_encoder: Callable[[], _Encoder], lessons: Lessons) -> _Encoder:
    """An encoder that was trained from what `new_encoder` draws; the same one each time."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(SEED)
        encoder = new_encoder()
        head = nn.Parameter(torch.randn(lessons.targets.shape[1], encoder.dimension))
        _train(encoder, head, lessons)
    return encoder.eval()


def _train(encoder: Encoder, head: nn.Parameter, lessons: Lessons) -> None:
    wanted = torch.from_numpy(lessons.targets)
    optimiser = torch.optim.AdamW([*encoder.parameters(), head], lr=_LEARNING_RATE, weight_decay=_WEIGHT_DECAY)
    steps = lessons.epochs * len(wanted) // lessons.batch
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, _LEARNING_RATE, total_steps=steps)
    for _ in range(lessons.epochs):
        for batch in torch.randperm(len(wanted)).split(lessons.batch):  # type: ignore[no-untyped-call]
            vectors = encoder.features([lessons.items[index] for index in batch.tolist()])
            loss = two_way(_LOGIT_SCALE * vectors @ normalize(head, dim=1).T, wanted[batch])
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()
