"""Every content type through `vectorizer train`: what it gained on files it never saw, its time and its memory.

python bench/every_type.py [--content Text ...] [--examples 1000] [--results bench/results/every-type.jsonl]

The test set of 1,000 files is the run's `test_to_labels.json`. Each finished run is a line of the results; a run whose
line is there is not made again. The table of all lines is printed at the end.
"""

import argparse
import json
import tempfile
from importlib import import_module
from itertools import product
from pathlib import Path
from typing import Any

from journal import Journal, source
from training import Trained, train
from trial import DATA_SETS
from vectorizer_api.names import LABELS_FILE, TEST_LABELS_FILE

_RESULTS = Path(__file__).parent / "results" / "every-type.jsonl"
_TEST = 1000
_MIB = 1024**2
_SHOWN = ("NDCG@10", "mAP@100", "kNN label-mAP")


def main() -> None:
    """Makes the runs that have no line yet, and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--content", choices=sorted(DATA_SETS), nargs="+", default=sorted(DATA_SETS))
    parser.add_argument("--examples", type=int, nargs="+", default=[1000])
    parser.add_argument("--results", type=Path, default=_RESULTS)
    arguments = parser.parse_args()
    journal = Journal(arguments.results, ("content", "examples"))
    for content, examples in journal.missing(product(arguments.content, arguments.examples)):
        with tempfile.TemporaryDirectory(prefix="every-type-") as folder:
            _make(content, Path(folder), examples)
            journal.add({"content": content, "examples": examples} | _line(train(content, Path(folder))))
    print(_table(journal.runs()))


def _make(content: str, folder: Path, examples: int) -> None:
    """Writes folder/data: examples with their labels, and the test set beside them."""
    import_module(DATA_SETS[content]).make(folder, train=examples, test=_TEST)
    data = (folder / "train").rename(folder / "data")
    (folder / "test").rename(data / "test")
    labels: dict[str, list[str]] = json.loads((data / "test" / LABELS_FILE).read_text())
    (data / "test" / LABELS_FILE).unlink()
    (data / TEST_LABELS_FILE).write_text(json.dumps({f"test/{name}": own for name, own in labels.items()}))


def _line(run: Trained) -> dict[str, Any]:
    report = run.report
    assert report.own_test is not None
    return {
        "source": source(),
        "outcome": report.outcome,
        "chosen": report.chosen,
        "metrics": [metric.model_dump(mode="json") for metric in report.own_test.metrics],
        "retention": next(metric.tuned for metric in report.metrics if metric.name == "retention"),
        "seconds": round(run.seconds, 1),
        "processor_seconds": round(run.processor_seconds, 1),
        "stage_seconds": {stage: round(seconds, 1) for stage, seconds in report.provenance.stage_seconds.items()},
        "threads": report.provenance.threads,
        "peak_mib": round(run.peak / _MIB),
    }


def _table(runs: list[dict[str, Any]]) -> str:
    """Markdown: a row a run; metrics in per cent, with the bounds (95 %) of the difference."""
    head = ["type", "n", "outcome", "candidate", *_SHOWN, "retention", "CPU s", "peak MiB"]
    rows = [f"| {' | '.join(head)} |", "| --- " * len(head) + "|"]
    for run in runs:
        cells = [run["content"], f"{run['examples']:,}", run["outcome"], run["chosen"]]
        cells += [_before_and_after(metric) for metric in run["metrics"] if metric["name"] in _SHOWN]
        cells += [f"{100 * run['retention']:.0f}", f"{run['processor_seconds']:.0f}", f"{run['peak_mib']:,}"]
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def _before_and_after(metric: dict[str, Any]) -> str:
    start, tuned, low, high = (100 * metric[value] for value in ("start", "tuned", "low", "high"))
    return f"{start:.1f} → {tuned:.1f} ({low:+.1f}..{high:+.1f})"


if __name__ == "__main__":
    main()
