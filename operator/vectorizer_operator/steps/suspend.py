"""Suspend: a run gives its node back, and later goes on from its checkpoint."""

from datetime import datetime

from vectorizer_api.fine_tune import FineTuneStatus

from vectorizer_operator import spent, status
from vectorizer_operator.kube import JOBS
from vectorizer_operator.observe import Observed
from vectorizer_operator.services import Services


async def suspend(seen: Observed, services: Services, now: datetime) -> FineTuneStatus:
    """Say it first, then end the Job: a Job that is missed where nothing was said was ended by somebody else."""
    if not seen.is_suspended:
        return status.suspended(seen.fine_tune, spent.with_this_attempt(seen, now) if seen.was_started else None, now)
    await end_job(seen, services)
    services.turns.release(seen.fine_tune.metadata.uid)
    return status.repeated(seen.fine_tune, now)


async def end_job(seen: Observed, services: Services) -> None:
    """Delete the current attempt's Job; its trainer is given the time to leave a checkpoint."""
    if seen.job is not None:
        metadata = seen.job["metadata"]
        await services.kube.delete(JOBS, seen.namespace, metadata["name"], uid=metadata["uid"])
