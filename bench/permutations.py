"""What is answered where there is nothing to learn: the labels are dealt out anew among the examples.

python bench/permutations.py [--content Text ...] [--examples 100 300 1000] [--permutations 20]
                             [--results bench/results/permutations.jsonl]

Each finished run is a line of the results; a run whose line is there is not made again. Printed is the table of all
lines: of so many permutations of the labels, how many were answered with an improvement. At most 2 of 20 may be.
"""

import argparse
import time
from collections import Counter
from itertools import product
from pathlib import Path
from typing import Any

from journal import Journal, source
from trial import DATA_SETS, Trial, open_trial
from vectorizer_api.run import Outcome
from vectorizer_trainer.evaluation import compare

_RESULTS = Path(__file__).parent / "results" / "permutations.jsonl"
_SIZES = [100, 300, 1000]


def main() -> None:
    """Makes the runs that have no line yet, and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--content", choices=sorted(DATA_SETS), nargs="+", default=sorted(DATA_SETS))
    parser.add_argument("--examples", type=int, nargs="+", default=_SIZES)
    parser.add_argument("--permutations", type=int, default=20)
    parser.add_argument("--results", type=Path, default=_RESULTS)
    arguments = parser.parse_args()
    journal = Journal(arguments.results, ("content", "examples", "permutation"))
    for content in arguments.content:
        wanted = product([content], arguments.examples, range(arguments.permutations))
        if missing := journal.missing(wanted):
            trial = open_trial(content, max(examples for _, examples, _ in missing), test=1)
            for _, examples, permutation in missing:
                key = {"content": content, "examples": examples, "permutation": permutation}
                journal.add(key | _run(trial.smaller(examples), permutation))
    print(_table(journal.runs()))


def _run(trial: Trial, permutation: int) -> dict[str, Any]:
    began = time.process_time()
    tuned = trial.shuffled(permutation).tune(permutation)
    seconds = time.process_time() - began
    gain = compare(tuned.folds, permutation).difference("ndcg_at_10", "map_at_100")
    return {
        "outcome": tuned.outcome,
        "chosen": tuned.chosen,
        "alpha": tuned.alpha,
        "gain": round(gain.value, 5),
        "error": round(gain.error, 5),
        "processor_seconds": round(seconds, 1),
        "source": source(),
    }


def _table(runs: list[dict[str, Any]]) -> str:
    """Markdown: a row a type, a column a size; claimed improvements of permutations."""
    made = Counter((run["content"], run["examples"]) for run in runs)
    claimed = Counter((run["content"], run["examples"]) for run in runs if run["outcome"] == Outcome.IMPROVED)
    sizes = sorted({examples for _, examples in made})
    rows = [
        "| type | " + " | ".join(f"n = {examples:,}" for examples in sizes) + " |",
        "| --- " * (1 + len(sizes)) + "|",
    ]
    for content in sorted({content for content, _ in made}):
        cells = [_cell(claimed[content, examples], made[content, examples]) for examples in sizes]
        rows.append(f"| {content} | {' | '.join(cells)} |")
    return "\n".join(rows)


def _cell(claimed: int, made: int) -> str:
    return f"{claimed} of {made}" if made else "–"


if __name__ == "__main__":
    main()
