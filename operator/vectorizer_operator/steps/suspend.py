"""Suspend: a run gives its node back, and later goes on from its checkpoint."""

from datetime import datetime

from vectorizer_api.fine_tune import Attempts, FineTuneStatus
from vectorizer_api.names import attempt_name, fetch_name

from vectorizer_operator import spent, status
from vectorizer_operator.kube import JOBS
from vectorizer_operator.observe import Observed
from vectorizer_operator.services import Services
from vectorizer_operator.steps.retry import next_attempt


async def suspend(seen: Observed, services: Services, now: datetime) -> FineTuneStatus:
    """Say it first, then end the Job: a Job that is missed where nothing was said was ended by somebody else."""
    if _has_begun_the_next(seen, services):
        return status.suspended(seen.fine_tune, _ended(next_attempt(seen.tried)), now)
    if not seen.is_suspended:
        has_begun = seen.was_started or seen.job is not None  # `suspend` may come before the first Job was told of.
        return status.suspended(seen.fine_tune, _tried(seen, now) if has_begun else None, now)
    await end_job(seen, services)
    services.turns.release(seen.fine_tune.metadata.uid)
    return status.repeated(seen.fine_tune, now)


async def end_job(seen: Observed, services: Services) -> None:
    """Delete the current attempt's Job; its trainer is given the time to leave a checkpoint."""
    if seen.job is not None:
        metadata = seen.job["metadata"]
        await services.kube.delete(JOBS, seen.namespace, metadata["name"], uid=metadata["uid"])


def _has_begun_the_next(seen: Observed, services: Services) -> bool:
    """Whether a further attempt has its Job already, and `suspend` came before that was said."""
    metadata, number = seen.fine_tune.metadata, next_attempt(seen.tried).current
    names = (name(metadata.name, metadata.uid, number) for name in (attempt_name, fetch_name))
    return seen.was_started and any(services.known.get(JOBS, seen.namespace, name) is not None for name in names)


def _tried(seen: Observed, now: datetime) -> Attempts:
    """What was tried; the time of an attempt that has ended is counted already."""
    return _ended(seen.tried if seen.awaits_another_attempt else spent.with_this_attempt(seen, now))


def _ended(tried: Attempts) -> Attempts:
    return tried.model_copy(update={"ended": tried.current})
