"""The trainer beside its peers, in one run on this machine: make bench-trainer, or make bench-trainer QUICK=1.

PYTHONPATH=bench python -m peers [--quick] [--examples 100 1000] [--seeds 3] [--cap 3600] [--out FOLDER]

Every method starts from the same base and has the same files. A finished training is a line of FOLDER/results.jsonl
and is not made again while the source stays the same; FOLDER/table.md and FOLDER/curves.svg tell of all lines of this
source.
The last line that is printed is one JSON object.
"""

import argparse
import json
import os
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

from journal import Journal, source

from peers.catalogue import OURS, PEERS, Peer, peers_for
from peers.comparison import rows, summarise
from peers.ours import train_ours
from peers.processes import DidNotRunError
from peers.results import Result
from peers.scoring import Scorer
from peers.table import markdown, plot
from peers.tasks import Prepared, TooFewFilesError, prepare
from peers.theirs import start_vectors, train_theirs

_OUT = Path(__file__).parents[2] / "build" / "bench-trainer"


@dataclass(frozen=True)
class _Comparison:
    """What was asked for, and where it is written down."""

    journal: Journal
    source: str
    """The commit, and what else must be the same of what is compared."""
    peers: list[Peer]
    test: int
    threads: int
    cap: float

    def of(self, content: str, examples: int, seed: int) -> Iterator[str]:
        """Every method on one task; yields what did not run, with the reason."""
        where = f"{content}, {examples:,} examples, seed {seed}"
        with tempfile.TemporaryDirectory(prefix="bench-trainer-") as folder:
            try:
                prepared = prepare(Path(folder), content, examples, self.test, seed)
                scorer = self._scorer(prepared, Path(folder))
            except (TooFewFilesError, DidNotRunError) as error:
                yield f"{where}: {error}"
                return
            trainings = [(OURS, "", partial(train_ours, prepared, scorer))]
            for peer in self.peers:
                trainings += [
                    (peer.name, variant, partial(train_theirs, prepared, scorer, peer, variant))
                    for variant in peer.variants
                ]
            for number, (method, variant, train) in enumerate(trainings):
                out = Path(folder) / f"method-{number}"
                out.mkdir()
                key = {"source": self.source, "asked": ", ".join(filter(None, (where, method, variant)))}
                if not self.journal.missing(iter([tuple(key.values())])):
                    continue
                print(f"{key['asked']}: at most {self.cap:.0f} s …", flush=True)
                try:
                    result: Result = train(out, self.threads, self.cap)
                except DidNotRunError as error:
                    yield f"{key['asked']}: {error}"
                else:
                    self.journal.add(key | result.line())

    def _scorer(self, prepared: Prepared, folder: Path) -> Scorer:
        out = folder / "start"
        out.mkdir()
        untouched = next(peer for peer in self.peers if peer.module == "untouched")
        return Scorer(prepared.task, start_vectors(prepared, untouched, out, self.threads, self.cap))

    def results(self) -> list[Result]:
        """Those of this source."""
        return [Result.of_line(line) for line in self.journal.runs() if line["source"] == self.source]


def main() -> None:
    """Compares, writes table and plot, and prints the summary as the last line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--quick", action="store_true", help="1,000 examples, one seed, the two strongest peers, each in its best way"
    )
    parser.add_argument("--content", choices=["Text"], default="Text")
    parser.add_argument("--peers", choices=[peer.name for peer in PEERS], nargs="+", help="these alone, and the base")
    parser.add_argument("--examples", type=int, nargs="+", help="default: 100, 1,000, and 10,000 with one seed")
    parser.add_argument("--test", type=int, default=1000)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--cap", type=float, default=3600, help="seconds of one training at most")
    parser.add_argument("--out", type=Path, default=_OUT)
    arguments = parser.parse_args()
    peers = [peer for peer in peers_for(arguments.content) if _is_asked_for(peer, arguments)]
    if arguments.quick:
        peers = [replace(peer, variants=peer.variants[:1]) for peer in peers]
    journal = Journal(arguments.out / "results.jsonl", ("source", "asked"))
    measured = f"{source()}, {arguments.test:,} to test on, {arguments.threads} threads"
    comparison = _Comparison(journal, measured, peers, arguments.test, arguments.threads, arguments.cap)
    missed: list[str] = []
    for examples, seed in _sizes_and_seeds(arguments):
        for reason in comparison.of(arguments.content, examples, seed):
            print(f"did not run: {reason}", flush=True)
            missed.append(reason)
    _tell(comparison.results(), missed, arguments.out)


def _is_asked_for(peer: Peer, arguments: argparse.Namespace) -> bool:
    if arguments.peers:
        return peer.name in arguments.peers or peer.module == "untouched"
    return peer.strongest or not arguments.quick


def _sizes_and_seeds(arguments: argparse.Namespace) -> list[tuple[int, int]]:
    sizes = arguments.examples or ([1000] if arguments.quick else [100, 1000, 10_000])
    seeds = 1 if arguments.quick else arguments.seeds
    return [(size, seed) for size in sizes for seed in range(1 if size >= 10_000 else seeds)]


def _tell(results: list[Result], missed: list[str], out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    table = markdown(rows(results))
    (out / "table.md").write_text(table + "\n", encoding="utf-8")
    if results:
        largest = max(result.examples for result in results)
        shown = [result for result in results if result.examples == largest and result.seed == 0]
        (out / "curves.svg").write_text(plot(shown), encoding="utf-8")
    print(f"{table}\n")
    print(json.dumps(asdict(summarise(results, missed))))


if __name__ == "__main__":
    main()
