"""The course of the measurement on a prepared cluster.

What breaks on the way is raised: RunFailedError, TooSlowError, RefusedError or ComponentError.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from scale.bed import AT_ONCE, Bed, held
from scale.figures import Latency, growth_per_thousand
from scale.operators import Operator
from scale.planting import plant
from scale.results import Failover, Lives, Size, Throughput
from scale.waiting import until

__all__ = ["Report", "SizeAsked", "measure_lives", "measure_size"]

RUNNING = 100
"""Runs that go on while the latency is measured; a tenth of the fine-tunes where there are fewer than 1,000."""
PAUSE = 0.1
"""Seconds between them: people do not apply in step with the operator's answers."""
SETTLED = 15.0
"""Seconds without a write after which the operator is at rest."""

Report = Callable[[str], None]
"""Takes one line for the person who waits."""


@dataclass(frozen=True)
class SizeAsked:
    """A size that is to be measured."""

    fine_tunes: int
    idle: float
    """Seconds at rest."""
    probes: int
    """Fine-tunes whose latency is measured, each when the one before has its Job; half of all where that is less."""
    most_lives: int
    """Fine-tunes that live to get there, at most; the others are planted."""


async def measure_size(
    bed: Bed, operator: Operator, there: int, asked: SizeAsked, report: Report
) -> tuple[Size, Operator]:
    """Grow from `there` finished fine-tunes, and measure; also the operator that is left at the end."""
    fine_tunes, idle = asked.fine_tunes, asked.idle
    running, probes = min(RUNNING, fine_tunes // 10), min(asked.probes, fine_tunes // 2)
    missing = max(0, fine_tunes - there - running - probes)
    throughput = await _fill(bed, operator, f"n{fine_tunes}", min(missing, asked.most_lives), report)
    planted = max(0, missing - asked.most_lives)
    if planted:
        operator = await _plant(bed, operator, [f"planted{fine_tunes}-{index}" for index in range(planted)], report)
    report(f"latency of {probes} fine-tunes beside {running} that run …")
    names = held(f"n{fine_tunes}", running)
    await bed.hold(names)
    job, started = await _latency(bed, f"probe{fine_tunes}", probes)
    await bed.let_go(names)
    report(f"at rest for {idle:.0f} s …")
    await _settle(operator)
    before, computed = await operator.figures(), operator.cpu
    await asyncio.sleep(idle)
    after, rss, computed = await operator.figures(), operator.rss, operator.cpu - computed
    report("restart …")
    restarted, restart_s = await _restart(bed, operator)
    restarted_rss, restarted_peak = restarted.rss, restarted.peak
    report("failover …")
    killed, second = await _fail_over(bed, restarted, restarted.kill, f"failover{fine_tunes}-0")
    asked_to_end, third = await _fail_over(bed, second, second.ask_to_end, f"failover{fine_tunes}-1")
    size = Size(
        fine_tunes=fine_tunes,
        planted=planted,
        running=running,
        job=job,
        started=started,
        throughput=throughput,
        rss_mib=rss,
        idle_s=idle,
        idle_writes=after.writes - before.writes,
        idle_cpu_percent=100 * computed / idle,
        restart_s=restart_s,
        restarted_rss_mib=restarted_rss,
        restarted_peak_mib=restarted_peak,
        killed=killed,
        asked_to_end=asked_to_end,
    )
    return size, third


async def measure_lives(bed: Bed, operator: Operator, lives: int, every: int, report: Report) -> Lives:
    """Let fine-tunes live and go, with a look at the operator's memory after `every` so many."""
    counts, memory, began = list[int](), list[float](), time.monotonic()
    for first in range(0, lives, every):
        names = [f"life-{index}" for index in range(first, min(first + every, lives))]
        await _at_once([bed.live_and_go(name) for name in names])
        counts.append(first + len(names))
        memory.append(operator.rss)
        report(f"{counts[-1]:,} lives, {_rate(counts[-1], began):.1f} a second, {memory[-1]:.0f} MiB")
    return Lives(counts, memory, growth_per_thousand(counts, memory), _rate(lives, began))


async def _fill(bed: Bed, operator: Operator, names: str, count: int, report: Report) -> Throughput | None:
    if not count:
        return None
    report(f"{count:,} lives, {AT_ONCE} at a time …")
    before, computed, began = await operator.figures(), operator.cpu, time.monotonic()
    await _at_once([bed.live(f"{names}-{index}") for index in range(count)])
    rate, computed = _rate(count, began), operator.cpu - computed
    after = await operator.figures()
    report(f"{rate:.1f} completed a second")
    api, s3 = _difference(before.api_calls, after.api_calls), _difference(before.s3_calls, after.s3_calls)
    return Throughput(count, rate, 1000 * computed / count, _shares(api, count), _shares(s3, count))


async def _plant(bed: Bed, operator: Operator, names: list[str], report: Report) -> Operator:
    """Plant what is not lived through, while no operator runs; the operator that knows of it."""
    report(f"{len(names):,} planted …")
    operator.ask_to_end()
    await operator.until_ended()
    await plant(bed.api, names, like=next(iter(bed.sightings.ended)))
    started = bed.operators.start()
    await started.until_reconciled(await bed.there())
    return started


async def _latency(bed: Bed, names: str, count: int) -> tuple[Latency, Latency]:
    """From sending a fine-tune until its Job was there, and until it was started."""
    seen, job, started = bed.sightings, list[float](), list[float]()
    for name in [f"{names}-{index}" for index in range(count)]:
        sent = await bed.ask(name)
        started.append(await seen.until(name, seen.started) - sent)
        job.append(seen.job[name] - sent)
        await asyncio.sleep(PAUSE)
    for name in [f"{names}-{index}" for index in range(count)]:
        await seen.until(name, seen.ended)
    return Latency.of(job), Latency.of(started)


async def _settle(operator: Operator) -> None:
    """Wait until it has written nothing for a while: what has just ended still has its words to be said."""
    last, since = -1.0, time.monotonic()

    async def rests() -> bool:
        nonlocal last, since
        told = await operator.figures()
        if told.writes != last or told.queued:
            last, since = told.writes, time.monotonic()
        return time.monotonic() - since >= SETTLED

    await until("the operator is at rest", rests, 600, every=1.0)


async def _restart(bed: Bed, operator: Operator) -> tuple[Operator, float]:
    """End it in order and start another, as an upgrade does; the seconds from the start until all was reconciled."""
    objects = await bed.there()
    operator.ask_to_end()
    await operator.until_ended()
    started = bed.operators.start()
    return started, await started.until_reconciled(objects) - started.started


async def _fail_over(bed: Bed, leader: Operator, end: Callable[[], None], name: str) -> tuple[Failover, Operator]:
    """End the leader beside one that stands by; also that one."""
    other = bed.operators.start()
    await other.until_standing_by()
    ended = time.monotonic()
    end()
    await bed.ask(name)
    leads, started = await asyncio.gather(other.until_leading(), bed.sightings.until(name, bed.sightings.started))
    await bed.sightings.until(name, bed.sightings.ended)
    return Failover(leads - ended, started - ended), other


async def _at_once(lives: list[Awaitable[object]]) -> None:
    """All of them, so many at a time."""
    free = asyncio.Semaphore(AT_ONCE)

    async def one(life: Awaitable[object]) -> None:
        async with free:
            await life

    async with asyncio.TaskGroup() as group:
        for life in lives:
            group.create_task(one(life))


def _rate(count: int, began: float) -> float:
    return count / (time.monotonic() - began)


def _difference(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, float]:
    return {what: count - before.get(what, 0.0) for what, count in after.items() if count > before.get(what, 0.0)}


def _shares(counts: Mapping[str, float], of: int) -> dict[str, float]:
    return {what: count / of for what, count in counts.items()}
