"""The second candidate: all blocks of the encoder, trained on the items themselves."""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from vectorizer_trainer.augmentation import Augmentation, Purpose, item_seeds
from vectorizer_trainer.content.encoder import Encoder, Item
from vectorizer_trainer.errors import Stopped
from vectorizer_trainer.losses import distillation
from vectorizer_trainer.processes import joined
from vectorizer_trainer.schedule import ANCHORS, BATCH, batches_for, epochs_for, steps_for
from vectorizer_trainer.stopping import stop_held
from vectorizer_trainer.tuning.anchors import Anchors
from vectorizer_trainer.tuning.blocks import Blocks
from vectorizer_trainer.tuning.checkpoint import Checkpoints, TrainingState
from vectorizer_trainer.tuning.micro_batches import MicroBatches
from vectorizer_trainer.tuning.objective import Objective, generator, seen_labels, share_of_peak
from vectorizer_trainer.tuning.shared_gradient import SharedGradient
from vectorizer_trainer.vectorizer import Vectorizer

__all__ = ["LARGEST_PART", "Step", "TrainedBlocks", "train_blocks"]

_log = logging.getLogger(__name__)

_LEARNING_RATE = 0.15
"""Times 1 / dimension, 4e-4 at 384: the wider a layer, the more an equal step of every weight adds up to (maximal
update parametrisation, Yang et al. 2022, arXiv 2203.03466). Measured at 96 and at 384."""
_HEAD_LEARNING_RATE = 1e-3
_WEIGHT_DECAY = 0.01
_LONGEST_GRADIENT = 1.0
_KEPT = 5.0
"""Weight of the distillation: at equal retention 5 gains more than 3, 3 more than 1: more of the change is kept."""
LARGEST_PART = BATCH + ANCHORS
"""Items at a time, as long as memory allows it."""


@dataclass(frozen=True)
class Step:
    """One optimiser step."""

    number: int
    epoch: int
    loss: float
    examples_per_second: float


@dataclass(frozen=True)
class _Batch:
    """What a step is computed from."""

    epoch: int
    indices: Tensor
    """[b] of the examples."""
    anchors: Tensor
    """[a] of the anchors."""


@dataclass(frozen=True)
class TrainedBlocks:
    """The end of a training."""

    encoder: Encoder
    losses: list[float]
    """Of each step."""


def train_blocks(
    start: Vectorizer,
    items: Sequence[Item],
    vectors: NDArray[np.float32],
    targets: NDArray[np.bool_],
    anchors: Anchors,
    seed: int,
    after_step: Callable[[Step], None],
    checkpoints: Checkpoints,
    augmentation: Augmentation,
) -> TrainedBlocks:
    """A copy of the start's encoder, trained on items with start vectors [n, d] and targets [n, l], held by anchors.

    Each epoch sees the items varied anew, and holds them to the start vectors of the items as they are. It goes on from
    the last checkpoint; Stopped is raised between two steps, after a checkpoint.
    """
    training = _Training(start, torch.from_numpy(vectors), seen_labels(torch.from_numpy(targets)), anchors)
    if (last := checkpoints.last()) is not None:
        training.restore(last)
        _log.info("training goes on from step %d", training.step)
    try:
        for batch in islice(_batches(len(items), len(anchors), seed), training.step, None):
            began = time.monotonic()
            indices = batch.indices.tolist()
            seeds = item_seeds(seed, Purpose.EPOCH, batch.epoch, indices)
            with stop_held():
                loss = training.descend(augmentation.vary([items[index] for index in indices], seeds), batch)
            rate = len(batch.indices) / (time.monotonic() - began)
            after_step(Step(training.step, batch.epoch, loss, rate))
            if checkpoints.due():
                checkpoints.keep(training.state())
    except Stopped:
        checkpoints.keep(training.state())
        raise
    return training.ended()


class _Training:
    """Encoder, objective and optimiser between two steps."""

    def __init__(self, start: Vectorizer, vectors: Tensor, targets: Tensor, anchors: Anchors) -> None:
        self._blocks = Blocks(start)
        self.encoder = self._blocks.encoder
        self.losses: list[float] = []
        device = self.encoder.device
        self._vectors, self._targets = vectors.to(device), targets.to(device)
        self._anchors = anchors.items
        self._anchor_vectors = torch.from_numpy(anchors.vectors).to(device)
        self._steps = steps_for(len(vectors))
        self._objective = Objective(self._vectors, self._targets, _KEPT).to(device)
        self._optimiser = torch.optim.AdamW(
            [
                {"params": self._blocks.parameters, "peak": _LEARNING_RATE / start.dimension},
                {"params": list(self._objective.parameters()), "peak": _HEAD_LEARNING_RATE},
            ],
            weight_decay=_WEIGHT_DECAY,
        )
        processes = joined()
        self._gradients: MicroBatches | SharedGradient = (
            MicroBatches(self._blocks.encode, self._trained(), LARGEST_PART)
            if processes is None
            else SharedGradient(self._blocks, list(self._objective.parameters()), LARGEST_PART, processes)
        )

    @property
    def step(self) -> int:
        """Steps that are done."""
        return len(self.losses)

    def descend(self, items: list[Item], batch: _Batch) -> float:
        """One step down the gradient of a batch, whose examples are seen as `items`; its loss."""
        start, wanted = self._vectors[batch.indices], self._targets[batch.indices]
        held = self._anchor_vectors[batch.anchors]

        def loss_of(vectors: Tensor) -> Tensor:
            examples, anchors = vectors[: len(start)], vectors[len(start) :]
            loss: Tensor = self._objective(examples, start, wanted) + _KEPT * distillation(anchors, held)
            return loss

        loss = self._gradients.backward([*items, *(self._anchors[index] for index in batch.anchors.tolist())], loss_of)
        nn.utils.clip_grad_norm_(self._blocks.parameters, _LONGEST_GRADIENT)
        for group in self._optimiser.param_groups:
            group["lr"] = group["peak"] * share_of_peak(self.step, self._steps)
        self._optimiser.step()
        self.losses.append(loss)
        return loss

    def ended(self) -> TrainedBlocks:
        """What was trained, without the gradients."""
        self.encoder.zero_grad(set_to_none=True)
        return TrainedBlocks(self.encoder.requires_grad_(requires_grad=False), self.losses)

    def state(self) -> TrainingState:
        """All that the next step depends on."""
        moments = {
            f"optimiser.{index}.{name}": value
            for index, parameter in enumerate(self._trained())
            for name, value in self._optimiser.state[parameter].items()
        }
        losses = torch.tensor(self.losses, dtype=torch.float64)
        kept = {**self._weights(), **moments, "losses": losses}
        return TrainingState(self.step, {name: value.contiguous() for name, value in kept.items()})

    def restore(self, state: TrainingState) -> None:
        """Go back to a state of the same run."""
        with torch.no_grad():
            for name, weight in self._weights().items():
                weight.copy_(state.tensors[name])
        trained = self._trained()
        for name, value in state.tensors.items():
            if name.startswith("optimiser."):
                _, index, moment = name.split(".")
                parameter = trained[int(index)]
                # The count of steps stays on the CPU, as the optimiser keeps it.
                self._optimiser.state[parameter][moment] = value.to(parameter.device) if value.ndim else value
        self.losses = state.tensors["losses"].tolist()

    def _trained(self) -> list[nn.Parameter]:
        return [*self._blocks.parameters, *self._objective.parameters()]

    def _weights(self) -> dict[str, Tensor]:
        blocks = {f"encoder.{name}": block.detach() for name, block in self._blocks.trained.items()}
        return blocks | {f"objective.{name}": value for name, value in self._objective.state_dict().items()}


def _batches(examples: int, anchors: int, seed: int) -> Iterator[_Batch]:
    """The batch of each step."""
    order = generator(seed)
    for epoch in range(1, epochs_for(examples) + 1):
        shuffled = torch.randperm(examples, generator=order)
        for indices in shuffled.tensor_split(batches_for(examples)):
            yield _Batch(epoch, indices, torch.randperm(anchors, generator=order)[:ANCHORS])
