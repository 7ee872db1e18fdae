"""The comparison as a Markdown table, and as a plot."""

from collections.abc import Sequence
from html import escape

from peers.comparison import Row, best_variants
from peers.results import Result

__all__ = ["markdown", "plot"]

_GIB = 1024**3
_HEAD = (
    "set",
    "n",
    "method",
    "NDCG@10",
    "mAP@100",
    "kNN label-mAP",
    "retention",
    "cold s",
    "s to its best",
    "examples/s",
    "peak GiB",
    "ours / theirs: to its best",
    "cold to its best",
    "full run",
    "peak",
    "load",
)
_WIDTH, _HEIGHT, _LEFT, _BELOW, _LEGEND = 720, 400, 50, 40, 230
_COLOURS = ("#1b6ca8", "#d1495b", "#66a182", "#edae49", "#7d5ba6", "#5c5c5c", "#00798c", "#a44a3f")


def markdown(rows: Sequence[Row]) -> str:
    """A row for each method; metrics in per cent, ratios to what tunes the encoder; below 1 they are in our favour."""
    lines = [f"| {' | '.join(_HEAD)} |", "| --- " * len(_HEAD) + "|"]
    return "\n".join([*lines, *(f"| {' | '.join(_cells(row))} |" for row in rows)])


def _cells(row: Row) -> list[str]:
    quality = row.quality
    shares = (quality.ndcg_at_10, quality.map_at_100, quality.knn_label_map, quality.retention)
    return [
        row.content,
        f"{row.examples:,}",
        f"{row.method}: {row.variant}",
        *(f"{100 * share:.1f}" for share in shares),
        f"{row.full_seconds:.0f}",
        _number(row.to_best, ".0f"),
        f"{row.examples_per_second:.1f}",
        f"{row.peak / _GIB:.2f}",
        _number(row.to_best_ratio if row.tunes else None, ".2f"),
        _number(row.cold_to_best_ratio if row.tunes else None, ".2f"),
        _number(row.full_ratio if row.tunes else None, ".2f"),
        _number(row.peak_ratio if row.tunes else None, ".2f"),
        f"{row.load:.1f}",
    ]


def _number(value: float | None, form: str) -> str:
    return "–" if value is None else format(value, form)


def plot(results: Sequence[Result]) -> str:
    """SVG: NDCG@10 over the seconds since the start of each process, of one set and seed."""
    shown = best_variants(results)
    points = [point for result in shown for point in result.points]
    longest = max(point.cold_seconds for point in points)
    values = [100 * point.quality.ndcg_at_10 for point in points]
    low, high = min(values) - 1, max(values) + 1

    def at(seconds: float, value: float) -> tuple[float, float]:
        across = _LEFT + (_WIDTH - _LEFT) * seconds / longest
        return across, (_HEIGHT - _BELOW) * (1 - (value - low) / (high - low))

    parts = [_axes(longest, low, high)]
    for index, result in enumerate(shown):
        colour = _COLOURS[index % len(_COLOURS)]
        places = [at(point.cold_seconds, 100 * point.quality.ndcg_at_10) for point in result.points]
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in places]
        label = escape(f"{result.method}: {result.variant}")
        parts.append(f'<text x="{_WIDTH + 12}" y="{20 + 18 * index}" fill="{colour}">{label}</text>')
    form = f'width="{_WIDTH + _LEGEND}" height="{_HEIGHT}" font-family="sans-serif" font-size="11"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {form}>{"".join(parts)}</svg>\n'


def _axes(longest: float, low: float, high: float) -> str:
    bottom = _HEIGHT - _BELOW
    return (
        f'<path d="M{_LEFT} 0V{bottom}H{_WIDTH}" fill="none" stroke="#888"/>'
        f'<text x="4" y="12">{high:.1f}</text><text x="4" y="{bottom}">{low:.1f}</text>'
        f'<text x="{_LEFT}" y="{bottom + 16}">0 s</text>'
        f'<text x="{_WIDTH - 40}" y="{bottom + 16}">{longest:.0f} s</text>'
        f'<text x="{_LEFT}" y="{_HEIGHT - 6}">NDCG@10 on the test set, since the start of the process</text>'
    )
