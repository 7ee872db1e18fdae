"""One factor of the recipe at a time: what each is worth on the test set, to each candidate.

python bench/ablation.py --content Text --examples 300 1000 [--seeds 3] [--results bench/results/ablation.jsonl]

Both candidates are trained on all of the examples, and measured at the largest share of their change that retains
enough: nothing is chosen between them and no gate asked, so that a difference is the factor's alone. Each finished run
is a line of the results; a run whose line is there is not made again, so that the table can be filled over many days.
The table of all lines is printed at the end.
"""

import argparse
from collections import defaultdict
from collections.abc import Iterator, Mapping
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
from vectorizer_trainer import schedule
from vectorizer_trainer.augmentation import UNCHANGED
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


@dataclass(frozen=True)
class Factor:
    """A change of the recipe: what takes the place of what, by dotted name."""

    name: str
    replaced: Mapping[str, Any]
    """Dotted name of a constant or function -> what stands in for it."""


def _epochs(times: float) -> dict[str, Any]:
    def epochs_for(examples: int) -> int:
        return max(1, round(times * original(examples)))

    original = schedule.epochs_for
    modules = ("schedule", "tuning.deep", "tuning.candidates")
    replaced: dict[str, Any] = {f"vectorizer_trainer.{module}.epochs_for": epochs_for for module in modules}
    epochs = round(times * adapter.EPOCHS)
    return replaced | {f"vectorizer_trainer.tuning.{module}.EPOCHS": epochs for module in ("adapter", "candidates")}


def _equal_information(targets: Tensor) -> Tensor:
    return torch.ones(targets.shape[1], device=targets.device)


def _scaled(times: float, constant: str) -> dict[str, float]:
    """A constant that both candidates have, times a number."""
    names = [f"vectorizer_trainer.tuning.{candidate}.{constant}" for candidate in ("adapter", "deep")]
    return {name: times * resolve_name(name) for name in names}


FACTORS = [
    Factor("the recipe", {}),
    Factor("no IDF", {"vectorizer_trainer.tuning.objective.label_information": _equal_information}),
    Factor("distillation × 1/2", _scaled(1 / 2, "_KEPT")),
    Factor("distillation × 2", _scaled(2, "_KEPT")),
    Factor("learning rate × 1/2", _scaled(1 / 2, "_LEARNING_RATE")),
    Factor("learning rate × 2", _scaled(2, "_LEARNING_RATE")),
    Factor("epochs × 1/2", _epochs(1 / 2)),
    Factor("epochs × 2", _epochs(2)),
    Factor(
        "hard negatives",
        {"vectorizer_trainer.tuning.candidates.train_blocks": train_blocks_on_hard_negatives},
    ),
    Factor("no anchors", {"vectorizer_trainer.tuning.deep._ANCHORS": 0}),
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
        return {"source": source(), "candidates": dict(_candidates(trial, seed))}


def _candidates(trial: Trial, seed: int) -> Iterator[tuple[str, dict[str, float]]]:
    """Each candidate's name, and its metrics."""
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
        augmentation=UNCHANGED,
    )
    vectors, test = trial.train.vectors, trial.test
    anchors, measured = part_reference(trial.reference, trial.reference_vectors)
    candidates: list[Candidate] = [
        *linear_adapters(task, everything, vectors, vary(task, everything, vectors)),
        *all_blocks(task, everything, vectors, anchors, UNCHANGED),
    ]
    yield "start", _metrics(test.vectors, test) | {"retention": 1.0, "alpha": 0.0, "seconds": 0.0}
    for candidate in candidates:
        trained = candidate.train(np.arange(len(everything)), 0, task.checkpoints)
        highest = HIGHEST_SHARE if len(everything) < FEWEST_TO_HOLD_OUT else 1.0
        predicted = predicted_share(highest, trained.moved(measured.vectors, measured.items))
        alpha, retention = verified_share(trained, measured, predicted)
        kept = {"retention": retention.value, "alpha": alpha, "seconds": round(trained.seconds, 2)}
        yield candidate.name, _metrics(trained.at(alpha, test.vectors, test.items), test) | kept


def _metrics(vectors: NDArray[np.float32], test: Split) -> dict[str, float]:
    """Of unit vectors [n, d] of the test set."""
    held_out = HeldOut(test.vectors, vectors, test.targets, np.arange(len(test.items)))
    metrics = compare([held_out], seed=0).metrics()
    return {metric.name: round(metric.tuned, 5) for metric in metrics if metric.name in _METRICS}


def _table(runs: list[dict[str, Any]]) -> str:
    """Markdown: the recipe's own means in per cent, and below them what each factor changes, ± its standard error."""
    cells: dict[tuple[str, int, str], dict[str, dict[int, dict[str, float]]]] = defaultdict(lambda: defaultdict(dict))
    for run in runs:
        for candidate, measured in run["candidates"].items():
            cells[run["content"], run["examples"], candidate][run["factor"]][run["seed"]] = measured
    rows = ["| set | examples | candidate | factor | seeds | " + " | ".join(_METRICS) + " | share | time |"]
    rows.append("| --- " * (7 + len(_METRICS)) + "|")
    for (content, examples, candidate), factors in sorted(cells.items()):
        plain = factors.get("the recipe", {})
        for factor, own in factors.items():
            if factor != "the recipe" and _without_time(own) == _without_time(plain):
                continue  # It is a factor of the other candidate.
            seeds, shown = _row(own, {} if factor == "the recipe" else plain)
            rows.append(f"| {content} | {examples:,} | {candidate} | {factor} | {seeds} | {' | '.join(shown)} |")
    return "\n".join(rows)


def _without_time(seeds: dict[int, dict[str, float]]) -> dict[int, dict[str, float]]:
    return {seed: {name: value for name, value in run.items() if name != "seconds"} for seed, run in seeds.items()}


def _row(own: dict[int, dict[str, float]], plain: dict[int, dict[str, float]]) -> tuple[int, list[str]]:
    """How many seeds are compared, and the cells."""
    if not plain:
        means = {name: mean(measured[name] for measured in own.values()) for name in (*_METRICS, "alpha")}
        return len(own), [*(f"{100 * means[name]:.1f}" for name in _METRICS), f"{means['alpha']:.2f}", "1"]
    seeds = sorted(set(own) & set(plain))
    differences = [[100 * (own[seed][name] - plain[seed][name]) for seed in seeds] for name in _METRICS]
    share = mean(own[seed]["alpha"] for seed in seeds)
    time = mean(own[seed]["seconds"] for seed in seeds) / mean(plain[seed]["seconds"] for seed in seeds)
    return len(seeds), [*map(_difference, differences), f"{share:.2f}", f"× {time:.1f}"]


def _difference(values: list[float]) -> str:
    error = f" ± {stdev(values) / len(values) ** 0.5:.1f}" if len(values) > 1 else ""
    return f"{mean(values):+.1f}{error}"


if __name__ == "__main__":
    main()
