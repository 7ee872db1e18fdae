"""The recipe for few examples: nothing is chosen; the adapter alone is judged out of fold, then fitted to all."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count

import numpy as np
from numpy.typing import NDArray
from torch import Tensor
from vectorizer_api.run import Stage

from vectorizer_trainer.evaluation import HeldOut, Retention
from vectorizer_trainer.metrics import neighbour_overlaps
from vectorizer_trainer.tuning.adapter import EPOCHS, train_adapter
from vectorizer_trainer.tuning.interpolate import Moved, mixed_weights, retained_share
from vectorizer_trainer.tuning.task import Baseline, Task
from vectorizer_trainer.tuning.types import CurvePoint, Tuned
from vectorizer_trainer.tuning.verdict import Evidence, tuned

__all__ = ["tune_cross_validated"]

_FOLDS = 5
_ALPHA = 0.7
_NAME = "linear adapter"

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class _All:
    """Train, choose and gate as one."""

    vectors: Floats
    targets: NDArray[np.bool_]
    groups: NDArray[np.int64]


def tune_cross_validated(task: Task) -> Tuned:
    """Judges adapters on the fold that each was not trained on, and offers one trained on everything."""
    baseline = task.baseline()
    examples = _joined(task, baseline)
    folds = _folds(examples.groups, task.seed)
    task.watch.stage(Stage.ADAPTING, EPOCHS * (len(folds) + 1))
    curve: list[CurvePoint] = []
    after_epoch = _after_epoch(task, curve)
    final = train_adapter(examples.vectors, examples.targets, task.seed, after_epoch)
    fold_adapters = [_without(fold, examples, task.seed, after_epoch) for fold in folds]
    task.watch.stage(Stage.INTERPOLATING, 1)
    alpha, retention = _share(baseline.reference, final)
    task.watch.stage(Stage.EVALUATING, 1)
    evidence = Evidence(
        folds=[_held_out(fold, examples, adapter, alpha) for fold, adapter in zip(folds, fold_adapters, strict=True)],
        retention=retention,
        shown=folds,
        chosen=_NAME,
        alpha=alpha,
        candidates=[],
        curves=curve[:EPOCHS],
    )
    full = task.start.with_weights(task.start.encoder, final @ task.start.adapter)
    return tuned(task, mixed_weights(task.start, full, alpha), evidence)


def _joined(task: Task, baseline: Baseline) -> _All:
    parts = (task.train, task.choose, task.gate)
    return _All(
        vectors=np.concatenate([baseline.train, baseline.choose, baseline.gate]),
        targets=np.concatenate([part.targets for part in parts]),
        groups=np.concatenate([part.groups for part in parts]),
    )


def _folds(groups: NDArray[np.int64], seed: int) -> list[NDArray[np.int64]]:
    """Indices of each fold, groups whole."""
    shuffled = np.random.default_rng(seed).permutation(np.unique(groups))
    return [np.flatnonzero(np.isin(groups, shuffled[fold::_FOLDS])) for fold in range(_FOLDS)]


def _after_epoch(task: Task, curve: list[CurvePoint]) -> Callable[[int, float], None]:
    steps = count(1)

    def heard(epoch: int, loss: float) -> None:
        curve.append(CurvePoint(_NAME, epoch, loss))
        task.watch.observer.advance(next(steps), epoch=epoch, loss=loss)

    return heard


def _without(fold: NDArray[np.int64], examples: _All, seed: int, after_epoch: Callable[[int, float], None]) -> Tensor:
    rest = np.setdiff1d(np.arange(len(examples.vectors)), fold)
    return train_adapter(examples.vectors[rest], examples.targets[rest], seed, after_epoch)


def _share(reference: Floats, adapter: Tensor) -> tuple[float, Retention]:
    """The usual share, or less where it would forget too much: no label is looked at."""
    moved = Moved(reference, reference @ adapter.numpy().T)

    def retention(alpha: float) -> Retention:
        return Retention(neighbour_overlaps(reference, moved.at(alpha)))

    alpha = retained_share(_ALPHA, lambda alpha: retention(alpha).value)
    return alpha, retention(alpha)


def _held_out(fold: NDArray[np.int64], examples: _All, adapter: Tensor, alpha: float) -> HeldOut:
    start = examples.vectors[fold]
    moved = Moved(start, start @ adapter.numpy().T)
    return HeldOut(start, moved.at(alpha), examples.targets[fold], examples.groups[fold])
