"""What becomes of fine-tunes, counted off each status that was written.

A status is written only over the one that it was decided on, and what is counted is the difference between the two:
so it is counted at most once, whoever restarts in between and however often a reconcile is repeated.
"""

from datetime import datetime
from enum import StrEnum

from prometheus_client import Counter, Histogram
from vectorizer_api.conditions import ConditionType, Reason
from vectorizer_api.content import ContentType
from vectorizer_api.fine_tune import Attempts, FineTune, FineTuneStatus, Phase

_UNKNOWN = "Unknown"
_SECONDS = (1, 2, 5, 15, 30, 60, 300, 900, 1_800, 3_600, 7_200, 14_400, 28_800, 43_200)


class Outcome(StrEnum):
    """How a fine-tune ended."""

    IMPROVED = "Improved"
    NO_IMPROVEMENT = "NoImprovement"
    FAILED = "Failed"
    """It was granted, and ended without a vectorizer."""
    REFUSED = "Refused"
    """It was not granted."""
    DELETED = "Deleted"
    """Somebody deleted the object before the end."""


FAILURES = (
    Reason.BAD_INPUT,
    Reason.OVER_LIMIT,
    Reason.STORAGE_FAILED,
    Reason.TRAINER_ERROR,
    Reason.DEADLINE_EXCEEDED,
    Reason.NEVER_STARTED,
    Reason.OUT_OF_MEMORY,
    Reason.PREEMPTED,
    Reason.JOB_FAILED,
    Reason.JOB_DELETED,
    Reason.RESULT_REFUSED,
    Reason.ARTIFACT_DELETED,
)
"""Why a fine-tune that was granted may fail."""

_ENDED = Counter(
    "vectorizer_fine_tunes_ended_total",
    "Fine-tunes that ended, by outcome and the reason of the condition.",
    ["content_type", "outcome", "reason"],
)
_ACCOUNT_ENDED = Counter(
    "vectorizer_account_fine_tunes_ended_total", "Fine-tunes that ended, by account.", ["account", "outcome"]
)
_DURATIONS = Histogram(
    "vectorizer_fine_tune_duration_seconds",
    "Time from the acceptance of a fine-tune to its end.",
    ["content_type", "outcome"],
    buckets=_SECONDS,
)
_PHASES = Histogram(
    "vectorizer_phase_duration_seconds",
    "Time that a fine-tune was in a phase before it went on to another one.",
    ["content_type", "phase"],
    buckets=_SECONDS,
)
_FIRST_JOB = Histogram(
    "vectorizer_first_job_delay_seconds",
    "Time from the creation of a fine-tune, to the second, until its first Job was there.",
    ["waited"],
    buckets=_SECONDS,
)
_STARTED = Counter("vectorizer_attempts_started_total", "Attempts that were started.", ["content_type"])
_ATTEMPTS = Counter(
    "vectorizer_attempts_ended_total",
    "Attempts that ended, by how (succeeded, failed, preempted, suspended) and why.",
    ["outcome", "reason"],
)
_GPU_SECONDS = Counter(
    "vectorizer_gpu_seconds_total", "GPU-seconds of fine-tunes that ended or were deleted, by account.", ["account"]
)


def told(fine_tune: FineTune, account: str, last: FineTuneStatus, new: FineTuneStatus, now: datetime) -> None:
    """Count what `new`, just written over `last`, tells for the first time."""
    _make_room(account)
    if _is_taken_over(last, new):
        return
    content_type = _content_type(fine_tune)
    _count_phase(content_type, last, new)
    _count_attempts(content_type, last, new)
    if last.attempts is None and new.attempts is not None and fine_tune.metadata.creation_timestamp is not None:
        waited = "false" if last.phase is None else "true"
        delay = (now - fine_tune.metadata.creation_timestamp).total_seconds()
        _FIRST_JOB.labels(waited).observe(max(0.0, delay))
    if last.completion_time is None and new.completion_time is not None:
        _count_end(content_type, account, new)


def deleted(content_type: str, account: str, gpu_seconds: float) -> None:
    """Count a fine-tune whose object went before its end, and what its attempts had used until then."""
    _make_room(account)
    known = content_type if content_type in list(ContentType) else _UNKNOWN
    _ENDED.labels(known, Outcome.DELETED, Outcome.DELETED).inc()
    _ACCOUNT_ENDED.labels(account, Outcome.DELETED).inc()
    _GPU_SECONDS.labels(account).inc(gpu_seconds)


def _is_taken_over(last: FineTuneStatus, new: FineTuneStatus) -> bool:
    """Whether this is the outcome of an earlier object: of an own run, attempts are told of before the end."""
    return last.attempts is None and new.attempts is not None and new.completion_time is not None


def _count_phase(content_type: str, last: FineTuneStatus, new: FineTuneStatus) -> None:
    began, ended = last.last_phase_transition_time, new.last_phase_transition_time
    if last.phase is not None and last.phase != new.phase and began is not None and ended is not None:
        _PHASES.labels(content_type, last.phase).observe(max(0.0, (ended - began).total_seconds()))


def _count_attempts(content_type: str, last: FineTuneStatus, new: FineTuneStatus) -> None:
    before, after = last.attempts or Attempts(), new.attempts
    if after is None:
        return
    if after.current > before.current:
        _STARTED.labels(content_type).inc()
    if after.preemptions > before.preemptions:
        _ATTEMPTS.labels("preempted", after.last_reason or Reason.PREEMPTED).inc()
    elif after.failures > before.failures:
        _ATTEMPTS.labels("failed", after.last_reason or Reason.JOB_FAILED).inc()
    elif new.phase is Phase.SUSPENDED and last.phase is not Phase.SUSPENDED and not _backs_off(last):
        _ATTEMPTS.labels("suspended", Reason.SUSPENDED).inc()
    elif new.completion_time is not None and last.completion_time is None:
        succeeded = new.phase is Phase.SUCCEEDED
        _ATTEMPTS.labels("succeeded" if succeeded else "failed", _final_reason(new)).inc()


def _backs_off(status: FineTuneStatus) -> bool:
    """Whether the current attempt has failed, and was counted."""
    return any(item.type == ConditionType.RUNNING and item.reason == Reason.BACK_OFF for item in status.conditions)


def _count_end(content_type: str, account: str, new: FineTuneStatus) -> None:
    outcome = _outcome(new)
    _ENDED.labels(content_type, outcome, _final_reason(new)).inc()
    _ACCOUNT_ENDED.labels(account, outcome).inc()
    _GPU_SECONDS.labels(account).inc(new.gpu_seconds or 0)
    if new.start_time is not None and new.completion_time is not None:
        _DURATIONS.labels(content_type, outcome).observe((new.completion_time - new.start_time).total_seconds())


def _outcome(status: FineTuneStatus) -> Outcome:
    if status.phase is Phase.SUCCEEDED:
        return Outcome(_final_reason(status))
    refused = any(item.type == ConditionType.ACCEPTED and item.status == "False" for item in status.conditions)
    return Outcome.REFUSED if refused else Outcome.FAILED


def _final_reason(status: FineTuneStatus) -> str:
    final = (ConditionType.COMPLETE, ConditionType.FAILED)
    return next(item.reason for item in status.conditions if item.status == "True" and item.type in final)


def _content_type(fine_tune: FineTune) -> str:
    """Of an object that cannot be read it is not known, and whatever its people wrote there is no label."""
    said = getattr(fine_tune.spec, "content_type", None)
    return said if isinstance(said, ContentType) else _UNKNOWN


def _make_room(account: str) -> None:
    _GPU_SECONDS.labels(account)
    for outcome in Outcome:
        _ACCOUNT_ENDED.labels(account, outcome)


_ATTEMPTS.labels("preempted", Reason.PREEMPTED)
for _waited in ("false", "true"):
    _FIRST_JOB.labels(_waited)
for _kind in ContentType:
    _STARTED.labels(_kind)
    for _phase in Phase:
        if _phase not in (Phase.SUCCEEDED, Phase.FAILED):
            _PHASES.labels(_kind, _phase)
    for _success in (Outcome.IMPROVED, Outcome.NO_IMPROVEMENT):
        _ENDED.labels(_kind, _success, _success)
        _DURATIONS.labels(_kind, _success)
    for _reason in FAILURES:
        _ENDED.labels(_kind, Outcome.FAILED, _reason)
    _DURATIONS.labels(_kind, Outcome.FAILED)
