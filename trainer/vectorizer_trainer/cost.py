"""What a run took, measured at its end."""

import resource
import sys
from collections.abc import Mapping
from datetime import UTC, datetime

from vectorizer_api.run import RunCost, RunDescription, Stage, Workload

from vectorizer_trainer.report import Report

__all__ = ["cost_of"]

_UNIT = 1 if sys.platform == "darwin" else 1024
"""Bytes that the kernel's figure of the peak is counted in."""


def cost_of(run: RunDescription, work: Workload, report: Report, seconds: Mapping[Stage, float]) -> RunCost:
    """The cost of a run that has ended, from its report and the seconds of its stages."""
    made = report.provenance
    return RunCost(
        workload=work,
        base=made.base.name,
        profile=run.profile,
        gpus=run.gpus,
        device=made.device.partition(":")[0],
        threads=made.threads,
        stage_seconds=dict(seconds),
        peak_memory_bytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _UNIT,
        finished=datetime.now(UTC),
    )
