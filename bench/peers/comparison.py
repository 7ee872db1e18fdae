"""What the results say side by side: rows as ratios to ours, and the summary that the last line is."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import log

from peers.catalogue import OURS
from peers.results import METRICS, Quality, Result

__all__ = ["Row", "Summary", "best_variants", "exponent", "rows", "summarise"]

_NEARLY = 0.99
"""Share of a peer's best NDCG@10 that counts as having reached it."""


@dataclass(frozen=True)
class Row:
    """One method on one set and number of examples, means over its seeds. A ratio is ours over theirs."""

    content: str
    examples: int
    method: str
    variant: str
    tunes: bool
    seeds: int
    quality: Quality
    full_seconds: float
    examples_per_second: float
    peak: float
    """Bytes."""
    to_best: float | None
    """Seconds of its training clock until it had 99 % of its own best NDCG@10."""
    to_best_ratio: float | None
    """Absent where ours never had 99 % of it; so is the next one."""
    cold_to_best_ratio: float | None
    full_ratio: float
    peak_ratio: float
    load: float


@dataclass(frozen=True)
class Summary:
    """The last line: over every set and every peer that tunes the encoder, the worst ratio. None: it did not run,
    or ours never reached one peer's best.
    """

    quality_ahead_of_best_peer: bool | None
    time_to_peer_best_ratio: float | None
    cold_time_to_peer_best_ratio: float | None
    full_run_time_ratio: float | None
    peak_memory_ratio: float | None
    scaling_exponent: float | None
    memory_exponent: float | None
    best_peer: str | None
    """Of the largest set the one with the best NDCG@10."""
    peer_best_never_reached: list[str]
    """Peers of whose best NDCG@10 ours never had 99 %, so that there is no ratio of the time to it."""
    did_not_run: list[str]
    """What was to be measured and was not, each with its reason."""


def best_variants(results: Iterable[Result]) -> list[Result]:
    """Of each method, set and seed the variant that was best on the examples to choose on."""
    best: dict[tuple[str, int, int, str], Result] = {}
    for result in results:
        key = (result.content, result.examples, result.seed, result.method)
        if key not in best or result.chosen_score > best[key].chosen_score:
            best[key] = result
    return list(best.values())


def rows(results: Iterable[Result]) -> list[Row]:
    """One for each method on each set, ours first; sets without ours have nothing to be compared with."""
    best = sorted(best_variants(results), key=_set_of)
    found = []
    for _, group in groupby(best, key=_set_of):
        on_set = list(group)
        ours = {result.seed: result for result in on_set if result.method == OURS}
        methods = dict.fromkeys(result.method for result in sorted(on_set, key=lambda each: each.method != OURS))
        for method in methods:
            pairs = [(each, ours[each.seed]) for each in on_set if each.method == method and each.seed in ours]
            if pairs:
                found.append(_row(pairs))
    return found


def summarise(results: Sequence[Result], did_not_run: Sequence[str]) -> Summary:
    """The last line of a comparison."""
    compared = rows(results)
    ours = [row for row in compared if row.method == OURS]
    peers = [row for row in compared if row.method != OURS and row.tunes]
    sizes = [(row.examples, row) for row in ours if row.content == _most_frequent(ours)]
    largest = [row for row in peers if row.examples == max(peer.examples for peer in peers)]
    return Summary(
        quality_ahead_of_best_peer=_is_ahead(ours, peers) if peers else None,
        time_to_peer_best_ratio=_worst(row.to_best_ratio for row in peers),
        cold_time_to_peer_best_ratio=_worst(row.cold_to_best_ratio for row in peers),
        full_run_time_ratio=_worst(row.full_ratio for row in peers),
        peak_memory_ratio=_worst(row.peak_ratio for row in peers),
        scaling_exponent=exponent([(size, row.full_seconds) for size, row in sizes]),
        memory_exponent=exponent([(size, row.peak) for size, row in sizes]),
        best_peer=max(largest, key=lambda row: row.quality.ndcg_at_10).method if largest else None,
        peer_best_never_reached=sorted({row.method for row in peers if row.to_best_ratio is None}),
        did_not_run=list(did_not_run),
    )


def exponent(points: Sequence[tuple[float, float]]) -> float | None:
    """The slope of the least-squares line through (log size, log value); None for fewer than two sizes."""
    if len({size for size, _ in points}) < 2:
        return None
    across, up = [log(size) for size, _ in points], [log(value) for _, value in points]
    middle, height = _mean(across), _mean(up)
    numerator = sum((x - middle) * (y - height) for x, y in zip(across, up, strict=True))
    return numerator / sum((x - middle) ** 2 for x in across)


def _row(pairs: Sequence[tuple[Result, Result]]) -> Row:
    """Of a method's results, each with ours of the same seed."""
    theirs = [each for each, _ in pairs]
    reached = [(_reached(each, each), _reached(each, ours)) for each, ours in pairs]

    def ratio(clock: Callable[[tuple[float, float]], float]) -> float | None:
        known = [(clock(own), clock(our)) for own, our in reached if own is not None and our is not None]
        return _mean([our / own for own, our in known]) if len(known) == len(reached) else None

    first = theirs[0]
    return Row(
        content=first.content,
        examples=first.examples,
        method=first.method,
        variant=", ".join(dict.fromkeys(each.variant for each in theirs)),
        tunes=first.tunes,
        seeds=len(theirs),
        quality=_mean_quality([each.quality for each in theirs]),
        full_seconds=_mean([each.full_seconds for each in theirs]),
        examples_per_second=_mean([each.examples_per_second for each in theirs]),
        peak=_mean([each.peak for each in theirs]),
        to_best=_mean([own[0] for own, _ in reached if own is not None]),
        to_best_ratio=ratio(lambda clocks: clocks[0]),
        cold_to_best_ratio=ratio(lambda clocks: clocks[1]),
        full_ratio=_mean([ours.full_seconds / each.full_seconds for each, ours in pairs]),
        peak_ratio=_mean([ours.peak / each.peak for each, ours in pairs]),
        load=_mean([each.load for each in theirs]),
    )


def _reached(peer: Result, by: Result) -> tuple[float, float] | None:
    """When `by` had 99 % of the peer's best NDCG@10, by the training clock and from the start of its process."""
    point = by.first_at(_NEARLY * peer.quality.ndcg_at_10)
    return (point.training_seconds, point.cold_seconds) if point else None


def _is_ahead(ours: Sequence[Row], peers: Sequence[Row]) -> bool:
    own = {(row.content, row.examples): row.quality for row in ours}
    return all(
        getattr(own[peer.content, peer.examples], metric) > getattr(peer.quality, metric)
        for peer in peers
        for metric in METRICS
    )


def _most_frequent(ours: Sequence[Row]) -> str | None:
    """The content type that was trained with the most sizes."""
    contents = [row.content for row in ours]
    return max(sorted(set(contents)), key=contents.count, default=None)


def _mean_quality(qualities: Sequence[Quality]) -> Quality:
    return Quality(*(_mean([getattr(each, name) for each in qualities]) for name in Quality.__dataclass_fields__))


def _set_of(result: Result) -> tuple[str, int]:
    return result.content, result.examples


def _worst(ratios: Iterable[float | None]) -> float | None:
    """None where there is none, or where one of them is unknown: the others would flatter."""
    known = list(ratios)
    return max((ratio for ratio in known if ratio is not None), default=None) if None not in known else None


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
