"""Whether varied examples help: the full recipe with nothing varied, with changes of light alone, with all that is on.

python bench/augmentation.py [--content Image] [--train 1000] [--seeds 1]

Sounds and point clouds have no switches: theirs is the last line, with the gain of the linear adapter beside it.
"""

import argparse
import time

import numpy as np
from trial import DATA_SETS, Trial, open_trial
from vectorizer_api.content import AUGMENTED_BY_SWITCH, AugmentationConditions
from vectorizer_trainer.tuning import Tuned

_LIGHT = {"brightness_jitter", "contrast_jitter", "saturation_jitter", "blur"}


def main() -> None:
    """Prints a line for each run, and the audit of the first one that varied everything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--content", choices=sorted(set(DATA_SETS) - {"Text"}), default="Image")
    parser.add_argument("--train", type=int, default=1000)
    parser.add_argument("--seeds", type=int, default=1)
    arguments = parser.parse_args()
    trial = open_trial(arguments.content, arguments.train)
    for seed in range(arguments.seeds):
        for name, conditions in _settings(trial).items():
            tuned = trial.tune(seed, conditions)
            print(f"seed {seed}, {name:10s} {_line(trial, tuned)}", flush=True)
    _print_audit(tuned)


def _settings(trial: Trial) -> dict[str, AugmentationConditions]:
    if trial.start.content_type not in AUGMENTED_BY_SWITCH:
        return {"all": AugmentationConditions()}
    switches = list(AugmentationConditions.model_fields)
    return {
        "nothing": AugmentationConditions(**dict.fromkeys(switches, False)),
        "light": AugmentationConditions(**{switch: switch in _LIGHT for switch in switches}),
        "all": AugmentationConditions(),
    }


def _line(trial: Trial, tuned: Tuned) -> str:
    shown = [metric for metric in trial.on_test(tuned.vectorizer) if not metric.name.startswith("recall")]
    changes = ", ".join(f"{metric.name} {100 * metric.start:.1f} -> {100 * metric.tuned:.1f}" for metric in shown)
    gain = tuned.augmented.gain
    told = "" if gain is None else f"; adapter by varying {100 * gain.value:+.1f} ± {100 * gain.error:.1f}"
    seconds = np.sum(list(tuned.seconds.values()))
    return f"{tuned.outcome}, {tuned.chosen} at {tuned.alpha}: {changes}{told}; {seconds:.0f} s"


def _print_audit(tuned: Tuned) -> None:
    for effect in tuned.augmented.effects:
        told = "breaks labels" if effect.breaks_labels else ""
        shares = f"{100 * effect.agreement:5.1f} -> {100 * effect.varied:5.1f} ± {100 * effect.error:.1f}"
        print(f"  {effect.transformation:18s} {shares} (chance {100 * effect.chance:.1f}) {told}")


if __name__ == "__main__":
    began = time.monotonic()
    main()
    print(f"{time.monotonic() - began:.0f} s in all")
