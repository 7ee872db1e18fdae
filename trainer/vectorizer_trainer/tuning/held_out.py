"""The recipe for enough examples: candidates are trained, one is chosen and mixed, and judged on what chose nothing."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import count

import numpy as np
from numpy.typing import NDArray
from vectorizer_api.run import Stage

from vectorizer_trainer.augmentation import UNCHANGED, Augmentation
from vectorizer_trainer.evaluation import Difference, HeldOut, Retention
from vectorizer_trainer.metrics import neighbour_overlaps
from vectorizer_trainer.schedule import epochs_for, steps_for
from vectorizer_trainer.tuning.adapter import EPOCHS, train_adapter
from vectorizer_trainer.tuning.anchors import Anchors, Measured, part_reference
from vectorizer_trainer.tuning.augmented import Augmented, measure_gain
from vectorizer_trainer.tuning.deep import Step, train_blocks
from vectorizer_trainer.tuning.interpolate import Moved, Share, best_share, mixed_weights, retained_share
from vectorizer_trainer.tuning.task import Baseline, Task, encode_observed
from vectorizer_trainer.tuning.types import Candidate, CurvePoint, Tuned
from vectorizer_trainer.tuning.variations import Variations, adapter_name, vary, with_views
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
    varied: bool
    """Whether it was trained on varied examples."""
    share: Share
    """The best share of its change."""


def tune_held_out(task: Task) -> Tuned:
    """Trains every candidate that the content type offers, and judges the best mixture."""
    baseline = task.baseline()
    variations = vary(task, task.train, baseline.train)
    anchors, reference = part_reference(task.reference, baseline.reference)
    candidates = _linear(task, baseline, variations, reference)
    augmented = Augmented(variations.effects, _gain_of_varying(task, candidates))
    if task.start.encoder.trained_by_fine_tuning():
        augmentation = UNCHANGED if augmented.harmful else task.augmentation
        candidates.append(_deep(task, baseline, augmentation, anchors, reference))
    task.watch.stage(Stage.INTERPOLATING, 1)
    chosen = max(candidates, key=lambda candidate: candidate.share.score)
    mixed, retention, alpha = _verified(task, reference, chosen)
    task.watch.stage(Stage.EVALUATING, len(task.gate))
    after = encode_observed(mixed, task.gate.items, task.watch.observer)
    first = len(task.train) + len(task.choose)
    evidence = Evidence(
        folds=[HeldOut(baseline.gate, after, task.gate.targets, task.gate.groups)],
        retention=retention,
        shown=[np.arange(first, first + len(task.gate))],
        chosen=chosen.name,
        alpha=alpha,
        candidates=[_report(candidate) for candidate in candidates],
        curves=[point for candidate in candidates for point in candidate.curve],
        augmented=replace(augmented, applied=chosen.varied),
    )
    return tuned(task, mixed, evidence)


def _linear(task: Task, baseline: Baseline, variations: Variations, reference: Measured) -> list[_Trained]:
    """The adapter of the examples as they are, and that of their views too where there are any."""
    views = [variations.views[:0], variations.views] if len(variations.views) else [variations.views]
    task.watch.stage(Stage.ADAPTING, EPOCHS * len(views))
    steps = count(1)
    return [_adapted(task, baseline, some, reference, steps) for some in views]


def _adapted(
    task: Task, baseline: Baseline, views: NDArray[np.float32], reference: Measured, steps: Iterator[int]
) -> _Trained:
    name = adapter_name(views)
    curve: list[CurvePoint] = []

    def after_epoch(epoch: int, loss: float) -> None:
        curve.append(CurvePoint(name, epoch, loss))
        task.watch.observer.advance(next(steps), epoch=epoch, loss=loss)

    began = time.monotonic()
    adapter = train_adapter(*with_views(baseline.train, task.train.targets, views), task.seed, after_epoch)
    seconds = time.monotonic() - began
    choose = Moved(baseline.choose, baseline.choose @ adapter.numpy().T)
    kept = Moved(reference.vectors, reference.vectors @ adapter.numpy().T)
    return _Trained(
        name=name,
        vectorizer=task.start.with_weights(task.start.encoder, adapter.to(task.start.adapter) @ task.start.adapter),
        choose=choose,
        reference=kept,
        curve=curve,
        seconds=seconds,
        varied=len(views) > 0,
        share=best_share(choose, task.choose.targets, kept),
    )


def _gain_of_varying(task: Task, adapters: list[_Trained]) -> Difference | None:
    if len(adapters) == 1:
        return None
    plain, varied = (adapter.choose.at(adapter.share.alpha) for adapter in adapters)
    return measure_gain([HeldOut(plain, varied, task.choose.targets, task.choose.groups)], task.seed)


def _deep(
    task: Task, baseline: Baseline, augmentation: Augmentation, anchors: Anchors, reference: Measured
) -> _Trained:
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
        augmentation,
    )
    seconds = time.monotonic() - began
    vectorizer = task.start.with_weights(trained.encoder, task.start.adapter)
    choose = Moved(baseline.choose, vectorizer.encode_items(task.choose.items))
    kept = Moved(reference.vectors, vectorizer.encode_items(reference.items))
    return _Trained(
        name="all blocks",
        vectorizer=vectorizer,
        choose=choose,
        reference=kept,
        curve=[CurvePoint("all blocks", step * epochs / steps, loss) for step, loss in enumerate(trained.losses, 1)],
        seconds=seconds,
        varied=len(augmentation.transformations) > 0,
        share=best_share(choose, task.choose.targets, kept),
    )


def _verified(task: Task, reference: Measured, chosen: _Trained) -> tuple[Vectorizer, Retention, float]:
    """The mixture in weights; mixtures of vectors only predict it, so the share shrinks until it retains enough."""
    tried: dict[float, tuple[Vectorizer, Retention]] = {}

    def retention(alpha: float) -> float:
        mixed = mixed_weights(task.start, chosen.vectorizer, alpha)
        after = reference.vectors if alpha == 0 else mixed.encode_items(reference.items)
        tried[alpha] = mixed, Retention(neighbour_overlaps(reference.vectors, after))
        return tried[alpha][1].value

    alpha = retained_share(chosen.share.alpha, retention)
    return *tried[alpha], alpha


def _report(candidate: _Trained) -> Candidate:
    share = candidate.share
    return Candidate(
        name=candidate.name,
        alpha=share.alpha,
        score=share.score,
        start_score=share.start_score,
        retention=share.retention,
        seconds=candidate.seconds,
    )
