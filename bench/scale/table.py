"""What was measured as Markdown tables, and as a plot."""

from collections.abc import Callable, Mapping, Sequence
from html import escape

from scale.results import Result, Size, growth

__all__ = ["markdown", "plot"]

_WIDTH, _HEIGHT, _LEFT, _BELOW, _GAP = 250, 190, 44, 34, 30
_COLOURS = ("#1b6ca8", "#d1495b", "#66a182")
_ROWS: Mapping[str, tuple[str, Callable[[Size], str]]] = {
    "planted": ("planted since the size before", lambda size: f"{size.planted:,}"),
    "job_latency_p50": ("CR -> Job with credentials, p50 ms", lambda size: f"{size.started.p50:.0f}"),
    "job_latency_p95": ("CR -> Job with credentials, p95 ms", lambda size: f"{size.started.p95:.0f}"),
    "": ("CR -> Job suspended, p50 / p95 ms", lambda size: f"{size.job.p50:.0f} / {size.job.p95:.0f}"),
    "completed_per_s": (
        "completed a second",
        lambda size: _number(size.throughput.per_s if size.throughput else None, ".1f"),
    ),
    "cpu_ms_per_run": (
        "operator's CPU ms a run",
        lambda size: _number(size.throughput.cpu_ms_per_run if size.throughput else None, ".0f"),
    ),
    "api_calls_per_run": (
        "API calls a run",
        lambda size: _number(size.throughput.api_calls_per_run if size.throughput else None, ".1f"),
    ),
    "s3": (
        "S3 calls a run",
        lambda size: _number(size.throughput.s3_calls_per_run if size.throughput else None, ".1f"),
    ),
    "rss": ("RSS at rest, MiB", lambda size: f"{size.rss_mib:.0f}"),
    "restarted": (
        "RSS after a restart (peak), MiB",
        lambda size: f"{size.restarted_rss_mib:.0f} ({size.restarted_peak_mib:.0f})",
    ),
    "idle_cpu": ("CPU at rest, % of a core", lambda size: f"{size.idle_cpu_percent:.1f}"),
    "writes": ("writes at rest", lambda size: f"{size.idle_writes:.0f} in {size.idle_s:.0f} s"),
    "restart": ("restart -> all reconciled, s", lambda size: f"{size.restart_s:.1f}"),
    "failover": (
        "SIGKILL -> Lease / a new CR's Job, s",
        lambda size: f"{size.killed.lease_s:.1f} / {size.killed.job_s:.1f}",
    ),
    "asked": (
        "SIGTERM -> Lease / a new CR's Job, s",
        lambda size: f"{size.asked_to_end.lease_s:.1f} / {size.asked_to_end.job_s:.1f}",
    ),
}


def markdown(result: Result) -> str:
    """A row for each figure and a column for each size, then lives, fairness, and where the requests go."""
    parts = [*_sizes(result.sizes), *_lives(result), *_fairness(result), *_calls(result.sizes)]
    parts += [f"\nDid not run: {reason}" for reason in result.missed]
    return "\n".join(parts)


def _sizes(sizes: Sequence[Size]) -> list[str]:
    if not sizes:
        return []
    exponents = growth(sizes)
    heads = [f"{size.fine_tunes:,} CRs, {size.running} run" for size in sizes]
    lines = [_line(["figure", *heads, "grows as n^"]), _rule(len(heads) + 2)]
    for key, (title, cell) in _ROWS.items():
        lines.append(_line([title, *map(cell, sizes), _number(exponents.get(key), ".2f")]))
    return lines


def _lives(result: Result) -> list[str]:
    if result.lives is None:
        return []
    lives = result.lives
    grown = _number(lives.growth_mib_per_1000, "+.2f")
    told = (
        f"\n{lives.counts[-1]:,} lives, {lives.per_s:.1f} a second: RSS {lives.rss_mib[0]:.0f} MiB after the first "
        f"{lives.counts[0]:,}, {lives.rss_mib[-1]:.0f} MiB after the last; {grown} MiB a thousand over the later half."
    )
    return [told]


def _fairness(result: Result) -> list[str]:
    if result.fairness is None:
        return []
    fairness = result.fairness
    told = (
        f"\nOne account applied {fairness.sent:,} CRs of {fairness.spec_bytes:,} bytes in {fairness.seconds:.0f} s "
        f"({fairness.sent_per_s:.0f} a second); another one's CR -> Job p50 {fairness.flooded.p50:.0f} ms, p95 "
        f"{fairness.flooded.p95:.0f} ms meanwhile, {fairness.alone.p50:.0f} and {fairness.alone.p95:.0f} ms alone: "
        f"{fairness.ratio:.1f} times. The operator held {fairness.peak_mib:.0f} MiB at most."
    )
    return [told]


def _calls(sizes: Sequence[Size]) -> list[str]:
    lived = next((size.throughput for size in reversed(sizes) if size.throughput is not None), None)
    if lived is None:
        return []
    both = [("API server", lived.api_calls), ("object store", lived.s3_calls)]
    told = [(place, what, count) for place, calls in both for what, count in sorted(calls.items())]
    rows = [_line([place, what, f"{count:.2f}"]) for place, what, count in told if count >= 0.005]
    return ["", _line(["where", "what", "a run"]), _rule(3), *rows]


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _rule(columns: int) -> str:
    return "| --- " * columns + "|"


def _number(value: float | None, form: str) -> str:
    return "–" if value is None else format(value, form)


def plot(result: Result) -> str:
    """SVG: latency, memory and restart over the number of fine-tunes, and memory over the lives; each from zero."""
    counts = [float(size.fine_tunes) for size in result.sizes]
    charts: list[tuple[str, str, Sequence[float], Mapping[str, Sequence[float]]]] = []
    if counts:
        latency = {
            "p50": [size.started.p50 for size in result.sizes],
            "p95": [size.started.p95 for size in result.sizes],
        }
        memory = {
            "at rest": [size.rss_mib for size in result.sizes],
            "restarted": [size.restarted_rss_mib for size in result.sizes],
            "peak": [size.restarted_peak_mib for size in result.sizes],
        }
        seconds = {
            "restart": [size.restart_s for size in result.sizes],
            "SIGKILL": [size.killed.job_s for size in result.sizes],
            "SIGTERM": [size.asked_to_end.job_s for size in result.sizes],
        }
        charts += [
            ("CR -> Job, ms", "fine-tunes", counts, latency),
            ("memory, MiB", "fine-tunes", counts, memory),
            ("restart and failover, s", "fine-tunes", counts, seconds),
        ]
    if result.lives is not None:
        charts.append(("memory, MiB", "lives", result.lives.counts, {"RSS": result.lives.rss_mib}))
    step = _WIDTH + _LEFT + _GAP
    drawn = [f'<g transform="translate({index * step},0)">{_chart(*chart)}</g>' for index, chart in enumerate(charts)]
    form = f'width="{max(1, len(charts)) * step}" height="{_HEIGHT + _BELOW}" font-family="sans-serif" font-size="11"'
    background = '<rect width="100%" height="100%" fill="#fff"/>'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {form}>{background}{"".join(drawn)}</svg>\n'


def _chart(title: str, unit: str, across: Sequence[float], lines: Mapping[str, Sequence[float]]) -> str:
    top, most = 1.15 * max(max(values) for values in lines.values()) or 1.0, max(across)
    bottom = _HEIGHT - 10
    parts = [
        f'<path d="M{_LEFT} 24V{bottom}H{_LEFT + _WIDTH}" fill="none" stroke="#888"/>',
        f'<text x="{_LEFT}" y="14" font-weight="bold">{escape(title)}</text>',
        f'<text x="{_LEFT - 6}" y="34" text-anchor="end">{top:.0f}</text>',
        f'<text x="{_LEFT - 6}" y="{bottom}" text-anchor="end">0</text>',
        f'<text x="{_LEFT + _WIDTH}" y="{bottom + 16}" text-anchor="end">{most:,.0f} {escape(unit)}</text>',
    ]
    for index, (label, values) in enumerate(lines.items()):
        colour = _COLOURS[index % len(_COLOURS)]
        places = [
            (_LEFT + _WIDTH * count / most, bottom - (bottom - 24) * value / top)
            for count, value in zip(across, values, strict=True)
        ]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="{colour}"/>' for x, y in places]
        parts.append(f'<text x="{_LEFT + 8 + 74 * index}" y="{bottom + 30}" fill="{colour}">{escape(label)}</text>')
    return "".join(parts)
