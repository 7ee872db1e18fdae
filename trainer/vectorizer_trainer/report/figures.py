"""The drawings of the report as SVG without colours of their own: the page's style sheet has them."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup
from vectorizer_api.run import Metric

from vectorizer_trainer.report.document import CurvePoint, MapPoint
from vectorizer_trainer.report.svg import drawing, element, number
from vectorizer_trainer.wording import changed_by, counted

__all__ = ["Scale", "bars", "curve", "dot", "interval", "reach", "scatter", "share", "waveform"]

_MOST_POINTS = 240
"""Points of a line; more would not be seen."""
_WINDOW = 0.05
"""Share of a curve that a point of its smoothed line is the mean of."""


@dataclass(frozen=True)
class Scale:
    """From values to places on the page."""

    low: float
    high: float
    start: float
    """Where `low` lies."""
    end: float
    """Where `high` lies."""

    def __call__(self, value: float) -> float:
        """The place of a value; the middle where all values are the same."""
        span = self.high - self.low
        share = (value - self.low) / span if span else 0.5
        return self.start + share * (self.end - self.start)

    def ticks(self, about: int) -> list[float]:
        """About so many round values between low and high: steps of 1, 2 or 5 times a power of ten."""
        span = self.high - self.low
        if not span > 0:
            return [self.low]
        magnitude = 10.0 ** math.floor(math.log10(span / about))
        step = next(unit * magnitude for unit in (1, 2, 5, 10) if span / (unit * magnitude) <= about)
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        return [position * step for position in range(first, last + 1)]


def curve(points: Sequence[CurvePoint]) -> Markup:
    """The loss of one candidate over its epochs: each point pale, their running mean strong."""
    losses = [point.loss for point in points]
    x = Scale(min(points[0].epoch, 0), points[-1].epoch, 40, 332)
    y = Scale(min(losses), max(losses), 160, 12)
    smooth = _smoothed(losses)
    description = (
        f"Loss of the candidate {points[0].candidate}: {smooth[0]:.3g} at first, {smooth[-1]:.3g} after "
        f"{counted(round(points[-1].epoch), 'epoch')}."
    )
    epochs = [point.epoch for point in points]
    return drawing(
        340,
        196,
        description,
        *(_rule(y(tick), f"{tick:.3g}") for tick in y.ticks(4)),
        *(_tick(x(tick), f"{tick:g}") for tick in x.ticks(6)),
        element("text", "epochs", x=332, y=192, class_="tick", text_anchor="end"),
        _line(zip(map(x, epochs), map(y, losses), strict=True), "raw"),
        _line(zip(map(x, epochs), map(y, smooth), strict=True), "line"),
    )


def scatter(
    points: Sequence[MapPoint], places: Sequence[tuple[float, float]], labels: Sequence[str], when: str
) -> Markup:
    """Examples as dots coloured by label, other ones below them; both axes have the same scale."""
    reached = max((abs(value) for place in places for value in place), default=0)
    scale = Scale(-reached, reached, 8, 292)
    groups = [(None, "other"), *((label, f"s{index}") for index, label in enumerate(labels))]
    paths = []
    for label, name in groups:
        own = [place for point, place in zip(points, places, strict=True) if point.label == label]
        # A line of no length with a round cap is a dot, in a tenth of the characters that a circle takes.
        dots = "".join(f"M{number(scale(x))} {number(300 - scale(y))}h0" for x, y in own)
        if dots:
            paths.append(element("path", d=dots, class_=f"dots {name}"))
    description = f"Map of {counted(len(points), 'held-out example')} {when}, coloured by label."
    return drawing(300, 300, description, element("rect", width=300, height=300, class_="frame"), *paths)


def dot(name: str) -> Markup:
    """A dot of a map, for its key."""
    path = element("path", d="M6 6h0", class_=f"dots key-dot {name}")
    return element("svg", path, viewBox="0 0 12 12", aria_hidden="true")


def reach(metrics: Iterable[Metric]) -> float:
    """The largest bound of any difference: what intervals that stand below each other are scaled by."""
    return max((abs(bound) for metric in metrics for bound in (metric.low, metric.high)), default=1) or 1


def interval(metric: Metric, reached: float, direction: str) -> Markup:
    """A difference as a dot, its 95 % interval as a line, and where zero is."""
    x = Scale(-reached, reached, 6, 154)
    value = metric.tuned - metric.start
    bounds = f"{changed_by(metric.low)} and {changed_by(metric.high)}"
    description = f"{metric.name} changed by {changed_by(value)} points, between {bounds}."
    return drawing(
        160,
        24,
        description,
        element("line", x1=80, x2=80, y1=2, y2=22, class_="zero"),
        element("line", x1=x(metric.low), x2=x(metric.high), y1=12, y2=12, class_=f"range {direction}"),
        element("circle", cx=x(value), cy=12, r=4.5, class_=f"mark {direction}"),
    )


def bars(start: float, tuned: float, label: str) -> Markup:
    """Two shares below each other: before and after."""
    description = f"{label}: {100 * start:.0f} before, {100 * tuned:.0f} after, of 100."
    return drawing(
        240,
        20,
        description,
        element("rect", width=240, height=20, class_="track"),
        element("rect", y=2, width=240 * start, height=7, class_="before"),
        element("rect", y=11, width=240 * tuned, height=7, class_="after"),
    )


def share(value: float, most: float) -> Markup:
    """A bar for one of several numbers that stand beside it."""
    width = 240 * value / most if most else 0
    return element(
        "svg",
        element("rect", width=width, height=8, class_="plain"),
        viewBox="0 0 240 8",
        aria_hidden="true",
        preserveAspectRatio="none",
    )


def waveform(loudness: Sequence[float]) -> Markup:
    """The shape of a sound."""
    step = 192 / len(loudness)
    strokes = "".join(
        f"M{number((index + 0.5) * step)} {number(16 - max(14 * peak, 0.5))}V{number(16 + max(14 * peak, 0.5))}"
        for index, peak in enumerate(loudness)
    )
    return element("svg", element("path", d=strokes, class_="wave"), viewBox="0 0 192 32", aria_hidden="true")


def _smoothed(values: Sequence[float]) -> list[float]:
    """Means of a window around each value, smaller at the ends."""
    half = int(_WINDOW * len(values) / 2)
    return [float(np.mean(values[max(0, at - half) : at + half + 1])) for at in range(len(values))]


def _line(places: Iterable[tuple[float, float]], name: str) -> Markup:
    all_places = list(places)
    every = -(-len(all_places) // _MOST_POINTS)
    kept = all_places[::every]
    if kept[-1] != all_places[-1]:
        kept.append(all_places[-1])
    written = " ".join(f"{number(x)},{number(y)}" for x, y in kept)
    return element("polyline", points=written, class_=name)


def _rule(y: float, text: str) -> Markup:
    line = element("line", x1=40, x2=332, y1=y, y2=y, class_="rule")
    return line + element("text", text, x=34, y=y + 4, class_="tick", text_anchor="end")


def _tick(x: float, text: str) -> Markup:
    return element("text", text, x=x, y=178, class_="tick", text_anchor="middle")
