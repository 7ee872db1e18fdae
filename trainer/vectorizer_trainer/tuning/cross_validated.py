"""The recipe for fewer examples than a tenth of which could prove a gain: each is held out once.

Every candidate is trained on all examples, and once without each fold to be judged on it. How much of its change is
kept follows from retention alone, which no label enters. The labels choose only which candidate is offered, and that
among two or three whose differences are far smaller than what the gate asks for.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from vectorizer_api.run import Stage

from vectorizer_trainer.cache import Joined, Selected
from vectorizer_trainer.evaluation import Difference, HeldOut, Retention
from vectorizer_trainer.schedule import FOLDS
from vectorizer_trainer.splitting import folds
from vectorizer_trainer.tuning import types
from vectorizer_trainer.tuning.anchors import Measured, part_reference
from vectorizer_trainer.tuning.augmented import Augmented, measure_gain
from vectorizer_trainer.tuning.candidates import Candidate, Trained, all_blocks, linear_adapters, verified_share
from vectorizer_trainer.tuning.interpolate import mixed_weights, predicted_share, score
from vectorizer_trainer.tuning.task import Task
from vectorizer_trainer.tuning.types import Examples, Tuned
from vectorizer_trainer.tuning.variations import vary
from vectorizer_trainer.tuning.verdict import Evidence, tuned

__all__ = ["HIGHEST_SHARE", "tune_cross_validated"]

Floats = NDArray[np.float32]

HIGHEST_SHARE = 0.8
"""Of a change that few examples taught: all of it, from 100 texts, took kNN label-mAP two points below the start's."""


@dataclass(frozen=True)
class _Judged:
    """A candidate trained on everything, with what speaks for it."""

    candidate: Candidate
    trained: Trained
    alpha: float
    retention: Retention
    folds: list[HeldOut]
    """Each fold under the start, and at the same share of what was learnt without it."""

    @property
    def report(self) -> types.Candidate:
        """For people."""
        return types.Candidate(
            name=self.candidate.name,
            alpha=self.alpha,
            score=float(np.mean([score(fold.tuned, fold.targets) for fold in self.folds])),
            start_score=float(np.mean([score(fold.start, fold.targets) for fold in self.folds])),
            retention=self.retention.value,
            seconds=self.trained.seconds,
        )


def tune_cross_validated(task: Task) -> Tuned:
    """Judges each candidate on the folds that it was not trained on, and offers the best, trained on everything."""
    baseline = task.baseline()
    examples, vectors = _joined(task), np.concatenate([baseline.train, baseline.choose, baseline.gate])
    anchors, reference = part_reference(task.reference, baseline.reference)
    variations = vary(task, examples, vectors)
    shown = folds(examples.targets, examples.groups, FOLDS, task.seed)
    judge = _Judge(task, examples, vectors, reference, shown)
    adapters = list(judge.all_of(linear_adapters(task, examples, vectors, variations)))
    augmented = Augmented(variations.effects, _gain_of_varying(adapters, task.seed))
    ways = augmented.to_try(task.augmentation)
    varied = {len(way.transformations) > 0 for way in ways}
    judged = [adapter for adapter in adapters if adapter.candidate.varied in varied]
    judged += judge.all_of(all_blocks(task, examples, vectors, anchors, ways))
    task.watch.stage(Stage.INTERPOLATING, 1)
    chosen = max(judged, key=lambda each: each.report.score)
    mixed = mixed_weights(task.start, chosen.trained.vectorizer, chosen.alpha)
    task.watch.stage(Stage.EVALUATING, 1)
    evidence = Evidence(
        folds=chosen.folds,
        retention=chosen.retention,
        shown=shown,
        chosen=chosen.candidate.name,
        alpha=chosen.alpha,
        candidates=[each.report for each in judged],
        curves=[point for each in judged for point in each.trained.curve],
        augmented=replace(augmented, applied=chosen.candidate.varied),
    )
    return tuned(task, mixed, evidence)


@dataclass(frozen=True)
class _Judge:
    """Trains candidates and judges them out of fold."""

    task: Task
    examples: Examples
    vectors: Floats
    """[n, d] of the start."""
    reference: Measured
    folds: list[NDArray[np.int64]]

    def all_of(self, candidates: Sequence[Candidate]) -> Iterator[_Judged]:
        """Candidates of one stage, one after the other."""
        rows = [self._everything, *map(self._without, self.folds)]
        steps = [sum(candidate.steps(len(some)) for some in rows) for candidate in candidates]
        for turn, candidate in enumerate(candidates):
            if turn == 0:
                self.task.watch.stage(candidate.stage, sum(steps))
            yield self._judged(candidate, sum(steps[:turn]))

    def _judged(self, candidate: Candidate, done: int) -> _Judged:
        trained = candidate.train(self._everything, done, self.task.checkpoints)
        done += candidate.steps(len(self._everything))
        kept = trained.moved(self.reference.vectors, self.reference.items)
        alpha, retention = verified_share(trained, self.reference, predicted_share(HIGHEST_SHARE, kept))
        judged = []
        for number, fold in enumerate(self.folds, 1):
            rest = self._without(fold)
            learnt = candidate.train(rest, done, self.task.checkpoints.of(f"without fold {number}"))
            done += candidate.steps(len(rest))
            judged.append(self._held_out(fold, learnt, alpha))
        return _Judged(candidate, trained, alpha, retention, judged)

    def _held_out(self, fold: NDArray[np.int64], learnt: Trained, alpha: float) -> HeldOut:
        start, items = self.vectors[fold], Selected(self.examples.items, fold.tolist())
        after = learnt.at(alpha, start, items)
        return HeldOut(start, after, self.examples.targets[fold], self.examples.groups[fold])

    @property
    def _everything(self) -> NDArray[np.int64]:
        return np.arange(len(self.examples))

    def _without(self, fold: NDArray[np.int64]) -> NDArray[np.int64]:
        return np.setdiff1d(self._everything, fold)


def _joined(task: Task) -> Examples:
    """Train, choose and gate as one."""
    parts = (task.train, task.choose, task.gate)
    return Examples(
        items=Joined([part.items for part in parts]),
        targets=np.concatenate([part.targets for part in parts]),
        groups=np.concatenate([part.groups for part in parts]),
    )


def _gain_of_varying(adapters: Sequence[_Judged], seed: int) -> Difference | None:
    if len(adapters) == 1:
        return None
    pairs = zip(*(adapter.folds for adapter in adapters), strict=True)
    return measure_gain(
        [HeldOut(plain.tuned, varied.tuned, plain.targets, plain.groups) for plain, varied in pairs], seed
    )
