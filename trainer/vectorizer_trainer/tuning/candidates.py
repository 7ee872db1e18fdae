"""What is tried to be better than the start: a linear adapter on cached vectors, and all blocks of the encoder."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor
from vectorizer_api.run import Stage

from vectorizer_trainer.augmentation import Augmentation
from vectorizer_trainer.cache import Selected
from vectorizer_trainer.content.encoder import Item
from vectorizer_trainer.evaluation import Retention
from vectorizer_trainer.metrics import neighbour_overlaps
from vectorizer_trainer.schedule import FEWEST_FOR_BLOCKS, epochs_for, steps_for
from vectorizer_trainer.tuning.adapter import EPOCHS, train_adapter
from vectorizer_trainer.tuning.anchors import Anchors, Measured
from vectorizer_trainer.tuning.checkpoint import Checkpoints
from vectorizer_trainer.tuning.deep import Step, train_blocks
from vectorizer_trainer.tuning.interpolate import Moved, mixed_weights, retained_share
from vectorizer_trainer.tuning.task import Task
from vectorizer_trainer.tuning.types import CurvePoint, Examples
from vectorizer_trainer.tuning.variations import Variations, with_views
from vectorizer_trainer.vectorizer import Vectorizer

__all__ = ["AllBlocks", "Candidate", "LinearAdapter", "Trained", "all_blocks", "linear_adapters", "verified_share"]

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]


class Trained(Protocol):
    """A candidate after training: all of its change of the start."""

    @property
    def vectorizer(self) -> Vectorizer:
        """The start with all of the change."""

    @property
    def curve(self) -> list[CurvePoint]:
        """The loss as it fell."""

    @property
    def seconds(self) -> float:
        """Time to train it."""

    def moved(self, vectors: Floats, items: Sequence[Item]) -> Moved:
        """Items with start vectors [n, d] under start and candidate: mixtures of the two predict those of weights."""

    def at(self, alpha: float, vectors: Floats, items: Sequence[Item]) -> Floats:
        """Unit vectors [n, d] of items with start vectors [n, d] at a share of the change, in weights."""


class Candidate(Protocol):
    """A way to learn from some of the examples."""

    @property
    def name(self) -> str:
        """What people call it."""

    @property
    def stage(self) -> Stage:
        """The stage in which it is trained."""

    @property
    def varied(self) -> bool:
        """Whether it learns from varied examples."""

    def steps(self, examples: int) -> int:
        """Steps that training on so many examples takes."""

    def train(self, rows: Rows, done: int, checkpoints: Checkpoints) -> Trained:
        """Learns from the examples `rows` [m]; `done` steps of its stage were taken by other trainings."""


@dataclass(frozen=True)
class LinearAdapter:
    """A linear map of the vectors, trained in seconds."""

    stage: ClassVar[Stage] = Stage.ADAPTING

    task: Task
    targets: NDArray[np.bool_]
    """[n, labels] of the examples."""
    vectors: Floats
    """[n, d] of the start."""
    views: Floats
    """[views, n, d] of the start, of the examples varied; no views where it learns from the examples as they are."""

    @property
    def varied(self) -> bool:
        """See Candidate."""
        return len(self.views) > 0

    @property
    def name(self) -> str:
        """What people call it."""
        return "linear adapter, varied examples" if self.varied else "linear adapter"

    def steps(self, examples: int) -> int:
        """See Candidate: as many for any number of examples."""
        return EPOCHS

    def train(self, rows: Rows, done: int, checkpoints: Checkpoints) -> "_Adapted":
        """See Candidate; too quick for checkpoints."""
        curve: list[CurvePoint] = []

        def after_epoch(epoch: int, loss: float) -> None:
            curve.append(CurvePoint(self.name, epoch, loss))
            self.task.watch.observer.advance(done + epoch, epoch=epoch, loss=loss)

        began = time.monotonic()
        seen = with_views(self.vectors[rows], self.targets[rows], self.views[:, rows])
        adapter = train_adapter(*seen, self.task.seed, after_epoch)
        start = self.task.start
        vectorizer = start.with_weights(start.encoder, adapter.to(start.adapter) @ start.adapter)
        return _Adapted(vectorizer, curve, time.monotonic() - began, adapter)


@dataclass(frozen=True)
class AllBlocks:
    """All blocks of the encoder, trained on the items themselves."""

    stage: ClassVar[Stage] = Stage.TUNING

    task: Task
    examples: Examples
    vectors: Floats
    """[n, d] of the start."""
    anchors: Anchors
    augmentation: Augmentation

    @property
    def varied(self) -> bool:
        """See Candidate."""
        return len(self.augmentation.transformations) > 0

    @property
    def name(self) -> str:
        """What people call it."""
        return "all blocks, varied examples" if self.varied else "all blocks"

    def steps(self, examples: int) -> int:
        """See Candidate."""
        return steps_for(examples)

    def train(self, rows: Rows, done: int, checkpoints: Checkpoints) -> "_Tuned":
        """See Candidate."""
        steps, epochs = steps_for(len(rows)), epochs_for(len(rows))

        def after_step(step: Step) -> None:
            self.task.watch.observer.advance(
                done + step.number, epoch=step.epoch, examples_per_second=step.examples_per_second, loss=step.loss
            )

        began = time.monotonic()
        trained = train_blocks(
            self.task.start,
            Selected(self.examples.items, rows.tolist()),
            self.vectors[rows],
            self.examples.targets[rows],
            self.anchors,
            self.task.seed,
            after_step,
            checkpoints.of(self.name),
            self.augmentation,
        )
        curve = [CurvePoint(self.name, step * epochs / steps, loss) for step, loss in enumerate(trained.losses, 1)]
        start = self.task.start
        vectorizer = start.with_weights(trained.encoder, start.adapter)
        return _Tuned(vectorizer, curve, time.monotonic() - began, start)


@dataclass(frozen=True)
class _Adapted:
    """A trained adapter, whose vectors follow from those of the start."""

    vectorizer: Vectorizer
    curve: list[CurvePoint]
    seconds: float
    adapter: Tensor
    """[d, d]."""

    def moved(self, vectors: Floats, items: Sequence[Item]) -> Moved:
        """See Trained; here mixtures are exact."""
        return Moved(vectors, vectors @ self.adapter.numpy().T)

    def at(self, alpha: float, vectors: Floats, items: Sequence[Item]) -> Floats:
        """See Trained."""
        return self.moved(vectors, items).at(alpha)


@dataclass(frozen=True)
class _Tuned:
    """Trained blocks."""

    vectorizer: Vectorizer
    curve: list[CurvePoint]
    seconds: float
    start: Vectorizer

    def moved(self, vectors: Floats, items: Sequence[Item]) -> Moved:
        """See Trained."""
        return Moved(vectors, self.vectorizer.encode_items(items))

    def at(self, alpha: float, vectors: Floats, items: Sequence[Item]) -> Floats:
        """See Trained."""
        return vectors if alpha == 0 else mixed_weights(self.start, self.vectorizer, alpha).encode_items(items)


def linear_adapters(task: Task, examples: Examples, vectors: Floats, variations: Variations) -> list[LinearAdapter]:
    """One that learns from examples with start vectors [n, d] as they are, and where they are varied one of both."""
    none = variations.views[:0]
    kinds = [none, variations.views] if len(variations.views) else [none]
    return [LinearAdapter(task, examples.targets, vectors, views) for views in kinds]


def all_blocks(
    task: Task, examples: Examples, vectors: Floats, anchors: Anchors, ways: Sequence[Augmentation]
) -> list[AllBlocks]:
    """One for each way to see examples with start vectors [n, d]; none where encoder or number do not allow it."""
    offered = len(examples) >= FEWEST_FOR_BLOCKS and task.start.encoder.trained_by_fine_tuning()
    return [AllBlocks(task, examples, vectors, anchors, augmentation) for augmentation in ways] if offered else []


def verified_share(trained: Trained, reference: Measured, highest: float) -> tuple[float, Retention]:
    """The largest share, not above `highest`, that retains enough in weights; mixtures of vectors only predict it."""
    measured: dict[float, Retention] = {}

    def retention(alpha: float) -> float:
        after = trained.at(alpha, reference.vectors, reference.items)
        measured[alpha] = Retention(neighbour_overlaps(reference.vectors, after))
        return measured[alpha].value

    alpha = retained_share(highest, retention)
    return alpha, measured[alpha]
