"""One factor of the recipe at a time: what each is worth on the test set.

python bench/ablation.py --content Text --examples 300 1000 [--seeds 3] [--results bench/results/ablation.jsonl]

Measured is what was trained, whether or not the gate lets it pass; how often it passes is a column of its own. Each
finished run is a line of the results; a run whose line is there is not made again, so that the table can be filled
over many days. The table of all lines is printed at the end.
"""

import argparse
import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from pkgutil import resolve_name
from statistics import mean
from typing import Any
from unittest.mock import patch

import torch
from hard_negatives import train_blocks_on_hard_negatives
from torch import Tensor
from trial import DATA_SETS, Trial, open_trial
from vectorizer_api.run import Outcome
from vectorizer_trainer import schedule
from vectorizer_trainer.schedule import FEWEST_FOR_BLOCKS
from vectorizer_trainer.tuning.candidates import AllBlocks

RESULTS = Path(__file__).parent / "results" / "ablation.jsonl"
_RECIPES = ("cross_validated", "held_out")
_METRICS = ("NDCG@10", "mAP@100", "kNN label-mAP", "retention")


@dataclass(frozen=True)
class Factor:
    """A change of the recipe: what takes the place of what, by dotted name."""

    name: str
    replaced: Mapping[str, Any]
    """Dotted name of a constant or function -> what stands in for it."""
    blocks_only: bool
    """Whether it changes the deep candidate alone, which few examples are not trained with."""


def _epochs(times: float) -> dict[str, Callable[[int], int]]:
    def epochs_for(examples: int) -> int:
        return max(1, round(times * original(examples)))

    original = schedule.epochs_for
    modules = ("schedule", "tuning.deep", "tuning.candidates")
    return {f"vectorizer_trainer.{module}.epochs_for": epochs_for for module in modules}


def _equal_information(targets: Tensor) -> Tensor:
    return torch.ones(targets.shape[1], device=targets.device)


def _scaled(times: float, constant: str) -> dict[str, float]:
    """A constant that both candidates have, times a number."""
    names = [f"vectorizer_trainer.tuning.{candidate}.{constant}" for candidate in ("adapter", "deep")]
    return {name: times * resolve_name(name) for name in names}


def _no_blocks(*_: object) -> list[AllBlocks]:
    return []


FACTORS = [
    Factor("the recipe", {}, blocks_only=False),
    Factor(
        "the linear adapter alone",
        {f"vectorizer_trainer.tuning.{recipe}.all_blocks": _no_blocks for recipe in _RECIPES},
        blocks_only=True,
    ),
    Factor(
        "every label counts alike (no IDF)",
        {"vectorizer_trainer.tuning.objective.label_information": _equal_information},
        blocks_only=False,
    ),
    Factor("distillation × 1/2", _scaled(1 / 2, "_KEPT"), blocks_only=False),
    Factor("distillation × 2", _scaled(2, "_KEPT"), blocks_only=False),
    Factor("no anchors", {"vectorizer_trainer.tuning.deep._ANCHORS": 0}, blocks_only=True),
    Factor(
        "hard negatives in the batches",
        {"vectorizer_trainer.tuning.candidates.train_blocks": train_blocks_on_hard_negatives},
        blocks_only=True,
    ),
    Factor("learning rate × 1/2", _scaled(1 / 2, "_LEARNING_RATE"), blocks_only=False),
    Factor("learning rate × 2", _scaled(2, "_LEARNING_RATE"), blocks_only=False),
    Factor("epochs × 1/2", _epochs(1 / 2), blocks_only=True),
    Factor("epochs × 2", _epochs(2), blocks_only=True),
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
    arguments.results.parent.mkdir(parents=True, exist_ok=True)
    known = {_key(line) for line in _lines(arguments.results)}
    wanted = [factor for factor in FACTORS if not arguments.factor or factor.name in arguments.factor]
    trial = open_trial(arguments.content, max(arguments.examples))
    for count in arguments.examples:
        for factor in wanted:
            if factor.blocks_only and count < FEWEST_FOR_BLOCKS:
                continue
            for seed in range(arguments.seeds):
                if (arguments.content, count, factor.name, seed) not in known:
                    line = _run(trial.smaller(count), factor, seed) | {"content": arguments.content, "examples": count}
                    with arguments.results.open("a") as results:
                        results.write(json.dumps(line) + "\n")
    print(_table(_lines(arguments.results)))


def _run(trial: Trial, factor: Factor, seed: int) -> dict[str, Any]:
    with ExitStack() as replaced:
        for name, value in factor.replaced.items():
            replaced.enter_context(patch(name, value))
        tuned = trial.tune(seed)
    metrics = {metric.name: metric.tuned for metric in trial.on_test(tuned.judged) if metric.name in _METRICS}
    seconds = sum(tuned.seconds.values())
    return {"factor": factor.name, "seed": seed, "outcome": tuned.outcome, "seconds": seconds, **metrics}


def _lines(results: Path) -> Iterator[dict[str, Any]]:
    if results.exists():
        yield from map(json.loads, results.read_text().splitlines())


def _key(line: Mapping[str, Any]) -> tuple[str, int, str, int]:
    return line["content"], line["examples"], line["factor"], line["seed"]


def _table(lines: Iterator[dict[str, Any]]) -> str:
    """Markdown: the recipe's own means in per cent, and below them what each factor changes."""
    cells: dict[tuple[str, int], dict[str, list[dict[str, Any]]]] = defaultdict(lambda: defaultdict(list))
    for line in lines:
        cells[line["content"], line["examples"]][line["factor"]].append(line)
    rows = ["| set | examples | factor | seeds | NDCG@10 | mAP@100 | kNN label-mAP | retention | passed | time |"]
    rows.append("| --- " * 10 + "|")
    for (content, count), factors in sorted(cells.items()):
        plain = factors.get("the recipe", [])
        rows += [_row(content, count, name, own, plain) for name, own in factors.items()]
    return "\n".join(rows)


def _row(content: str, count: int, name: str, own: list[dict[str, Any]], plain: list[dict[str, Any]]) -> str:
    values = [100 * mean(line[metric] for line in own) for metric in _METRICS]
    took = mean(line["seconds"] for line in own)
    passed = str(sum(line["outcome"] == Outcome.IMPROVED for line in own))
    if own is plain or not plain:
        shown = [*(f"{value:.1f}" for value in values), passed, "1"]
    else:
        before = [100 * mean(line[metric] for line in plain) for metric in _METRICS]
        shown = [f"{value - other:+.1f}" for value, other in zip(values, before, strict=True)]
        shown += [passed, f"× {took / mean(line['seconds'] for line in plain):.2f}"]
    return f"| {content} | {count} | {name} | {len(own)} | {' | '.join(shown)} |"


if __name__ == "__main__":
    main()
