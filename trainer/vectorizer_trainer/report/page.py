"""`report.html`: the report for people, one file that needs nothing else and loads nothing."""

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from itertools import groupby

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from vectorizer_trainer.report import figures, plain_words
from vectorizer_trainer.report.document import CurvePoint, LabelChange, Report
from vectorizer_trainer.report.previews import Excerpt, Picture, Preview, Recording
from vectorizer_trainer.wording import changed_by, counted

__all__ = ["LARGEST_PAGE", "render_page"]

LARGEST_PAGE = 5 * 1000**2
"""Bytes that the page never exceeds: fewer examples are shown where it would."""

_ROWS = 100
"""Lines of a list of files or warnings; report.json has all."""
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def render_page(report: Report, previews: Mapping[str, Preview]) -> str:
    """The page of a report; `previews` by file name show its example queries and their neighbours."""
    page = ""
    for shown in range(len(report.neighbourhoods.queries), -1, -1):
        page = _rendered(report, previews, shown)
        if len(page.encode()) <= LARGEST_PAGE:
            break
    return page


def _rendered(report: Report, previews: Mapping[str, Preview], shown: int) -> str:
    style = files("vectorizer_trainer.report").joinpath("templates/style.css").read_text("utf-8")
    return (
        _environment()
        .get_template("page.html")
        .render(
            report=report,
            previews=previews,
            queries=report.neighbourhoods.queries[:shown],
            curves=_curves(report.curves),
            judged=_judged(report.labels),
            headline=plain_words.headline(report),
            next_steps=plain_words.next_steps(report),
            whereabouts=plain_words.whereabouts(report),
            rare=plain_words.rare_labels(report),
            style=Markup(style),  # noqa: S704 - our own file
            style_hash=base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
            rows=_ROWS,
        )
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("vectorizer_trainer.report"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_printable,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "percent": lambda value: f"{100 * value:.1f}",
        "points": lambda value: changed_by(value).replace("-", "−"),
        "cut": _cut,
        "counted": counted,
        "data_url": _data_url,
        "kind": _kind,
        "duration": _duration,
    }
    environment.globals |= {"figures": figures, "words": plain_words}
    return environment


def _printable(value: object) -> object:
    """Characters that no page may hold, or that turn the text behind them around, are replaced wherever they stand."""
    match value:
        case Markup():
            return Markup(_CONTROL.sub(_REPLACEMENT, value))  # noqa: S704 - was safe and still is
        case str():
            return _CONTROL.sub(_REPLACEMENT, value)
    return value


def _curves(points: Sequence[CurvePoint]) -> list[tuple[str, list[CurvePoint]]]:
    return [(name, list(own)) for name, own in groupby(points, lambda point: point.candidate)]


def _judged(labels: Sequence[LabelChange]) -> list[LabelChange]:
    """Labels with enough held-out examples to be measured, the largest gain first."""
    known = [(label.tuned - label.start, label) for label in labels if label.tuned is not None is not label.start]
    return [label for _, label in sorted(known, key=lambda pair: -pair[0])]


def _cut(text: str, most: int = 60) -> str:
    """The middle is left out where it is long: the suffix of a name tells much."""
    return text if len(text) <= most else f"{text[: most * 2 // 3]}…{text[-(most // 3) :]}"


def _data_url(preview: Picture | Recording) -> str:
    return f"data:{preview.media_type};base64,{base64.b64encode(preview.data).decode()}"


def _kind(preview: Preview | None) -> str:
    match preview:
        case Picture():
            return "strip" if preview.width > 2 * preview.height else "picture"
        case Recording():
            return "recording"
        case Excerpt():
            return "excerpt"
        case None:
            return "nothing"


def _duration(seconds: float) -> str:
    """`0.4 s`, `12 s`, `3 min 20 s`, `2 h 5 min`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
