"""The recipe for enough examples: candidates are trained, one is chosen and mixed, and judged on what chose nothing."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from vectorizer_api.run import Stage

from vectorizer_trainer.evaluation import Difference, HeldOut
from vectorizer_trainer.tuning import types
from vectorizer_trainer.tuning.anchors import Measured, part_reference
from vectorizer_trainer.tuning.augmented import Augmented, measure_gain
from vectorizer_trainer.tuning.candidates import Candidate, Trained, all_blocks, linear_adapters, verified_share
from vectorizer_trainer.tuning.interpolate import Moved, Share, best_share, mixed_weights
from vectorizer_trainer.tuning.task import Baseline, Task, encode_observed
from vectorizer_trainer.tuning.types import Tuned
from vectorizer_trainer.tuning.variations import vary
from vectorizer_trainer.tuning.verdict import Evidence, tuned

__all__ = ["tune_held_out"]


@dataclass(frozen=True)
class _Tried:
    """A trained candidate, with what choosing needs."""

    candidate: Candidate
    trained: Trained
    choose: Moved
    share: Share
    """The best share of its change."""

    @property
    def report(self) -> types.Candidate:
        """For people."""
        return types.Candidate(name=self.candidate.name, seconds=self.trained.seconds, **vars(self.share))

    @property
    def map(self) -> Callable[[NDArray[np.float32]], NDArray[np.float32]]:
        """From start vectors [n, d] to vectors at the best share, where these follow from those of the start alone."""
        return lambda vectors: self.trained.at(self.share.alpha, vectors, [])


def tune_held_out(task: Task) -> Tuned:
    """Trains every candidate that the content type offers, and judges the best mixture."""
    baseline = task.baseline()
    variations = vary(task, task.train, baseline.train)
    anchors, reference = part_reference(task.reference, baseline.reference)
    tried = list(_try(task, baseline, reference, linear_adapters(task, task.train, baseline.train, variations)))
    augmented = Augmented(variations.effects, _gain_of_varying(task, tried))
    ways = augmented.to_try(task.augmentation)
    tried += _try(task, baseline, reference, all_blocks(task, task.train, baseline.train, anchors, ways))
    task.watch.stage(Stage.INTERPOLATING, 1)
    chosen = max(tried, key=lambda each: each.share.score)
    alpha, retention = verified_share(chosen.trained, reference, chosen.share.alpha)
    mixed = mixed_weights(task.start, chosen.trained.vectorizer, alpha)
    task.watch.stage(Stage.EVALUATING, len(task.gate))
    after = encode_observed(mixed, task.gate.items, task.watch.observer)
    first = len(task.train) + len(task.choose)
    evidence = Evidence(
        folds=[HeldOut(baseline.gate, after, task.gate.targets, task.gate.groups)],
        retention=retention,
        shown=[np.arange(first, first + len(task.gate))],
        chosen=chosen.candidate.name,
        alpha=alpha,
        candidates=[each.report for each in tried],
        curves=[point for each in tried for point in each.trained.curve],
        augmented=replace(augmented, applied=chosen.candidate.varied),
    )
    adapters = {each.candidate.name: each.map for each in tried if each.candidate.stage is Stage.ADAPTING}
    return replace(tuned(task, mixed, evidence), adapters=adapters)


def _try(task: Task, baseline: Baseline, reference: Measured, candidates: Sequence[Candidate]) -> Iterator[_Tried]:
    """Trains candidates of one stage, and finds the best share of each one's change."""
    everything = np.arange(len(task.train))
    steps = [candidate.steps(len(everything)) for candidate in candidates]
    for turn, candidate in enumerate(candidates):
        if turn == 0:
            task.watch.stage(candidate.stage, sum(steps))
        trained = candidate.train(everything, sum(steps[:turn]), task.checkpoints)
        choose = trained.moved(baseline.choose, task.choose.items)
        kept = trained.moved(reference.vectors, reference.items)
        yield _Tried(candidate, trained, choose, best_share(choose, task.choose.targets, kept))


def _gain_of_varying(task: Task, adapters: Sequence[_Tried]) -> Difference | None:
    if len(adapters) == 1:
        return None
    plain, varied = (adapter.choose.at(adapter.share.alpha) for adapter in adapters)
    return measure_gain([HeldOut(plain, varied, task.choose.targets, task.choose.groups)], task.seed)
