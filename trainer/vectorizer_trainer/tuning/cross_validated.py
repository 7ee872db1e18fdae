"""The recipe for few examples: the adapter alone is judged out of fold, then fitted to all.

Nothing is chosen but whether to train on varied examples: that they are kept unless they do harm beyond doubt is one
choice of two, made by differences far smaller than those that the gate asks for.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import count

import numpy as np
from numpy.typing import NDArray
from torch import Tensor
from vectorizer_api.run import Stage

from vectorizer_trainer.cache import Joined
from vectorizer_trainer.evaluation import Difference, HeldOut, Retention
from vectorizer_trainer.metrics import neighbour_overlaps
from vectorizer_trainer.tuning.adapter import EPOCHS, train_adapter
from vectorizer_trainer.tuning.augmented import Augmented, measure_gain
from vectorizer_trainer.tuning.interpolate import Moved, mixed_weights, retained_share
from vectorizer_trainer.tuning.task import Task
from vectorizer_trainer.tuning.types import CurvePoint, Examples, Tuned
from vectorizer_trainer.tuning.variations import adapter_name, vary, with_views
from vectorizer_trainer.tuning.verdict import Evidence, tuned

__all__ = ["tune_cross_validated"]

_FOLDS = 5
_ALPHA = 0.7

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class _Trained:
    """Adapters of one kind: the one to offer, and those that judge it."""

    views: Floats
    """Unit vectors [views, n, d] that they were trained on beside the examples as they are."""
    final: Tensor
    """[d, d], trained on everything."""
    folds: list[HeldOut]
    """Of each fold, under an adapter that saw neither its examples nor their views."""
    alpha: float
    retention: Retention
    curve: list[CurvePoint]


def tune_cross_validated(task: Task) -> Tuned:
    """Judges adapters on the fold that each was not trained on, and offers one trained on everything."""
    baseline = task.baseline()
    examples, vectors = _joined(task), np.concatenate([baseline.train, baseline.choose, baseline.gate])
    variations = vary(task, examples, vectors)
    folds = _folds(examples.groups, task.seed)
    views = [variations.views[:0], variations.views] if len(variations.views) else [variations.views]
    task.watch.stage(Stage.ADAPTING, EPOCHS * (len(folds) + 1) * len(views))
    steps = count(1)
    trained = [_trained(task, examples, vectors, some, folds, baseline.reference, steps) for some in views]
    task.watch.stage(Stage.INTERPOLATING, 1)
    augmented = Augmented(variations.effects, _gain_of_varying(trained, task.seed))
    chosen = trained[0] if augmented.harmful else trained[-1]
    task.watch.stage(Stage.EVALUATING, 1)
    evidence = Evidence(
        folds=chosen.folds,
        retention=chosen.retention,
        shown=folds,
        chosen=adapter_name(chosen.views),
        alpha=chosen.alpha,
        candidates=[],
        curves=chosen.curve,
        augmented=replace(augmented, applied=len(chosen.views) > 0),
    )
    full = task.start.with_weights(task.start.encoder, chosen.final.to(task.start.adapter) @ task.start.adapter)
    return tuned(task, mixed_weights(task.start, full, chosen.alpha), evidence)


def _joined(task: Task) -> Examples:
    """Train, choose and gate as one."""
    parts = (task.train, task.choose, task.gate)
    return Examples(
        items=Joined([part.items for part in parts]),
        targets=np.concatenate([part.targets for part in parts]),
        groups=np.concatenate([part.groups for part in parts]),
    )


def _folds(groups: NDArray[np.int64], seed: int) -> list[NDArray[np.int64]]:
    """Indices of each fold, groups whole."""
    shuffled = np.random.default_rng(seed).permutation(np.unique(groups))
    return [np.flatnonzero(np.isin(groups, shuffled[fold::_FOLDS])) for fold in range(_FOLDS)]


def _trained(
    task: Task,
    examples: Examples,
    vectors: Floats,
    views: Floats,
    folds: list[NDArray[np.int64]],
    reference: Floats,
    steps: Iterator[int],
) -> _Trained:
    curve: list[CurvePoint] = []

    def after_epoch(epoch: int, loss: float) -> None:
        curve.append(CurvePoint(adapter_name(views), epoch, loss))
        task.watch.observer.advance(next(steps), epoch=epoch, loss=loss)

    def adapter(rows: NDArray[np.int64]) -> Tensor:
        seen = with_views(vectors[rows], examples.targets[rows], views[:, rows])
        return train_adapter(*seen, task.seed, after_epoch)

    everything = np.arange(len(vectors))
    final = adapter(everything)
    alpha, retention = _share(reference, final)
    judged = [_held_out(fold, examples, vectors, adapter(np.setdiff1d(everything, fold)), alpha) for fold in folds]
    return _Trained(views, final, judged, alpha, retention, curve[:EPOCHS])


def _gain_of_varying(trained: list[_Trained], seed: int) -> Difference | None:
    if len(trained) == 1:
        return None
    pairs = zip(*(adapters.folds for adapters in trained), strict=True)
    return measure_gain(
        [HeldOut(plain.tuned, varied.tuned, plain.targets, plain.groups) for plain, varied in pairs], seed
    )


def _share(reference: Floats, adapter: Tensor) -> tuple[float, Retention]:
    """The usual share, or less where it would forget too much: no label is looked at."""
    moved = Moved(reference, reference @ adapter.numpy().T)

    def retention(alpha: float) -> Retention:
        return Retention(neighbour_overlaps(reference, moved.at(alpha)))

    alpha = retained_share(_ALPHA, lambda alpha: retention(alpha).value)
    return alpha, retention(alpha)


def _held_out(fold: NDArray[np.int64], examples: Examples, vectors: Floats, adapter: Tensor, alpha: float) -> HeldOut:
    start = vectors[fold]
    moved = Moved(start, start @ adapter.numpy().T)
    return HeldOut(start, moved.at(alpha), examples.targets[fold], examples.groups[fold])
