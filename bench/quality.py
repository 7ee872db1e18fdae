"""Quality of fine-tuning on a fixed test set, before and after, and what shuffled labels are answered.

python bench/quality.py --content Text [--seeds 1] [--permutations 5]
"""

import argparse
import json
import tempfile
import time
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray
from vectorizer_api.run import Metric
from vectorizer_trainer.bases import ensure_base, load_reference
from vectorizer_trainer.content.encoder import Item
from vectorizer_trainer.evaluation import HeldOut, Retention, compare
from vectorizer_trainer.metrics import neighbour_overlaps
from vectorizer_trainer.tuning import Examples, Silent, Tuned, fine_tune
from vectorizer_trainer.tuning.anchors import part_reference
from vectorizer_trainer.tuning.checkpoint import NoCheckpoints
from vectorizer_trainer.vectorizer import Vectorizer, load_vectorizer

_DATA_SETS = {
    "Text": "vectorizer_dev.datasets.text",
    "Image": "vectorizer_dev.datasets.image",
    "Sound": "vectorizer_dev.datasets.sound",
}


@dataclass(frozen=True)
class Split:
    """Decoded files, their labels, and their start vectors."""

    items: list[Item]
    targets: NDArray[np.bool_]
    vectors: NDArray[np.float32]


def main() -> None:
    """Prints one table for the real labels and one line for each permutation of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--content", choices=sorted(_DATA_SETS), default="Text")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--permutations", type=int, default=0)
    parser.add_argument("--train", type=int, default=1000)
    arguments = parser.parse_args()
    base = ensure_base(arguments.content)
    start, reference = load_vectorizer(base), load_reference(base)
    with tempfile.TemporaryDirectory() as folder:
        import_module(_DATA_SETS[arguments.content]).make(Path(folder), train=arguments.train)
        train, test, names = _read(start, Path(folder))
    print(f"{start.description.name}: {len(train.items)} to train on, {len(test.items)} to test, {len(names)} labels")
    measured = []
    for seed in range(arguments.seeds):
        alone, full = (tune(start, train, reference, names, seed) for tune in (_tune_adapter_alone, _tune))
        on_test = [_on_test(start, tuned.vectorizer, test, reference) for tuned in (alone, full)]
        measured.append((on_test[0], on_test[1]))
        _print_run(f"seed {seed}, the linear adapter alone", alone, on_test[0])
        _print_run(f"seed {seed}, the full recipe", full, on_test[1])
    if measured:
        _print_means(measured)
    for seed in range(arguments.permutations):
        shuffled = np.random.default_rng(1000 + seed).permutation(len(train.targets))
        lying = Split(train.items, train.targets[shuffled], train.vectors)
        _print_run(f"shuffled {seed}", _tune(start, lying, reference, names, seed), [])


def _read(start: Vectorizer, folder: Path) -> tuple[Split, Split, list[str]]:
    labels = {part: json.loads((folder / part / "example_to_labels.json").read_text()) for part in ("train", "test")}
    names = sorted({label for carried in labels["train"].values() for label in carried})
    splits = []
    for part, files in labels.items():
        items = [start.decode(folder / part / name) for name in files]
        targets = np.array([[label in carried for label in names] for carried in files.values()])
        splits.append(Split(items, targets, start.encode_items(items)))
    return splits[0], splits[1], names


def _tune(start: Vectorizer, train: Split, reference: list[Item], names: list[str], seed: int) -> Tuned:
    order = np.random.default_rng(seed).permutation(len(train.items))
    tenth = len(order) // 10
    parts = np.split(order, [len(order) - 2 * tenth, len(order) - tenth])
    fitted, choose, gate = (_examples(train, part) for part in parts)
    return fine_tune(start, fitted, choose, gate, reference, names, seed, Silent(), NoCheckpoints())


def _tune_adapter_alone(start: Vectorizer, train: Split, reference: list[Item], names: list[str], seed: int) -> Tuned:
    """The same recipe for an encoder none of whose parameters may change."""
    with patch.object(type(start.encoder), "trained_by_fine_tuning", lambda _: []):
        return _tune(start, train, reference, names, seed)


def _examples(split: Split, part: NDArray[np.int64]) -> Examples:
    return Examples([split.items[index] for index in part], split.targets[part], part, split.vectors[part])


def _on_test(start: Vectorizer, tuned: Vectorizer, test: Split, reference: list[Item]) -> list[Metric]:
    after = test.vectors if tuned is start else tuned.encode_items(test.items)
    fold = HeldOut(test.vectors, after, test.targets, np.arange(len(test.items)))
    measured = part_reference(reference, start.encode_items(reference))[1]
    overlaps = neighbour_overlaps(measured.vectors, tuned.encode_items(measured.items))
    return [*compare([fold], seed=0).metrics(), Retention(overlaps).metric()]


def _print_run(title: str, tuned: Tuned, on_test: list[Metric]) -> None:
    print(f"\n{title}: {tuned.outcome}, {tuned.chosen} at {tuned.alpha}. {tuned.reason}")
    for candidate in tuned.candidates:
        print(f"  {candidate}")
    print("  seconds:", {stage: round(seconds, 1) for stage, seconds in tuned.seconds.items()})
    for part, metrics in (("gate", tuned.metrics), ("test", on_test)):
        for metric in metrics:
            print(f"  {part} {_line(metric)}", flush=True)


def _print_means(measured: list[tuple[list[Metric], list[Metric]]]) -> None:
    """Means over the seeds, from the metrics of the adapter alone and of the full recipe on the test set."""
    print(f"\nmeans of {len(measured)} seeds on the test set: start, adapter alone, full recipe, full over adapter")
    for rows in zip(*(zip(*pair, strict=True) for pair in measured), strict=True):
        start, alone, full = np.mean([[alone.start, alone.tuned, full.tuned] for alone, full in rows], axis=0) * 100
        print(f"  {rows[0][0].name:14s} {start:6.1f} {alone:6.1f} {full:6.1f}   {full - alone:+5.1f}")


def _line(metric: Metric) -> str:
    difference = metric.tuned - metric.start
    error = (metric.high - metric.low) / 2 / 1.96
    return (
        f"{metric.name:14s} {100 * metric.start:6.1f} -> {100 * metric.tuned:6.1f}   "
        f"{100 * difference:+5.1f} ± {100 * error:.1f} (standard error)"
    )


if __name__ == "__main__":
    began = time.monotonic()
    main()
    print(f"\n{time.monotonic() - began:.0f} s in all")
