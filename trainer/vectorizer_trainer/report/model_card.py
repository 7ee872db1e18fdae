"""`README.md` of a published model, in the form of the Hugging Face hub: what it is, how good, and how it is opened.

It names no file and no label of the data set: a model may travel farther than the data that it was made of.
"""

import re
from functools import cache
from typing import Any

import yaml
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from vectorizer_api.artifact import VectorizerDescription
from vectorizer_api.content import ContentType
from vectorizer_api.run import Outcome

from vectorizer_trainer.report.document import Report
from vectorizer_trainer.wording import changed_by, counted

__all__ = ["MODEL_CARD", "model_card"]

MODEL_CARD = "README.md"

_HUB_LICENCES = {"apache-2.0", "bsd-2-clause", "bsd-3-clause", "cc-by-4.0", "cc-by-sa-4.0", "cc0-1.0", "mit"}
"""SPDX identifiers in lower case that the hub knows by the same name."""
_MARKUP = re.compile(r"([\\`*_\[\]<>|~$&#!]|:(?=//)|@(?=[\w.-]+\.)|(?<=www)\.)", re.IGNORECASE)
"""What could make a link, an emphasis, a table cell or HTML of a text inside a line."""
_TASKS = {
    ContentType.IMAGE: "image-feature-extraction",
    ContentType.TEXT: "sentence-similarity",
}
_OPEN_CLIP = {
    "open_clip.VisionTransformer": ("open_clip.transformer", "VisionTransformer"),
    "open_clip.TimmModel": ("open_clip.timm_model", "TimmModel"),
}
"""Architecture -> module and class that open_clip builds it with."""


def model_card(report: Report, description: VectorizerDescription) -> str:
    """The card of the model that a run publishes, from its report and the description of its folder."""
    front = yaml.safe_dump(_front_matter(report, description), sort_keys=False, allow_unicode=True)
    improved = report.outcome is Outcome.IMPROVED
    template = _environment().get_template("model_card.md")
    tower = _OPEN_CLIP.get(description.architecture) if report.content_type is ContentType.IMAGE else None
    return template.render(
        report=report,
        improved=improved,
        front_matter=_as_it_is(front),
        tower=tower and [_as_it_is(name) for name in tower],
    )


def _front_matter(report: Report, description: VectorizerDescription) -> dict[str, Any]:
    licence = description.licence.lower()
    known = {"license": licence} if licence in _HUB_LICENCES else {"license": "other", "license_name": licence}
    library = {"library_name": "sentence-transformers"} if report.content_type is ContentType.TEXT else {}
    return {
        **known,
        "base_model": report.provenance.base.name,
        **library,
        "pipeline_tag": _task(report),
        "tags": ["vectorizer-operator", "feature-extraction", report.content_type.lower().replace("_", "-")],
        "model-index": [{"name": report.custom_vectorizer_name, "results": [_results(report)]}],
    }


def _results(report: Report) -> dict[str, Any]:
    """Of the weights in the folder: where nothing was gained, those of the start."""
    improved = report.outcome is Outcome.IMPROVED
    values = {metric.name: metric.tuned if improved else metric.start for metric in report.metrics}
    return {
        "task": {"type": _task(report)},
        "dataset": {"type": "private", "name": f"{counted(report.held_out, 'held-out file')}"},
        "metrics": [{"type": _identifier(name), "name": name, "value": round(one, 4)} for name, one in values.items()],
    }


def _task(report: Report) -> str:
    return _TASKS.get(report.content_type, "feature-extraction")


def _identifier(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.lower().replace("@", "_at_")).strip("_")


@cache
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("vectorizer_trainer.report"),
        undefined=StrictUndefined,
        finalize=_plain,
        trim_blocks=True,
        keep_trailing_newline=True,
        # What stands in the card is Markdown: _plain escapes for it, where autoescape would for HTML.
        autoescape=False,  # noqa: S701
    )
    made.filters["ours"] = _as_it_is
    made.filters["percent"] = lambda share: _as_it_is(f"{100 * share:.1f}")
    made.filters["difference"] = lambda share: _as_it_is(changed_by(share))
    made.filters["counted"] = lambda number, noun: _as_it_is(counted(number, noun))
    return made


def _plain(value: object) -> str:
    """Text in which nothing is markup; what was made here stays as it is."""
    if isinstance(value, Markup):
        return str(value)
    return _MARKUP.sub(r"\\\1", " ".join(str(value).split()))


def _as_it_is(text: str) -> Markup:
    return Markup(text)  # noqa: S704 - made by this module
