"""Retry: after a failed attempt, whether there is another one, and when."""

from datetime import datetime, timedelta

from vectorizer_api.conditions import Reason
from vectorizer_api.fine_tune import Attempts, FineTuneStatus

from vectorizer_operator import failures, spent, status
from vectorizer_operator.errors import RunFailed
from vectorizer_operator.failures import AttemptFailure, Remedy
from vectorizer_operator.kube import SECRETS
from vectorizer_operator.observe import Observed
from vectorizer_operator.records import Record
from vectorizer_operator.services import Services
from vectorizer_operator.settings import Settings

_SHORTEST = 60
"""Seconds that an attempt must have left to be worth a start."""


async def retry(
    seen: Observed, record: Record, failed: AttemptFailure, services: Services, now: datetime
) -> FineTuneStatus:
    """Count the attempt that has just failed, take its credentials away, and say that another one follows.

    Raises:
        RunFailed: where none does.

    """
    settings = services.settings
    tried = _counted(seen, failed, settings, now)
    if (last := _last_word(failed, tried, record, settings)) is not None:
        raise RunFailed(last.reason, last.failure, tried)
    if seen.job is not None:
        await services.kube.delete(SECRETS, seen.namespace, seen.job["metadata"]["name"])
    return status.backing_off(seen.fine_tune, _in_words(failed, tried, settings), tried, now)


def is_due(seen: Observed, settings: Settings, now: datetime) -> bool:
    """Whether the next attempt may start.

    The failure has the time of the cluster: where that is further ahead than the wait, the clocks differ.
    """
    failed_at = spent.failed_at(seen)
    return failed_at is None or abs(now - failed_at) >= timedelta(seconds=_back_off(seen.tried, settings))


def next_attempt(tried: Attempts) -> Attempts:
    """What is tried next."""
    return tried.model_copy(update={"current": tried.current + 1})


def _counted(seen: Observed, failed: AttemptFailure, settings: Settings, now: datetime) -> Attempts:
    tried = spent.with_this_attempt(seen, now)
    preempted = failed.remedy is Remedy.ANOTHER_PLACE
    return tried.model_copy(
        update={
            "ended": tried.current,
            "max": settings.max_failures,
            "failures": tried.failures + (not preempted),
            "preemptions": tried.preemptions + preempted,
            "last_reason": failed.reason,
        }
    )


def _last_word(failed: AttemptFailure, tried: Attempts, record: Record, settings: Settings) -> AttemptFailure | None:
    """What to end the run with, or None where another attempt may end better."""
    if failed.remedy is Remedy.NOTHING:
        return failed
    if tried.failures >= settings.max_failures or tried.preemptions > settings.max_preemptions:
        told = f"Attempt {tried.current} was the last one: {failed.failure.message}" if tried.current > 1 else None
        update = {"message": told} if told else {}
        return AttemptFailure(failed.reason, failed.failure.model_copy(update=update), Remedy.NOTHING)
    if record.granted.max_duration_seconds - tried.seconds < _SHORTEST:
        return failures.took_too_long()
    return None


def _back_off(tried: Attempts, settings: Settings) -> float:
    if tried.failures == 0:
        return 0.0
    return min(settings.longest_back_off, settings.first_back_off * 2.0 ** (tried.failures - 1))


def _in_words(failed: AttemptFailure, tried: Attempts, settings: Settings) -> str:
    wait = f"{_back_off(tried, settings):.0f} s later" if failed.reason is not Reason.PREEMPTED else "at once"
    return (
        f"Attempt {tried.current} ended ({failed.reason}): {failed.failure.message} The next one starts {wait}, "
        "from the last checkpoint where there is one."
    )
