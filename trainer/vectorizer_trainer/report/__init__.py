"""The report of a run."""

from vectorizer_trainer.report.document import Origin, Report, parse_report
from vectorizer_trainer.report.write import Lineage, augmentation_warnings, build_report, start_warnings

__all__ = ["Lineage", "Origin", "Report", "augmentation_warnings", "build_report", "parse_report", "start_warnings"]
