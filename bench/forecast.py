"""What a fine-tuning was foreseen to take, and what it took: the plan's ratios, and the worst error of the time left.

python bench/forecast.py [--content Text …] [--examples 600] [--results bench/results/forecast.jsonl]

For each content type the demo's data set is planned by `vectorizer plan`, by the shipped figures alone, and then
trained in a process of its own. Two trackers follow the run, one by the wall clock and one by the processor's: on a
machine that is shared the second alone judges the forecast. The error is that of the predicted length of the whole
run, elapsed and left together, at every word after a tenth of it. Threads: OMP_NUM_THREADS=1.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from journal import Journal, source
from vectorizer_api.content import ContentType
from vectorizer_api.fine_tune import FineTune
from vectorizer_api.names import MANIFEST_FILE
from vectorizer_api.run import (
    Dataset,
    RunDescription,
    RunManifest,
    RunProgress,
    Stage,
    VectorizerSource,
    Workload,
)
from vectorizer_trainer.libraries import prepare_libraries
from vectorizer_trainer.progress import ProgressTracker

_EXAMPLES = Path(__file__).parents[1] / "examples"
_RESULTS = Path(__file__).parent / "results" / "forecast.jsonl"
_TENTH = 0.1
_HELD_BACK = 40
"""Files that the demo does not train on."""
_CLOCKS: dict[str, Callable[[], float]] = {"cpu": time.process_time, "wall": time.monotonic}


def main() -> None:
    """Measures what the results lack, and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--content", nargs="+", choices=[*ContentType], default=[*ContentType])
    parser.add_argument("--examples", nargs="+", type=int, default=[600])
    parser.add_argument("--results", type=Path, default=_RESULTS)
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(_measure(ContentType(arguments.content[0]), arguments.examples[0])))
        return
    journal = Journal(arguments.results, ("content", "examples"))
    wanted = ((str(content), examples) for content in arguments.content for examples in arguments.examples)
    for content, examples in journal.missing(wanted):
        command = [sys.executable, __file__, "--one", "--content", content, "--examples", str(examples)]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        journal.add(json.loads(done.stdout.splitlines()[-1]))
    _print(journal.runs())


@dataclass
class _Followed:
    """What a tracker said, by its clock."""

    clock: Callable[[], float]
    began: float = 0.0
    said: list[tuple[float, int | None, Stage]] = field(default_factory=list)

    def __call__(self, progress: RunProgress) -> None:
        now = progress.progress
        self.said.append((self.clock() - self.began, now.eta_seconds, now.stage))

    def judged(self) -> dict[str, Any]:
        """The worst error after a tenth, and the share of the run at which time left is told first."""
        total = self.said[-1][0]
        told = [(at, at + left, stage) for at, left, stage in self.said if left is not None]
        errors = [(abs(foreseen / total - 1), stage) for at, foreseen, stage in told if at >= _TENTH * total]
        worst, stage = max(errors)
        return {"total": round(total, 1), "worst": round(worst, 3), "in": stage, "first": round(told[0][0] / total, 3)}


class _Both(ProgressTracker):
    """Tells a second tracker the same."""

    def __init__(self, first: _Followed, second: ProgressTracker) -> None:
        self.second = second
        super().__init__([first], first.clock)

    def stage(self, stage: Stage, steps: int) -> None:
        super().stage(stage, steps)
        self.second.stage(stage, steps)

    def advance(self, step: int, **said: Any) -> None:  # noqa: ANN401 - as the tracker's
        super().advance(step, **said)
        self.second.advance(step, **said)

    def expect(self, work: Workload) -> None:
        super().expect(work)
        self.second.expect(work)

    def found(self, dataset: Dataset) -> None:
        super().found(dataset)
        self.second.found(dataset)


def _measure(content: ContentType, examples: int) -> dict[str, Any]:
    began = {name: clock() for name, clock in _CLOCKS.items()}
    prepare_libraries()
    name = content.value.lower()
    manifest = _EXAMPLES / f"{name.replace('_', '-')}.yaml"
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        command = [sys.executable, "-c", _MAKE, f"vectorizer_dev.datasets.{name}", folder, str(examples)]
        subprocess.run(list(map(str, command)), check=True, stdout=sys.stderr)
        plan = _plan(manifest, folder)
        base = subprocess.run([sys.executable, "-c", _BASE, content], check=True, stdout=subprocess.PIPE, text=True)
        began = {name: clock() for name, clock in _CLOCKS.items()}
        followed = {name: _Followed(clock, began[name]) for name, clock in _CLOCKS.items()}
        tracker = _Both(followed["wall"], ProgressTracker([followed["cpu"]], _CLOCKS["cpu"]))
        made = _train(
            FineTune.model_validate(yaml.safe_load(manifest.read_text())), base.stdout.strip(), folder, tracker
        )
    assert made.cost is not None
    foreseen = plan["foreseen"]
    return {
        "content": content.value,
        "examples": examples,
        "planned": {"seconds": foreseen["seconds"], "memory": foreseen["peakMemoryBytes"]},
        "peak": made.cost.peak_memory_bytes,
        "ways": made.cost.workload.ways,
        **{name: one.judged() for name, one in followed.items()},
        "stages": {stage: round(took, 2) for stage, took in tracker.second.seconds.items()},
        "threads": made.cost.threads,
        "source": source(),
    }


_MAKE = (
    "import sys, importlib, pathlib; "
    f"importlib.import_module(sys.argv[1]).make(pathlib.Path(sys.argv[2]), int(sys.argv[3]), {_HELD_BACK})"
)
_BASE = (
    "import sys; from vectorizer_api.content import ContentType; from vectorizer_trainer.bases import ensure_base; "
    "print(ensure_base(ContentType(sys.argv[1])))"
)


def _plan(manifest: Path, folder: Path) -> dict[str, Any]:
    """By the command, as a user without earlier runs would have it."""
    command = [sys.executable, "-m", "vectorizer_cli", "plan", manifest, "--data", folder / "train", "-o", "json"]
    environment = {**os.environ, "XDG_CACHE_HOME": str(folder / "cache")}
    done = subprocess.run(list(map(str, command)), check=True, stdout=subprocess.PIPE, text=True, env=environment)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _train(asked: FineTune, base: str, folder: Path, tracker: ProgressTracker) -> RunManifest:
    from vectorizer_trainer.run import run_fine_tuning
    from vectorizer_trainer.store import open_store
    from vectorizer_trainer.workplace import Workplace

    (folder / "work").mkdir()
    start = VectorizerSource(name=Path(base).name, location=Path(base).as_uri())
    run = RunDescription(
        run_uid="measured",
        fine_tune=asked.metadata.name,
        attempt=1,
        content_type=asked.spec.content_type,
        custom_vectorizer_name=asked.spec.custom_vectorizer_name,
        batch=(folder / "train").as_uri(),
        output=(folder / "out").as_uri(),
        base=start,
        start=start,
        augmentation=asked.spec.augmentation_conditions,
    )
    run_fine_tuning(run, Workplace(open_store, folder / "work"), tracker)
    return RunManifest.model_validate_json((folder / "out" / MANIFEST_FILE).read_bytes())


def _print(runs: Sequence[dict[str, Any]]) -> None:
    print("type         files  foreseen  took (cpu)  ratio  memory ratio  ways  worst error of the time left (wall)")
    for run in runs:
        planned, cpu = run["planned"], run["cpu"]
        print(
            f"{run['content']:12s} {run['examples']:5d} {planned['seconds']:7.0f} s {cpu['total']:9.0f} s "
            f"{planned['seconds'] / cpu['total']:7.2f} {planned['memory'] / run['peak']:13.2f} {run['ways']:5.1f} "
            f"{cpu['worst']:7.0%} in {cpu['in']}, first told at {cpu['first']:.0%} ({run['wall']['worst']:.0%})"
        )


if __name__ == "__main__":
    main()
