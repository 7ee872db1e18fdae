"""How far an attempt is, read off its Job and Pods."""

from datetime import UTC, datetime
from typing import Any

import pytest
from vectorizer_operator.attempts import State, observe, started_at

Body = dict[str, Any]
FAILED = {"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded", "message": "Job has failed"}


def job(*conditions: Body, suspend: bool = False) -> Body:
    return {"metadata": {"name": "j"}, "spec": {"suspend": suspend}, "status": {"conditions": list(conditions)}}


def queued(*conditions: Body) -> Body:
    there = job(*conditions, suspend=True)
    return {**there, "metadata": {"name": "j", "labels": {"kueue.x-k8s.io/queue-name": "gpus"}}}


def pod(phase: str = "Pending", *conditions: Body, **state: Body) -> Body:
    containers = [{"name": "train", "state": state}] if state else []
    return {"status": {"phase": phase, "conditions": list(conditions), "containerStatuses": containers}}


@pytest.mark.parametrize(
    ("there", "pods", "state"),
    [
        (None, [], State.UNSTARTED),
        (job(suspend=True), [], State.UNSTARTED),
        (queued(), [], State.QUEUED),
        (job(), [], State.PENDING),
        (job(), [pod()], State.PENDING),
        (job(), [pod("Running")], State.RUNNING),
        (job(), [pod("Failed"), pod("Running")], State.RUNNING),
        (job({"type": "SuccessCriteriaMet", "status": "True"}), [pod("Succeeded")], State.RUNNING),
        (job({"type": "Complete", "status": "True"}), [], State.SUCCEEDED),
        (job({"type": "FailureTarget", "status": "True"}), [pod("Failed")], State.RUNNING),
        (job(FAILED), [], State.FAILED),
    ],
)
def test_the_state_follows_from_the_jobs_conditions_first(there: Body | None, pods: list[Body], state: State) -> None:
    assert observe(there, pods).state is state


def test_a_pod_without_a_node_says_why() -> None:
    said = {"type": "PodScheduled", "status": "False", "message": "0/3 nodes: insufficient nvidia.com/gpu"}
    assert "insufficient nvidia.com/gpu" in observe(job(), [pod("Pending", said)]).message


def test_an_image_that_cannot_be_pulled_is_named() -> None:
    waiting = {"reason": "ImagePullBackOff", "message": "no such image"}
    assert observe(job(), [pod(waiting=waiting)]).message == "ImagePullBackOff: no such image"


def test_the_process_began_when_the_first_container_did() -> None:
    first = pod("Failed", terminated={"exitCode": 1, "startedAt": "2026-11-22T12:00:00Z"})
    second = pod("Running", running={"startedAt": "2026-11-22T12:05:00Z"})
    assert started_at([pod(), second, first]) == datetime(2026, 11, 22, 12, tzinfo=UTC)
    assert started_at([pod(), pod(waiting={"reason": "ContainerCreating"})]) is None
