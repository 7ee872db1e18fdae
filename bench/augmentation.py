"""Whether varied examples help: the recipe with all switches on, with those of light alone, with nothing varied.

python bench/augmentation.py [--set Image Textures Sound Point_Cloud] [--examples 100 300] [--seeds 3]
                             [--results bench/results/augmentation.jsonl]

Each finished run is a line of the results; a run whose line is there is not made again. The table of all lines is
printed at the end: the means on the test set with nothing varied, and below them what each setting changes. Textures
are pictures whose labels no switch changes. Sounds and point clouds have no switches: with them it is all or nothing.
"""

import argparse
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from statistics import mean
from typing import Any
from unittest.mock import patch

import numpy as np
from journal import Journal
from trial import DATA_SETS, Trial, open_trial
from vectorizer_api.content import AUGMENTED_BY_SWITCH, AugmentationConditions, ContentType
from vectorizer_trainer.augmentation import UNCHANGED
from vectorizer_trainer.tuning import Tuned

_RESULTS = Path(__file__).parent / "results" / "augmentation.jsonl"
_TEXTURES = "Textures"
_CONTENT = {name: name for name in DATA_SETS if name != ContentType.TEXT} | {_TEXTURES: ContentType.IMAGE}
"""Data set -> its content type."""
_MODULES = DATA_SETS | {_TEXTURES: "vectorizer_dev.datasets.textures"}
_TEST = 500
_SWITCHES = list(AugmentationConditions.model_fields)
_LIGHT = {"brightness_jitter", "contrast_jitter", "saturation_jitter", "blur"}
_METRICS = ("NDCG@10", "mAP@100", "kNN label-mAP", "retention")


def main() -> None:
    """Makes the runs that have no line yet, and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--set", choices=sorted(_CONTENT), nargs="+", default=["Image", "Textures"])
    parser.add_argument("--examples", type=int, nargs="+", default=[100, 300])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--results", type=Path, default=_RESULTS)
    arguments = parser.parse_args()
    journal = Journal(arguments.results, ("set", "examples", "setting", "seed"))
    for name in arguments.set:
        if missing := journal.missing(_wanted(name, arguments.examples, arguments.seeds)):
            trial = open_trial(_CONTENT[name], max(key[1] for key in missing), _TEST, _MODULES[name])
            for key in missing:
                _, examples, setting, seed = key
                journal.add(dict(zip(journal.key, key, strict=True)) | _run(trial.smaller(examples), setting, seed))
    print(_table(journal.runs()))


def _wanted(name: str, sizes: list[int], seeds: int) -> Iterator[tuple[Any, ...]]:
    settings = ("nothing", "light", "all") if _CONTENT[name] in AUGMENTED_BY_SWITCH else ("nothing", "all")
    for seed in range(seeds):
        for examples in sizes:
            yield from ((name, examples, setting, seed) for setting in settings)


def _run(trial: Trial, setting: str, seed: int) -> dict[str, Any]:
    began = time.process_time()
    tuned = _tuned(trial, setting, seed)
    seconds = time.process_time() - began
    # What was judged, also where it was not shown to be better: a gate that is in doubt would hide the difference.
    metrics = {metric.name: metric.tuned for metric in trial.on_test(tuned.judged) if metric.name in _METRICS}
    gain = tuned.augmented.gain
    return {
        "outcome": tuned.outcome,
        "chosen": tuned.chosen,
        "alpha": tuned.alpha,
        "applied": tuned.augmented.applied,
        "adapter_gain": gain and gain.value,
        "adapter_gain_error": gain and gain.error,
        "breaks_labels": [effect.transformation for effect in tuned.augmented.effects if effect.breaks_labels],
        **metrics,
        "processor_seconds": round(seconds, 1),
    }


def _tuned(trial: Trial, setting: str, seed: int) -> Tuned:
    if setting == "nothing":
        with patch("trial.augmentation_for", lambda *_: UNCHANGED):
            return trial.tune(seed)
    varied = _LIGHT if setting == "light" else _SWITCHES
    return trial.tune(seed, AugmentationConditions(**{switch: switch in varied for switch in _SWITCHES}))


def _table(runs: list[dict[str, Any]]) -> str:
    """Markdown: means in per cent with nothing varied, and below them what each setting changes, seed by seed."""
    cells: dict[tuple[str, int], dict[str, list[dict[str, Any]]]] = defaultdict(lambda: defaultdict(list))
    for run in sorted(runs, key=lambda run: run["seed"]):
        cells[run["set"], run["examples"]][run["setting"]].append(run)
    rows = ["| set | examples | varied | seeds | NDCG@10 | mAP@100 | kNN label-mAP | retention | used | time |"]
    rows.append("| --- " * 10 + "|")
    for (name, examples), settings in sorted(cells.items()):
        plain = settings["nothing"]
        for setting in filter(settings.__contains__, ("nothing", "light", "all")):
            own = settings[setting]
            rows += [f"| {name} | {examples} | {setting} | {len(own)} | {' | '.join(_shown(own, plain))} |"]
    return "\n".join(rows)


def _shown(own: list[dict[str, Any]], plain: list[dict[str, Any]]) -> list[str]:
    if own is plain:
        return [*(f"{100 * mean(run[metric] for run in own):.1f}" for metric in _METRICS), "–", "1"]
    pairs = [(run, other) for run in own for other in plain if run["seed"] == other["seed"]]
    changes = [_difference([100 * (run[metric] - other[metric]) for run, other in pairs]) for metric in _METRICS]
    used = sum(run["applied"] for run in own)
    took = mean(run["processor_seconds"] for run in own) / mean(run["processor_seconds"] for run in plain)
    return [*changes, f"{used} of {len(own)}", f"× {took:.1f}"]


def _difference(values: list[float]) -> str:
    error = f" ± {np.std(values, ddof=1) / len(values) ** 0.5:.1f}" if len(values) > 1 else ""
    return f"{mean(values):+.1f}{error}" if values else "–"


if __name__ == "__main__":
    main()
