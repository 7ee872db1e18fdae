"""Quality of fine-tuning on a fixed test set, before and after, and what shuffled labels are answered.

python bench/quality.py --content Text [--seeds 1] [--permutations 5] [--train 1000]
"""

import argparse
import time
from unittest.mock import patch

import numpy as np
from trial import DATA_SETS, Trial, open_trial
from vectorizer_api.run import Metric
from vectorizer_trainer.tuning import Tuned


def main() -> None:
    """Prints one table for the real labels and one line for each permutation of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--content", choices=sorted(DATA_SETS), default="Text")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--permutations", type=int, default=0)
    parser.add_argument("--train", type=int, default=1000)
    arguments = parser.parse_args()
    trial = open_trial(arguments.content, arguments.train)
    sizes = f"{len(trial.train.items)} to train on, {len(trial.test.items)} to test, {len(trial.names)} labels"
    print(f"{trial.start.description.name}: {sizes}", flush=True)
    measured = []
    for seed in range(arguments.seeds):
        alone, full = _tune_adapter_alone(trial, seed), trial.tune(seed)
        on_test = trial.on_test(alone.vectorizer), trial.on_test(full.vectorizer)
        measured.append(on_test)
        _print_run(f"seed {seed}, the linear adapter alone", alone, on_test[0])
        _print_run(f"seed {seed}, the full recipe", full, on_test[1])
    if measured:
        _print_means(measured)
    for seed in range(arguments.permutations):
        _print_run(f"shuffled {seed}", trial.shuffled(seed).tune(seed), [])


def _tune_adapter_alone(trial: Trial, seed: int) -> Tuned:
    """The same recipe for an encoder none of whose parameters may change."""
    with patch.object(type(trial.start.encoder), "trained_by_fine_tuning", lambda _: []):
        return trial.tune(seed)


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
