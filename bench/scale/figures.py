"""The arithmetic of the measurement, without any measuring."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Latency", "exponent", "growth_per_thousand"]

_SMALLEST = 1e-9


@dataclass(frozen=True)
class Latency:
    """A median and a 95th percentile, in milliseconds."""

    p50: float
    p95: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> "Latency":
        """Of at least two times in seconds; the percentile lies between neighbours where it falls between them."""
        cuts = statistics.quantiles(seconds, n=20, method="inclusive")
        return cls(1000 * statistics.median(seconds), 1000 * cuts[18])


def exponent(sizes: Sequence[float], values: Sequence[float]) -> float | None:
    """The b of value = a · size^b that fits best, by least squares of the logarithms; None where there is no growth
    to fit: fewer than two sizes, or a value that is not above zero.
    """
    if len(set(sizes)) < 2 or min(values) < _SMALLEST:
        return None
    slope, _ = statistics.linear_regression([math.log(size) for size in sizes], [math.log(value) for value in values])
    return slope


def growth_per_thousand(counts: Sequence[float], values: Sequence[float]) -> float | None:
    """How much the value grows with a thousand more, by least squares over the later half, when the process is warm;
    None where that half has fewer than two samples.
    """
    half = len(counts) // 2
    if len(set(counts[half:])) < 2:
        return None
    return 1000 * statistics.linear_regression(counts[half:], values[half:]).slope
