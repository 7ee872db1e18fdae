"""What a kubelet would report of a pod, as pure functions from facts to the object's status."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from vectorizer_dev.process_node.pod import Pod

Json = dict[str, Any]

ADDRESS = "127.0.0.1"
START_FAILED = 128
"""The exit code that a kubelet gives a container that could not be started."""
UNKNOWN_END = 137
"""The exit code that a kubelet gives a container that it lost sight of."""


@dataclass(frozen=True)
class Ending:
    """How a container's process ended."""

    exit_code: int
    reason: str
    message: str
    started: str | None
    finished: str

    @property
    def phase(self) -> str:
        """Return the final phase of a pod that is not restarted."""
        return "Failed" if self.exit_code else "Succeeded"


def now() -> str:
    """Return the time in the API's format."""
    return timestamp(datetime.now(UTC))


def timestamp(moment: datetime) -> str:
    """Return a moment in the API's format, whole seconds of UTC."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def waiting(pod: Pod, since: str, reason: str, message: str = "") -> Json:
    """Return the status of a pod whose container is not there yet."""
    state = {"waiting": {"reason": reason, **({"message": message} if message else {})}}
    return _status(pod, "Pending", since, state, _conditions(since, "ContainersNotReady"))


@dataclass(frozen=True)
class Restarts:
    """How often a container was started again, and how it ended the last time (`terminated`)."""

    count: int = 0
    last: Json | None = None


NO_RESTARTS = Restarts()


def running(pod: Pod, since: str, started: str, process: int, restarts: Restarts = NO_RESTARTS) -> Json:
    """Return the status of a pod whose container runs as `process`."""
    conditions = _conditions(started)
    return _status(pod, "Running", since, {"running": {"startedAt": started}}, conditions, process, restarts)


def backing_off(pod: Pod, since: str, restarts: Restarts) -> Json:
    """Return the status of a pod whose container ended and is to start again."""
    state = {"waiting": {"reason": "CrashLoopBackOff", "message": "the container ended, and is to start again"}}
    return _status(pod, "Running", since, state, _conditions(since, "ContainersNotReady"), restarts=restarts)


def finished(pod: Pod, since: str, ending: Ending) -> Json:
    """Return the final status of a pod."""
    terminated = {
        "exitCode": ending.exit_code,
        "reason": ending.reason,
        "startedAt": ending.started or ending.finished,
        "finishedAt": ending.finished,
        **({"message": ending.message} if ending.message else {}),
    }
    why_not_ready = "PodFailed" if ending.exit_code else "PodCompleted"
    conditions = _conditions(ending.finished, why_not_ready)
    return _status(pod, ending.phase, since, {"terminated": terminated}, conditions)


def outlived(ended: Json) -> Json:
    """Return the final status of a pod that was ended for its activeDeadlineSeconds."""
    message = "Pod was active on the node longer than the specified deadline"
    return {**ended, "phase": "Failed", "reason": "DeadlineExceeded", "message": message}


def refused(since: str, message: str) -> Json:
    """Return the final status of a pod that this node cannot run at all."""
    return {"phase": "Failed", "reason": "UnsupportedByProcessNode", "message": message, "startTime": since}


def _status(
    pod: Pod,
    phase: str,
    since: str,
    state: Json,
    conditions: list[Json],
    process: int | None = None,
    restarts: Restarts = NO_RESTARTS,
) -> Json:
    is_running = "running" in state
    container = {
        "name": pod.container.name,
        "image": pod.container.image,
        "imageID": "",
        **({"containerID": f"process://{process}"} if process else {}),
        "ready": is_running,
        "started": is_running,
        "restartCount": restarts.count,
        **({"lastState": {"terminated": restarts.last}} if restarts.last else {}),
        "state": {kind: state.get(kind) for kind in ("waiting", "running", "terminated")},
    }
    return {
        "phase": phase,
        "startTime": since,
        "hostIP": ADDRESS,
        "hostIPs": [{"ip": ADDRESS}],
        "podIP": ADDRESS,
        "podIPs": [{"ip": ADDRESS}],
        "conditions": conditions,
        "containerStatuses": [container],
    }


def _conditions(since: str, why_not_ready: str = "") -> list[Json]:
    """Return the kubelet's conditions; those of others stay, for the patch merges them by type."""
    ready = {"status": "False", "reason": why_not_ready} if why_not_ready else {"status": "True", "reason": None}
    values: Mapping[str, Json] = {
        "PodReadyToStartContainers": {"status": "True"},
        "Initialized": {"status": "True"},
        "ContainersReady": ready,
        "Ready": ready,
    }
    return [{"type": kind, "lastTransitionTime": since, **value} for kind, value in values.items()]
