"""Why an attempt failed, read off its Job and Pods, and whether another one may end better."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto

from pydantic import ValidationError
from vectorizer_api.conditions import Reason
from vectorizer_api.run import ExitCode, Failure

from vectorizer_operator.assignments import Purpose
from vectorizer_operator.attempts import started_at
from vectorizer_operator.known import condition
from vectorizer_operator.kube import Object

_REASON_OF_CODE = {
    ExitCode.BAD_INPUT: Reason.BAD_INPUT,
    ExitCode.OVER_LIMIT: Reason.OVER_LIMIT,
    ExitCode.STORAGE: Reason.STORAGE_FAILED,
    ExitCode.INTERNAL: Reason.TRAINER_ERROR,
}
_HINT_OF_REASON = {
    Reason.BAD_INPUT: "Mend the files, then apply the request again under a new object name.",
    Reason.OVER_LIMIT: "Send less, then apply the request again under a new object name.",
    Reason.STORAGE_FAILED: "Apply the request again under a new object name when the storage is well.",
    Reason.TRAINER_ERROR: "This is an error of ours: report it with the run's log.txt.",
    Reason.DEADLINE_EXCEEDED: "Ask for fewer examples, a longer training.maxDurationSeconds or a faster profile.",
    Reason.NEVER_STARTED: "Apply the request again under a new object name when the cluster has room, or with another "
    "profile.",
    Reason.OUT_OF_MEMORY: "Apply the request again under a new object name, with a profile of more memory.",
    Reason.PREEMPTED: "Apply the request again under a new object name when the cluster has room.",
    Reason.JOB_FAILED: "Apply the request again under a new object name; if it fails alike, tell the platform.",
    Reason.JOB_DELETED: "Apply the request again under a new object name.",
}
_NO_EXIT_CODE = -1


class Remedy(Enum):
    """What helps against a failure."""

    NOTHING = auto()
    """Another attempt would end alike."""
    ANOTHER_ATTEMPT = auto()
    ANOTHER_PLACE = auto()
    """The cluster ended the attempt, which was not at fault."""


@dataclass(frozen=True)
class AttemptFailure:
    """How an attempt failed."""

    reason: Reason
    failure: Failure
    remedy: Remedy


def why(job: Object, pods: Sequence[Object], waited_for: str = "", purpose: Purpose = Purpose.TRAIN) -> AttemptFailure:
    """Why a failed attempt failed: what the cluster did to it, else what the process said last.

    `waited_for` is what was last said to be missing before its process could start, empty once it ran.
    """
    failed = condition(job, "Failed") or {}
    if failed.get("reason") == "DeadlineExceeded" and waited_for and started_at(pods) is None:
        return never_started(waited_for)
    if failed.get("reason") == "DeadlineExceeded" or any(_outlived(pod) for pod in pods):
        return took_too_long() if purpose is Purpose.TRAIN else _downloads_took_too_long()
    ended = sorted(
        ((pod, last) for pod in pods if (last := _terminated(pod)) is not None and last.get("exitCode") != 0),
        key=lambda each: str(each[1].get("finishedAt") or ""),  # The first of several takes the others with it.
    )
    spoken = next((found for pod, last in ended if (found := _by_input(last)) is not None), None)
    if spoken is not None:
        return spoken
    if (disruption := _disruption(failed, pods)) is not None:
        return _told(Reason.PREEMPTED, _NO_EXIT_CODE, f"The cluster ended the run: {disruption}", Remedy.ANOTHER_PLACE)
    if ended:
        return _by_process(ended[0][1])
    message = str(failed.get("message") or "The Job failed.")
    return _told(Reason.JOB_FAILED, _NO_EXIT_CODE, message, Remedy.ANOTHER_ATTEMPT)


def requeued(queue: str) -> AttemptFailure:
    """The queue took back the quota that it had given."""
    message = f"The queue {queue} took the run's quota back."
    return _told(Reason.PREEMPTED, _NO_EXIT_CODE, message, Remedy.ANOTHER_PLACE)


def never_started(waited_for: str) -> AttemptFailure:
    """The wait for a node or an image was longer than it may be."""
    message = f"The time to wait passed before the run's process started: {waited_for.rstrip('.')}."
    return _told(Reason.NEVER_STARTED, _NO_EXIT_CODE, message, Remedy.NOTHING)


def took_too_long() -> AttemptFailure:
    """The processes of all attempts ran as long as the run may."""
    return _told(Reason.DEADLINE_EXCEEDED, _NO_EXIT_CODE, "The run took longer than it may.", Remedy.NOTHING)


def _downloads_took_too_long() -> AttemptFailure:
    """What was downloaded stays, so that another attempt has less to do."""
    message = "The download of the files from URLs took longer than it may."
    hint = "List fewer URLs, or put the files into the batch folder; then apply the request again under a new name."
    failure = Failure(exit_code=_NO_EXIT_CODE, reason=Reason.DEADLINE_EXCEEDED, message=message, hint=hint)
    return AttemptFailure(Reason.DEADLINE_EXCEEDED, failure, Remedy.ANOTHER_ATTEMPT)


def deleted() -> AttemptFailure:
    """The Job is gone and left no result: somebody ended it."""
    return _told(Reason.JOB_DELETED, _NO_EXIT_CODE, "The run's Job was deleted before it ended.", Remedy.NOTHING)


def _outlived(pod: Object) -> bool:
    """Whether the kubelet ended the Pod at its own deadline."""
    return bool((pod.get("status") or {}).get("reason") == "DeadlineExceeded")


def _disruption(failed: Object, pods: Sequence[Object]) -> str | None:
    """What the cluster says of having ended a Pod itself: an eviction, a preemption, a lost node."""
    for pod in pods:
        if (disrupted := condition(pod, "DisruptionTarget")) is not None:
            return str(disrupted.get("message") or disrupted.get("reason") or "")
    said = str(failed.get("message") or "")
    return said if failed.get("reason") == "PodFailurePolicy" and "DisruptionTarget" in said else None


def _terminated(pod: Object) -> Object | None:
    for container in (pod.get("status") or {}).get("containerStatuses") or []:
        ended: Object | None = (container.get("state") or {}).get("terminated")
        if ended is not None:
            return ended
    return None


def _by_input(ended: Object) -> AttemptFailure | None:
    """The verdict on the files, which stands whatever happened to the Pod besides."""
    code = int(ended["exitCode"])
    return _by_process(ended) if code in (ExitCode.BAD_INPUT, ExitCode.OVER_LIMIT) else None


def _by_process(ended: Object) -> AttemptFailure:
    code = int(ended["exitCode"])
    reason = next((reason for known, reason in _REASON_OF_CODE.items() if known == code), Reason.JOB_FAILED)
    final = reason in (Reason.BAD_INPUT, Reason.OVER_LIMIT)
    remedy = Remedy.NOTHING if final else Remedy.ANOTHER_ATTEMPT
    if (said := _said(ended.get("message"))) is not None:
        told = said.model_copy(update={"exit_code": code, "hint": said.hint or _HINT_OF_REASON[reason]})
        return AttemptFailure(reason, told, remedy)
    if ended.get("reason") == "OOMKilled":
        message = "The run needed more memory than its profile allows."
        return _told(Reason.OUT_OF_MEMORY, code, message, Remedy.NOTHING)
    return _told(reason, code, f"The process ended with exit code {code} and said nothing.", remedy)


def _said(message: object) -> Failure | None:
    try:
        return Failure.model_validate_json(str(message)) if message else None
    except ValidationError:
        return None


def _told(reason: Reason, code: int, message: str, remedy: Remedy) -> AttemptFailure:
    failure = Failure(exit_code=code, reason=reason, message=message, hint=_HINT_OF_REASON[reason])
    return AttemptFailure(reason, failure, remedy)
