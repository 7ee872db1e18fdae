"""What attempts have used: the time that their processes ran, and the GPUs that they held meanwhile."""

from datetime import datetime

from vectorizer_api.conditions import ConditionType, Reason
from vectorizer_api.fine_tune import Attempts

from vectorizer_operator import attempts
from vectorizer_operator.assignments import Purpose
from vectorizer_operator.known import condition
from vectorizer_operator.kube import Object
from vectorizer_operator.observe import Observed
from vectorizer_operator.records import Record


def attempt_seconds(seen: Observed, now: datetime) -> int:
    """How long the current attempt trained: neither a download nor a wait for a node is counted."""
    if seen.purpose is Purpose.FETCH or (seen.job is None and not seen.is_running):
        return 0
    times = (seen.job or {}).get("status") or {}
    created = datetime.fromisoformat(times["startTime"]) if "startTime" in times else now
    began = _began(seen) or (now if waited_for(seen) else created)
    return max(0, int((_ended(seen) or now).timestamp() - began.timestamp()))


def with_this_attempt(seen: Observed, now: datetime) -> Attempts:
    """What was tried, the current attempt's time included."""
    return seen.tried.model_copy(update={"seconds": seen.tried.seconds + attempt_seconds(seen, now)})


def gpu_seconds(tried: Attempts, record: Record) -> int | None:
    """GPU-seconds of all ended attempts; None where the profile has no GPU."""
    return tried.seconds * record.granted.gpus if record.granted.gpus else None


def gpu_seconds_until(gone: Object, record: Record | None, now: datetime) -> int:
    """GPU-seconds of a fine-tune whose object has just gone, by what was said of it last."""
    if record is None:
        return 0
    tried = Attempts.model_validate((gone.get("status") or {}).get("attempts") or {})
    running = condition(gone, ConditionType.RUNNING) or {}
    began = datetime.fromisoformat(running["lastTransitionTime"]) if running.get("status") == "True" else now
    seconds = tried.seconds + max(0, int((now - began).total_seconds()))
    return gpu_seconds(tried.model_copy(update={"seconds": seconds}), record) or 0


def waited_for(seen: Observed) -> str:
    """What the process was said to wait for; empty where it was said to run."""
    running = seen.condition(ConditionType.RUNNING)
    return running.message if running is not None and running.reason in (Reason.QUEUED, Reason.JOB_CREATED) else ""


def failed_at(seen: Observed) -> datetime | None:
    """When the current attempt's Job failed."""
    failed = condition(seen.job or {}, "Failed")
    return datetime.fromisoformat(failed["lastTransitionTime"]) if failed and "lastTransitionTime" in failed else None


def _began(seen: Observed) -> datetime | None:
    """When the process began, by its Pods or else by what was said."""
    running = seen.condition(ConditionType.RUNNING)
    said = running.last_transition_time if running is not None and running.status == "True" else None
    return attempts.started_at(seen.pods) or said


def _ended(seen: Observed) -> datetime | None:
    completed = ((seen.job or {}).get("status") or {}).get("completionTime")
    return datetime.fromisoformat(completed) if completed else failed_at(seen)
