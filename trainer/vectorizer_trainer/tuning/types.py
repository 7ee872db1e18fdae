"""What fine-tuning takes and gives."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from vectorizer_api.run import Metric, Outcome, Stage

from vectorizer_trainer.content.encoder import Item
from vectorizer_trainer.evaluation import HeldOut
from vectorizer_trainer.tuning.augmented import Augmented
from vectorizer_trainer.vectorizer import Vectorizer


@dataclass(frozen=True)
class Examples:
    """Decoded files with their labels."""

    items: Sequence[Item]
    """n items; may be lazy, reading each from a cache."""
    targets: NDArray[np.bool_]
    """[n, labels]: which labels an item carries."""
    groups: NDArray[np.int64]
    """[n]: items of one group are never parted (duplicates, one speaker, one product)."""
    vectors: NDArray[np.float32] | None = None
    """[n, dimension] of the starting vectorizer, where they are known already."""

    def __post_init__(self) -> None:
        """Refuses parts of different length."""
        if not len(self.items) == len(self.targets) == len(self.groups):
            raise ValueError(f"{len(self.items)} items, {len(self.targets)} targets, {len(self.groups)} groups")

    def __len__(self) -> int:
        """The number of examples."""
        return len(self.items)


class Observer(Protocol):
    """Is told how far fine-tuning is."""

    def stage(self, stage: Stage, steps: int) -> None:
        """A stage begins that will take so many steps."""

    def advance(
        self,
        step: int,
        *,
        epoch: int | None = None,
        examples_per_second: float | None = None,
        loss: float | None = None,
    ) -> None:
        """So many steps of the stage are done."""


class Silent:
    """An observer that says nothing."""

    def stage(self, stage: Stage, steps: int) -> None:
        """Says nothing."""

    def advance(
        self,
        step: int,
        *,
        epoch: int | None = None,
        examples_per_second: float | None = None,
        loss: float | None = None,
    ) -> None:
        """Says nothing."""


@dataclass(frozen=True)
class Candidate:
    """A way to be better that was tried."""

    name: str
    """`linear adapter` or `all blocks`, and `, varied examples` where it learnt from these."""
    alpha: float
    """The best share of the change, 0 where none helped."""
    score: float
    """NDCG@10 + mAP@100 on the examples to choose on, at that share."""
    start_score: float
    """The same of the start."""
    retention: float
    """Neighbour overlap with the start among the reference items, at that share."""
    seconds: float
    """Time to train it."""


@dataclass(frozen=True)
class CurvePoint:
    """One point of a learning curve."""

    candidate: str
    epoch: float
    """Epochs trained so far, fractional inside one."""
    loss: float


@dataclass(frozen=True)
class LabelChange:
    """One label's kNN average precision, before and after."""

    label: str
    positives: int
    """Held-out items that carry it."""
    start: float | None
    """None with fewer than 3 positive queries."""
    tuned: float | None


@dataclass(frozen=True)
class Tuned:
    """The result of a fine-tuning."""

    vectorizer: Vectorizer
    """The one to publish: the start itself where nothing was gained."""
    judged: Vectorizer
    """The one that was judged, also where it was not better."""
    outcome: Outcome
    reason: str
    """Why, in one sentence for people."""
    metrics: list[Metric]
    """Of the chosen candidate against the start, on the held-out examples, also where it was not better."""
    candidates: list[Candidate]
    chosen: str
    """Name of the candidate that was judged."""
    alpha: float
    """Share of its change that was judged; 0 where none was."""
    held_out: int
    """Examples that the metrics were measured on."""
    curves: list[CurvePoint]
    labels: list[LabelChange]
    effective_rank: tuple[float, float]
    """Of the held-out vectors of start and tuned: a collapse shows as a fall."""
    shown: list[NDArray[np.int64]]
    """[m] of each fold: indices, counted through train, choose and gate, of its held-out examples."""
    folds: list[HeldOut]
    """The same examples under the start and under the judged candidate; vectors of two folds do not compare."""
    augmented: Augmented = field(default_factory=Augmented)
    warnings: list[str] = field(default_factory=list)
    seconds: Mapping[str, float] = field(default_factory=dict)
    """Wall-clock seconds per stage."""
    adapters: Mapping[str, Callable[[NDArray[np.float32]], NDArray[np.float32]]] = field(default_factory=dict)
    """Of each linear adapter, by the name of its candidate: it maps start vectors [n, d] to unit vectors [n, d] at the
    best share of its change. Empty where each fold had its own."""
