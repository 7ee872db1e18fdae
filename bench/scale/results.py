"""What was measured, and its summary for programs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from scale.figures import Latency, exponent

__all__ = ["Failover", "Fairness", "Lives", "Result", "Size", "Summary", "Throughput", "growth", "summarise"]

_LATENCY_AT, _LARGEST = 1_000, 5_000


@dataclass(frozen=True)
class Failover:
    """What another operator took to take over, in seconds from the signal to the leader."""

    lease_s: float
    """Until it held the Lease."""
    job_s: float
    """Until it had started the Job of a fine-tune that was applied right after the signal."""


@dataclass(frozen=True)
class Throughput:
    """What lives from the request to the end took, with as many under way at a time as `bed.AT_ONCE` says."""

    lives: int
    per_s: float
    """Fine-tunes that completed each second."""
    cpu_ms_per_run: float
    """What the operator computed for one of them."""
    api_calls: dict[str, float]
    """Requests to the API server for one of them, by verb and resource."""
    s3_calls: dict[str, float]
    """Requests to the object store and its STS for one of them, by action."""

    @property
    def api_calls_per_run(self) -> float:
        """All of them."""
        return sum(self.api_calls.values())

    @property
    def s3_calls_per_run(self) -> float:
        """All of them."""
        return sum(self.s3_calls.values())


@dataclass(frozen=True)
class Size:
    """What was measured with so many fine-tunes, all but the running ones finished, a vectorizer for each."""

    fine_tunes: int
    planted: int
    """Of them those that were written as finished, to get there in time: see `planting`."""
    running: int
    """Runs that went on while the latency was measured."""
    job: Latency
    """From sending a fine-tune until a watch showed its Job."""
    started: Latency
    """Until it showed the Job unsuspended: with credentials minted and in place."""
    throughput: Throughput | None
    """None where there were too few to fill up with."""
    rss_mib: float
    """Of the operator at rest, after all that."""
    idle_s: float
    """How long it was watched at rest."""
    idle_writes: float
    """What it wrote meanwhile, its Lease left out."""
    idle_cpu_percent: float
    """What it computed meanwhile, of one core."""
    restart_s: float
    """From the start of a process until it had reconciled everything, after an orderly end of the one before."""
    restarted_rss_mib: float
    """Of that process, right after."""
    restarted_peak_mib: float
    """The most that it held until then."""
    killed: Failover
    """After SIGKILL."""
    asked_to_end: Failover
    """After SIGTERM."""


@dataclass(frozen=True)
class Lives:
    """Fine-tunes that came, completed, expired, and whose vectorizers were deleted."""

    counts: list[int]
    rss_mib: list[float]
    """After so many."""
    growth_mib_per_1000: float | None
    """Over the later half."""
    per_s: float


@dataclass(frozen=True)
class Fairness:
    """How soon the fine-tunes of one account have their Jobs while another account floods the cluster."""

    alone: Latency
    flooded: Latency
    sent: int
    """Fine-tunes that the flooding account applied."""
    sent_per_s: float
    spec_bytes: int
    """The size of each."""
    seconds: float
    """How long it did so."""
    peak_mib: float
    """The most that the operator held until then."""

    @property
    def ratio(self) -> float:
        """Of the medians."""
        return self.flooded.p50 / self.alone.p50


@dataclass
class Result:
    """Everything of one measurement; what did not run is missing, with the reason in `missed`."""

    sizes: list[Size] = field(default_factory=list)
    lives: Lives | None = None
    fairness: Fairness | None = None
    missed: list[str] = field(default_factory=list)

    def size(self, fine_tunes: int) -> Size | None:
        """That with so many fine-tunes."""
        return next((size for size in self.sizes if size.fine_tunes == fine_tunes), None)


@dataclass(frozen=True)
class Summary:
    """The figures that are compared; None is what did not run."""

    job_latency_p50_ms: float | None
    job_latency_p95_ms: float | None
    rss_mib_5000: float | None
    restart_s_5000: float | None
    failover_s: float | None
    idle_writes: float | None
    api_calls_per_run: float | None
    s3_calls_per_run: float | None
    completed_per_s: float | None
    idle_s: float | None
    sizes: list[int]
    planted: list[int]
    exponents: dict[str, float | None]
    lives: int | None
    lives_growth_mib_per_1000: float | None
    fairness_ratio: float | None
    missed: list[str]


def summarise(result: Result) -> Summary:
    """The latency is that of 1,000 fine-tunes, memory and restart those of 5,000, the others those of the most."""
    usual, largest = result.size(_LATENCY_AT), result.size(_LARGEST)
    last = result.sizes[-1] if result.sizes else None
    lived = next((size.throughput for size in reversed(result.sizes) if size.throughput is not None), None)
    return Summary(
        job_latency_p50_ms=_rounded(usual.started.p50) if usual is not None else None,
        job_latency_p95_ms=_rounded(usual.started.p95) if usual is not None else None,
        rss_mib_5000=_rounded(largest.rss_mib) if largest is not None else None,
        restart_s_5000=_rounded(largest.restart_s) if largest is not None else None,
        failover_s=_rounded(last.killed.job_s) if last is not None else None,
        idle_writes=last.idle_writes if last is not None else None,
        api_calls_per_run=_rounded(lived.api_calls_per_run) if lived is not None else None,
        s3_calls_per_run=_rounded(lived.s3_calls_per_run) if lived is not None else None,
        completed_per_s=_rounded(lived.per_s, 2) if lived is not None else None,
        idle_s=last.idle_s if last is not None else None,
        sizes=[size.fine_tunes for size in result.sizes],
        planted=[size.planted for size in result.sizes],
        exponents={name: _rounded(value, 2) for name, value in growth(result.sizes).items()},
        lives=result.lives.counts[-1] if result.lives is not None else None,
        lives_growth_mib_per_1000=_rounded(result.lives.growth_mib_per_1000, 2) if result.lives is not None else None,
        fairness_ratio=_rounded(result.fairness.ratio, 2) if result.fairness is not None else None,
        missed=result.missed,
    )


def growth(sizes: Sequence[Size]) -> dict[str, float | None]:
    """The exponent with which each figure grows with the number of fine-tunes; None where too little was measured."""
    figures: dict[str, Callable[[Size], float | None]] = {
        "job_latency_p50": lambda size: size.started.p50,
        "job_latency_p95": lambda size: size.started.p95,
        "completed_per_s": lambda size: size.throughput.per_s if size.throughput else None,
        "cpu_ms_per_run": lambda size: size.throughput.cpu_ms_per_run if size.throughput else None,
        "api_calls_per_run": lambda size: size.throughput.api_calls_per_run if size.throughput else None,
        "rss": lambda size: size.rss_mib,
        "idle_cpu": lambda size: size.idle_cpu_percent,
        "restart": lambda size: size.restart_s,
        "failover": lambda size: size.killed.job_s,
    }
    return {name: _exponent(sizes, figure) for name, figure in figures.items()}


def _exponent(sizes: Sequence[Size], figure: Callable[[Size], float | None]) -> float | None:
    found = [(size.fine_tunes, value) for size in sizes if (value := figure(size)) is not None]
    return exponent([count for count, _ in found], [value for _, value in found])


def _rounded(value: float | None, digits: int = 1) -> float | None:
    return None if value is None else round(value, digits)
