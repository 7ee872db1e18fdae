"""The recipe for enough examples: candidates are trained, one is chosen and mixed, and judged on what chose nothing."""

import time
from dataclasses import dataclass

import numpy as np
from vectorizer_api.run import Stage

from vectorizer_trainer.evaluation import HeldOut, Retention
from vectorizer_trainer.metrics import neighbour_overlaps
from vectorizer_trainer.schedule import epochs_for, steps_for
from vectorizer_trainer.tuning.adapter import EPOCHS, train_adapter
from vectorizer_trainer.tuning.anchors import Anchors, Measured, part_reference
from vectorizer_trainer.tuning.deep import Step, train_blocks
from vectorizer_trainer.tuning.interpolate import Moved, Share, best_share, mixed_weights, retained_share
from vectorizer_trainer.tuning.task import Baseline, Task, encode_observed
from vectorizer_trainer.tuning.types import Candidate, CurvePoint, Tuned
from vectorizer_trainer.tuning.verdict import Evidence, tuned
from vectorizer_trainer.vectorizer import Vectorizer

__all__ = ["tune_held_out"]


@dataclass(frozen=True)
class _Trained:
    """A candidate after training, with what choosing its share needs."""

    name: str
    vectorizer: Vectorizer
    choose: Moved
    reference: Moved
    curve: list[CurvePoint]
    seconds: float


def tune_held_out(task: Task) -> Tuned:
    """Trains every candidate that the content type offers, and judges the best mixture."""
    baseline = task.baseline()
    anchors, reference = part_reference(task.reference, baseline.reference)
    candidates = [_linear(task, baseline, reference)]
    if task.start.encoder.trained_by_fine_tuning():
        candidates.append(_deep(task, baseline, anchors, reference))
    task.watch.stage(Stage.INTERPOLATING, 1)
    shares = [best_share(candidate.choose, task.choose.targets, candidate.reference) for candidate in candidates]
    chosen, share = max(zip(candidates, shares, strict=True), key=lambda pair: pair[1].score)
    mixed, retention, alpha = _verified(task, reference, chosen, share)
    task.watch.stage(Stage.EVALUATING, len(task.gate))
    after = encode_observed(mixed, task.gate.items, task.watch.observer)
    first = len(task.train) + len(task.choose)
    evidence = Evidence(
        folds=[HeldOut(baseline.gate, after, task.gate.targets, task.gate.groups)],
        retention=retention,
        shown=[np.arange(first, first + len(task.gate))],
        chosen=chosen.name,
        alpha=alpha,
        candidates=[_report(*pair) for pair in zip(candidates, shares, strict=True)],
        curves=[point for candidate in candidates for point in candidate.curve],
    )
    return tuned(task, mixed, evidence)


def _linear(task: Task, baseline: Baseline, reference: Measured) -> _Trained:
    task.watch.stage(Stage.ADAPTING, EPOCHS)
    curve: list[CurvePoint] = []

    def after_epoch(epoch: int, loss: float) -> None:
        curve.append(CurvePoint("linear adapter", epoch, loss))
        task.watch.observer.advance(epoch, epoch=epoch, loss=loss)

    began = time.monotonic()
    adapter = train_adapter(baseline.train, task.train.targets, task.seed, after_epoch)
    moved = adapter.numpy()
    return _Trained(
        name="linear adapter",
        vectorizer=task.start.with_weights(task.start.encoder, adapter @ task.start.adapter),
        choose=Moved(baseline.choose, baseline.choose @ moved.T),
        reference=Moved(reference.vectors, reference.vectors @ moved.T),
        curve=curve,
        seconds=time.monotonic() - began,
    )


def _deep(task: Task, baseline: Baseline, anchors: Anchors, reference: Measured) -> _Trained:
    steps, epochs = steps_for(len(task.train)), epochs_for(len(task.train))
    task.watch.stage(Stage.TUNING, steps)

    def after_step(step: Step) -> None:
        task.watch.observer.advance(
            step.number, epoch=step.epoch, examples_per_second=step.examples_per_second, loss=step.loss
        )

    began = time.monotonic()
    trained = train_blocks(
        task.start,
        task.train.items,
        baseline.train,
        task.train.targets,
        anchors,
        task.seed,
        after_step,
        task.checkpoints,
    )
    seconds = time.monotonic() - began
    vectorizer = task.start.with_weights(trained.encoder, task.start.adapter)
    return _Trained(
        name="all blocks",
        vectorizer=vectorizer,
        choose=Moved(baseline.choose, vectorizer.encode_items(task.choose.items)),
        reference=Moved(reference.vectors, vectorizer.encode_items(reference.items)),
        curve=[CurvePoint("all blocks", step * epochs / steps, loss) for step, loss in enumerate(trained.losses, 1)],
        seconds=seconds,
    )


def _verified(task: Task, reference: Measured, chosen: _Trained, share: Share) -> tuple[Vectorizer, Retention, float]:
    """The mixture in weights; mixtures of vectors only predict it, so the share shrinks until it retains enough."""
    tried: dict[float, tuple[Vectorizer, Retention]] = {}

    def retention(alpha: float) -> float:
        mixed = mixed_weights(task.start, chosen.vectorizer, alpha)
        after = reference.vectors if alpha == 0 else mixed.encode_items(reference.items)
        tried[alpha] = mixed, Retention(neighbour_overlaps(reference.vectors, after))
        return tried[alpha][1].value

    alpha = retained_share(share.alpha, retention)
    return *tried[alpha], alpha


def _report(candidate: _Trained, share: Share) -> Candidate:
    return Candidate(
        name=candidate.name,
        alpha=share.alpha,
        score=share.score,
        start_score=share.start_score,
        retention=share.retention,
        seconds=candidate.seconds,
    )
