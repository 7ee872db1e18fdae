"""What the operator costs as its cluster grows: make bench-operator, or make bench-operator QUICK=1.

PYTHONPATH=bench python -m scale [--quick] [--sizes 100 1000 5000] [--idle 600] [--lives 10000] [--flood 15]

Real are etcd, API server, controllers, MinIO with its STS, and the operator as a process of its own, with the settings
of the chart. Played are nodes and trainings: an actor writes the smallest honest result with the run's credentials and
reports the Pod's end, so that a run takes no time but the platform's own. What asks and watches takes part of the same
processors. Fine-tunes beyond --most-lives are planted as finished, like real ones (scale/planting.py), which the table
says. FOLDER/table.md, FOLDER/growth.svg and FOLDER/results.json tell the same as the output, whose last line is
one JSON object; what did not run is null there.
"""

import argparse
import asyncio
import json
import os
import subprocess
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from functools import partial
from itertools import pairwise
from pathlib import Path

from vectorizer_api.content import ContentType
from vectorizer_dev.cluster import DevelopmentCluster
from vectorizer_dev.component import ComponentError
from vectorizer_trainer.bases import ensure_base

from scale.api_server import RefusedError
from scale.bed import Bed, RunFailedError, Stage, prepare
from scale.fairness import CALM, FLOODING, measure_fairness
from scale.measuring import SizeAsked, measure_lives, measure_size
from scale.operators import Operator
from scale.results import Result, summarise
from scale.table import markdown, plot
from scale.waiting import TooSlowError

_OUT = Path(__file__).parents[2] / "build" / "bench-operator"
_BROKEN = (RunFailedError, TooSlowError, RefusedError, ComponentError, TimeoutError, OSError)


class _Course:
    """The parts one after the other; where one breaks, the others go on with an operator of their own."""

    def __init__(self, bed: Bed, asked: argparse.Namespace, keep: Callable[[Result], object]) -> None:
        """`keep` is given the result after each part, so that nothing is lost where a later one is broken off."""
        self._bed, self._asked, self._keep = bed, asked, keep
        self._operator: Operator | None = None
        self._began = time.monotonic()
        self.result = Result()

    async def run(self) -> None:
        """Every part that was asked for."""
        await self._bed.allow_many_runs()
        for there, size in pairwise([0, *self._asked.sizes]):
            await self._part(f"{size:,} fine-tunes", partial(self._size, there, size))
        if self._asked.lives:
            await self._part(f"{self._asked.lives:,} lives", self._lives)
        if self._asked.flood:
            await self._part("fairness", self._fairness)

    async def _size(self, there: int, fine_tunes: int) -> None:
        asked = SizeAsked(fine_tunes, self._asked.idle, self._asked.probes, self._asked.most_lives)
        operator = await self._working()
        size, self._operator = await measure_size(self._bed, operator, there, asked, self._say)
        self.result.sizes.append(size)

    async def _lives(self) -> None:
        every = max(50, self._asked.lives // 40)
        operator = await self._working()
        living = measure_lives(self._bed, operator, self._asked.lives, every, self._say)
        self.result.lives = await operator.while_it_runs(living)

    async def _fairness(self) -> None:
        self._say(f"one account floods for {self._asked.flood:.0f} s …")
        operator = await self._working()
        flooding = measure_fairness(self._bed, operator, self._asked.flood)
        self.result.fairness = await operator.while_it_runs(flooding)

    async def _working(self) -> Operator:
        if self._operator is None:
            self._operator = self._bed.operators.start()
            await self._operator.until_leading()
        return self._operator

    async def _part(self, name: str, measure: Callable[[], Awaitable[None]]) -> None:
        self._say(f"== {name}")
        try:
            await measure()
        except* _BROKEN as broken:
            reason = f"{name}: {_innermost(broken)}"
            self._say(f"did not run: {reason}")
            self.result.missed.append(reason)
            if self._operator is not None and self._operator.component.exit_code is None:
                self._operator.kill()
            self._operator = None
        self._keep(self.result)

    def _say(self, line: str) -> None:
        print(f"{time.monotonic() - self._began:6.0f} s  {line}", flush=True)


def _innermost(error: BaseException) -> BaseException:
    return _innermost(error.exceptions[0]) if isinstance(error, BaseExceptionGroup) else error


def main() -> None:
    """Measure, write table and plot, and print the summary as the last line."""
    asked = _asked()
    keep = partial(_keep, os.getloadavg()[0], asked.out)
    with (
        tempfile.TemporaryDirectory(prefix="bench-operator-") as folder,
        DevelopmentCluster.start(Path(folder)) as cluster,
    ):
        stage = prepare(cluster, ensure_base(ContentType.TEXT), CALM, FLOODING)
        result = asyncio.run(_measure(stage, asked, keep))
    print(f"\n{keep(result)}\n\nPlot: {asked.out / 'growth.svg'}\n")
    print(json.dumps(asdict(summarise(result))))


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="--idle 60 --most-lives 150 --lives 300")
    parser.add_argument("--sizes", type=int, nargs="*", help="fine-tunes, in rising order; default: 100 1000 5000")
    parser.add_argument("--idle", type=float, help="seconds at rest in which writes are counted; default: 600")
    parser.add_argument(
        "--most-lives", type=int, help="of each size; the other fine-tunes are planted; default: all live"
    )
    parser.add_argument("--probes", type=int, default=100, help="fine-tunes of each size whose latency is measured")
    parser.add_argument("--lives", type=int, help="fine-tunes that come and go, 0 for none; default: 10000")
    parser.add_argument("--flood", type=float, default=15, help="seconds that an account floods, 0 for none")
    parser.add_argument("--out", type=Path, default=_OUT)
    asked = parser.parse_args()
    asked.sizes = asked.sizes if asked.sizes is not None else [100, 1_000, 5_000]
    asked.idle = asked.idle or (60 if asked.quick else 600)
    usual = 150 if asked.quick else max(asked.sizes, default=0)
    asked.most_lives = asked.most_lives if asked.most_lives is not None else usual
    asked.lives = asked.lives if asked.lives is not None else 300 if asked.quick else 10_000
    if asked.sizes != sorted(set(asked.sizes)) or any(size < 10 for size in asked.sizes):
        parser.error("--sizes: each larger than the one before, and at least 10")
    return asked


async def _measure(stage: Stage, asked: argparse.Namespace, keep: Callable[[Result], object]) -> Result:
    async with Bed.open(stage) as bed:
        course = _Course(bed, asked, keep)
        await course.run()
        return course.result


def _keep(load: float, out: Path, result: Result) -> str:
    """Write table, plot and figures; the table."""
    out.mkdir(parents=True, exist_ok=True)
    told = f"{markdown(result)}\n\nCommit {_commit()}, {os.cpu_count()} cores, load {load:.1f} before it began."
    (out / "table.md").write_text(told + "\n", encoding="utf-8")
    (out / "growth.svg").write_text(plot(result), encoding="utf-8")
    (out / "results.json").write_text(json.dumps(asdict(result), indent=1) + "\n", encoding="utf-8")
    return told


def _commit() -> str:
    command = ["git", "describe", "--always", "--dirty"]
    return subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parent).stdout.strip()


if __name__ == "__main__":
    main()
