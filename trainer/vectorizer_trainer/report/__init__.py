"""The report of a run."""

from vectorizer_trainer.report.document import AdapterOnTest, Origin, OwnTest, Report, parse_report
from vectorizer_trainer.report.page import render_page
from vectorizer_trainer.report.previews import make_previews
from vectorizer_trainer.report.write import (
    Lineage,
    augmentation_warnings,
    build_report,
    sampling_warnings,
    start_warnings,
)

__all__ = [
    "AdapterOnTest",
    "Lineage",
    "Origin",
    "OwnTest",
    "Report",
    "augmentation_warnings",
    "build_report",
    "make_previews",
    "parse_report",
    "render_page",
    "sampling_warnings",
    "start_warnings",
]
