"""One factor of the recipe at a time: what each is worth on the test set, to each candidate.

python bench/ablation.py --content Text --examples 300 1000 [--seeds 3] [--results bench/results/ablation.jsonl]

Both candidates are trained on all of the examples, and measured at the largest share of their change that retains
enough: nothing is chosen between them and no gate asked, so that a difference is the factor's alone. Each finished run
is a line of the results; a run whose line is there is not made again, so that the table can be filled over many days.
The table of all lines is printed at the end.
"""

import argparse
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from pkgutil import resolve_name
from statistics import mean, stdev
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from hard_negatives import train_blocks_on_hard_negatives
from journal import Journal, source
from numpy.typing import NDArray
from torch import Tensor
from trial import DATA_SETS, Split, Trial, open_trial
from vectorizer_api.content import AugmentationConditions
from vectorizer_trainer import schedule
from vectorizer_trainer.augmentation import UNCHANGED, Augmentation, augmentation_for
from vectorizer_trainer.evaluation import HeldOut, compare
from vectorizer_trainer.schedule import FEWEST_TO_HOLD_OUT
from vectorizer_trainer.tuning import Silent, adapter
from vectorizer_trainer.tuning.anchors import part_reference
from vectorizer_trainer.tuning.candidates import Candidate, all_blocks, linear_adapters, verified_share
from vectorizer_trainer.tuning.checkpoint import NoCheckpoints
from vectorizer_trainer.tuning.cross_validated import HIGHEST_SHARE
from vectorizer_trainer.tuning.interpolate import predicted_share
from vectorizer_trainer.tuning.task import Stopwatch, Task
from vectorizer_trainer.tuning.variations import vary

RESULTS = Path(__file__).parent / "results" / "ablation.jsonl"
_METRICS = ("NDCG@10", "mAP@100", "kNN label-mAP", "retention")
_SHOWN = (("NDCG@10", "mAP@100"), ("kNN label-mAP",), ("retention",))
"""The metrics that are added up to one figure of the table."""
_RECIPE = "the recipe"


@dataclass(frozen=True)
class Factor:
    """A change of the recipe: what takes the place of what, by dotted name."""

    name: str
    replaced: Mapping[str, Any]
    """Dotted name of a constant or function -> what stands in for it."""
    augmentation: Callable[[Trial], Augmentation] = lambda _: UNCHANGED
    """What the examples are varied by."""


def _epochs(times: float) -> dict[str, Any]:
    def epochs_for(examples: int) -> int:
        return max(1, round(times * original(examples)))

    original = schedule.epochs_for
    modules = ("schedule", "tuning.deep", "tuning.candidates")
    replaced: dict[str, Any] = {f"vectorizer_trainer.{module}.epochs_for": epochs_for for module in modules}
    epochs = round(times * adapter.EPOCHS)
    return replaced | {f"vectorizer_trainer.tuning.{module}.EPOCHS": epochs for module in ("adapter", "candidates")}


def _every_switch(trial: Trial) -> Augmentation:
    return augmentation_for(trial.start.content_type, AugmentationConditions(), trial.start.encoder)


def _equal_information(targets: Tensor) -> Tensor:
    return torch.ones(targets.shape[1], device=targets.device)


def _scaled(times: float, constant: str) -> dict[str, float]:
    """A constant that both candidates have, times a number."""
    names = [f"vectorizer_trainer.tuning.{candidate}.{constant}" for candidate in ("adapter", "deep")]
    return {name: times * resolve_name(name) for name in names}


FACTORS = [
    Factor(_RECIPE, {}),
    Factor("no IDF", {"vectorizer_trainer.tuning.objective.label_information": _equal_information}),
    Factor("distillation × 1/2", _scaled(1 / 2, "_KEPT")),
    Factor("distillation × 2", _scaled(2, "_KEPT")),
    Factor("learning rate × 1/2", _scaled(1 / 2, "_LEARNING_RATE")),
    Factor("learning rate × 2", _scaled(2, "_LEARNING_RATE")),
    Factor("learning rate × 4", _scaled(4, "_LEARNING_RATE")),
    Factor("learning rate × 6", _scaled(6, "_LEARNING_RATE")),
    Factor("epochs × 1/2", _epochs(1 / 2)),
    Factor("epochs × 2", _epochs(2)),
    Factor(
        "hard negatives",
        {"vectorizer_trainer.tuning.candidates.train_blocks": train_blocks_on_hard_negatives},
    ),
    Factor("no anchors", {"vectorizer_trainer.tuning.deep._ANCHORS": 0}),
    Factor("varied examples", {}, _every_switch),
]


def main() -> None:
    """Makes the runs that have no line yet, and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--content", choices=sorted(DATA_SETS), default="Text")
    parser.add_argument("--examples", type=int, nargs="+", default=[100, 300, 1000])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--factor", action="append", choices=[factor.name for factor in FACTORS])
    arguments = parser.parse_args()
    journal = Journal(arguments.results, ("content", "examples", "factor", "seed"))
    factors = {factor.name: factor for factor in FACTORS if not arguments.factor or factor.name in arguments.factor}
    wanted = product([arguments.content], arguments.examples, factors, range(arguments.seeds))
    if missing := journal.missing(wanted):
        trial = open_trial(arguments.content, max(arguments.examples))
        for key in missing:
            _, examples, name, seed = key
            measured = _run(trial.smaller(examples), factors[name], seed)
            journal.add(dict(zip(journal.key, key, strict=True)) | measured)
    print(_table(journal.runs()))


def _run(trial: Trial, factor: Factor, seed: int) -> dict[str, Any]:
    with ExitStack() as replaced:
        for name, value in factor.replaced.items():
            replaced.enter_context(patch(name, value))
        return {"source": source(), "candidates": dict(_candidates(trial, factor.augmentation(trial), seed))}


def _candidates(trial: Trial, augmentation: Augmentation, seed: int) -> Iterator[tuple[str, dict[str, float]]]:
    """Each candidate's name, whatever its examples were, and its metrics."""
    everything, nothing = (trial.examples(np.arange(count)) for count in (len(trial.train.items), 0))
    task = Task(
        start=trial.start,
        train=everything,
        choose=nothing,
        gate=nothing,
        reference=trial.reference,
        label_names=trial.names,
        seed=seed,
        watch=Stopwatch(Silent()),
        checkpoints=NoCheckpoints(),
        augmentation=augmentation,
    )
    vectors, test = trial.train.vectors, trial.test
    anchors, measured = part_reference(trial.reference, trial.reference_vectors)
    candidates: dict[str, Candidate] = {
        "linear adapter": linear_adapters(task, everything, vectors, vary(task, everything, vectors))[-1]
    }
    if blocks := all_blocks(task, everything, vectors, anchors, [augmentation]):
        candidates["all blocks"] = blocks[0]
    yield "start", _metrics(test.vectors, test) | {"retention": 1.0, "alpha": 0.0, "seconds": 0.0}
    for name, candidate in candidates.items():
        trained = candidate.train(np.arange(len(everything)), 0, task.checkpoints)
        highest = HIGHEST_SHARE if len(everything) < FEWEST_TO_HOLD_OUT else 1.0
        predicted = predicted_share(highest, trained.moved(measured.vectors, measured.items))
        alpha, retention = verified_share(trained, measured, predicted)
        kept = {"retention": retention.value, "alpha": alpha, "seconds": round(trained.seconds, 2)}
        yield name, _metrics(trained.at(alpha, test.vectors, test.items), test) | kept


def _metrics(vectors: NDArray[np.float32], test: Split) -> dict[str, float]:
    """Of unit vectors [n, d] of the test set."""
    held_out = HeldOut(test.vectors, vectors, test.targets, np.arange(len(test.items)))
    metrics = compare([held_out], seed=0).metrics()
    return {metric.name: round(metric.tuned, 5) for metric in metrics if metric.name in _METRICS}


def _table(runs: list[dict[str, Any]]) -> str:
    """Markdown: for each candidate a row a factor and a column a set and size.

    A cell is NDCG@10 + mAP@100, kNN label-mAP and retention, in per cent: of start and recipe the means, of each factor
    the difference to the recipe, ± its standard error where more than one seed was run.
    """
    cells: dict[str, dict[str, dict[tuple[str, int], dict[int, dict[str, float]]]]] = {}
    for run in runs:
        for candidate, measured in run["candidates"].items():
            rows = cells.setdefault(candidate, defaultdict(lambda: defaultdict(dict)))
            rows[run["factor"]][run["content"], run["examples"]][run["seed"]] = measured
    start = cells.pop("start", {}).get(_RECIPE, {})
    return "\n\n".join(_candidate_table(candidate, factors, start) for candidate, factors in cells.items())


def _candidate_table(candidate: str, factors: dict[str, Any], start: dict[Any, Any]) -> str:
    columns = sorted(factors[_RECIPE])
    rows = [
        f"| {candidate} | " + " | ".join(f"{content} {examples:,}" for content, examples in columns) + " |",
        "| --- " * (1 + len(columns)) + "|",
        _row("start", start, {}, columns),
    ]
    for factor, own in factors.items():
        compared = factors[_RECIPE] if factor != _RECIPE else {}
        if factor == _RECIPE or any(_changes(own[column], compared.get(column, {})) for column in own):
            rows.append(_row(factor, own, compared, columns))
    return "\n".join(rows)


def _row(factor: str, own: Mapping[Any, Any], recipe: Mapping[Any, Any], columns: list[tuple[str, int]]) -> str:
    shown = [_cell(own.get(column, {}), recipe.get(column, {})) for column in columns]
    return f"| {factor} | {' | '.join(shown)} |"


def _cell(own: dict[int, dict[str, float]], recipe: dict[int, dict[str, float]]) -> str:
    seeds = sorted(set(own) & set(recipe)) if recipe else sorted(own)
    if not seeds:
        return "–"
    values = [[_summed(own[seed], names) for seed in seeds] for names in _SHOWN]
    if not recipe:
        return ", ".join(f"{mean(column):.1f}" for column in values)
    before = [[_summed(recipe[seed], names) for seed in seeds] for names in _SHOWN]
    pairs = zip(values, before, strict=True)
    return ", ".join(_difference([a - b for a, b in zip(*pair, strict=True)]) for pair in pairs)


def _changes(own: dict[int, dict[str, float]], recipe: dict[int, dict[str, float]]) -> bool:
    """Whether the factor is one of this candidate at all."""
    return any(_summed(own[seed], _METRICS) != _summed(recipe[seed], _METRICS) for seed in set(own) & set(recipe))


def _summed(measured: dict[str, float], names: Iterable[str]) -> float:
    return 100 * sum(measured[name] for name in names)


def _difference(values: list[float]) -> str:
    error = f" ± {stdev(values) / len(values) ** 0.5:.1f}" if len(values) > 1 else ""
    return f"{mean(values):+.1f}{error}"


if __name__ == "__main__":
    main()
