"""From evidence to the result: what was measured, what it means, what to publish."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from vectorizer_api.run import Outcome

from vectorizer_trainer.evaluation import HeldOut, Retention, compare
from vectorizer_trainer.gate import judge
from vectorizer_trainer.metrics import effective_rank, label_precisions
from vectorizer_trainer.tuning.augmented import Augmented
from vectorizer_trainer.tuning.task import Task
from vectorizer_trainer.tuning.types import Candidate, CurvePoint, LabelChange, Tuned
from vectorizer_trainer.vectorizer import Vectorizer

__all__ = ["Evidence", "tuned"]

_COLLAPSE = 0.5
"""Share of the effective rank whose loss is worth a warning."""


@dataclass(frozen=True)
class Evidence:
    """What speaks for or against a tuned vectorizer."""

    folds: list[HeldOut]
    retention: Retention
    shown: list[NDArray[np.int64]]
    """Indices, counted through train, choose and gate, of the items of each fold."""
    chosen: str
    alpha: float
    candidates: list[Candidate]
    curves: list[CurvePoint]
    augmented: Augmented


def tuned(task: Task, vectorizer: Vectorizer, evidence: Evidence) -> Tuned:
    """The result: the vectorizer where the evidence shows it to be better, else the start."""
    comparison = compare(evidence.folds, task.seed)
    verdict = judge(comparison, evidence.retention.value)
    ranks = _effective_ranks(evidence.folds)
    task.watch.stop()
    return Tuned(
        vectorizer=vectorizer if verdict.outcome is Outcome.IMPROVED else task.start,
        judged=vectorizer,
        outcome=verdict.outcome,
        reason=verdict.reason,
        metrics=[*comparison.metrics(), evidence.retention.metric()],
        candidates=evidence.candidates,
        chosen=evidence.chosen,
        alpha=evidence.alpha,
        held_out=sum(len(fold.targets) for fold in evidence.folds),
        curves=evidence.curves,
        labels=_label_changes(task.label_names, evidence.folds),
        effective_rank=ranks,
        shown=evidence.shown,
        folds=evidence.folds,
        augmented=evidence.augmented,
        warnings=[*evidence.augmented.warnings(), *_collapse_warnings(*ranks)],
        seconds=dict(task.watch.seconds),
    )


def _effective_ranks(folds: Sequence[HeldOut]) -> tuple[float, float]:
    before = [effective_rank(fold.start) for fold in folds]
    after = [effective_rank(fold.tuned) for fold in folds]
    return float(np.mean(before)), float(np.mean(after))


def _collapse_warnings(before: float, after: float) -> list[str]:
    if after >= _COLLAPSE * before:
        return []
    return [f"The tuned vectors spread over {after:.0f} directions instead of {before:.0f}: they may have collapsed."]


def _label_changes(names: Sequence[str], folds: Sequence[HeldOut]) -> list[LabelChange]:
    positives = sum((fold.targets.sum(0) for fold in folds), np.zeros(len(names), int))
    before = _known_means(np.array([label_precisions(fold.start, fold.targets) for fold in folds]))
    after = _known_means(np.array([label_precisions(fold.tuned, fold.targets) for fold in folds]))
    return [
        LabelChange(name, int(count), start, end)
        for name, count, start, end in zip(names, positives, before, after, strict=True)
    ]


def _known_means(rows: NDArray[np.float64]) -> list[float | None]:
    return [float(np.nanmean(column)) if not np.isnan(column).all() else None for column in rows.T]
