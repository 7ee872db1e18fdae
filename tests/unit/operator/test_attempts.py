"""How far an attempt is and why it failed, read off its Job and Pods."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from vectorizer_operator.attempts import State, failure, observe, started_at

Body = dict[str, Any]
FAILED = {"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded", "message": "Job has failed"}


def job(*conditions: Body, suspend: bool = False) -> Body:
    return {"metadata": {"name": "j"}, "spec": {"suspend": suspend}, "status": {"conditions": list(conditions)}}


def pod(phase: str = "Pending", *conditions: Body, **state: Body) -> Body:
    containers = [{"name": "train", "state": state}] if state else []
    return {"status": {"phase": phase, "conditions": list(conditions), "containerStatuses": containers}}


def ended(code: int, message: str = "", reason: str = "Error") -> Body:
    return pod("Failed", terminated={"exitCode": code, "message": message, "reason": reason})


@pytest.mark.parametrize(
    ("there", "pods", "state"),
    [
        (None, [], State.UNSTARTED),
        (job(suspend=True), [], State.UNSTARTED),
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


@pytest.mark.parametrize(
    ("code", "reason"),
    [(64, "BadInput"), (65, "OverLimit"), (75, "StorageFailed"), (70, "TrainerError"), (1, "JobFailed")],
)
def test_the_exit_code_of_the_process_is_the_reason_whatever_it_says(code: int, reason: str) -> None:
    lie = json.dumps({"exitCode": 0, "reason": "Lie", "message": "all is well"})
    found, told = failure(job(FAILED), [ended(code, lie)])
    assert found == reason
    assert told.exit_code == code
    assert told.message == "all is well"
    assert told.hint


@pytest.mark.parametrize("word", ["", "not json", "[]", '{"exitCode": 64}', "x" * 5000])
def test_any_other_last_word_leaves_the_exit_code(word: str) -> None:
    found, told = failure(job(FAILED), [ended(64, word)])
    assert found == "BadInput"
    assert "64" in told.message


def test_a_deadline_is_told_as_such_even_if_the_process_was_killed_for_it() -> None:
    late = {**FAILED, "reason": "DeadlineExceeded"}
    assert failure(job(late), [ended(143)])[0] == "DeadlineExceeded"


def test_without_a_pod_the_job_says_what_it_knows() -> None:
    assert failure(job(FAILED), [])[1].message == "Job has failed"


DEADLINE = {"type": "Failed", "status": "True", "reason": "DeadlineExceeded"}


def test_a_run_that_never_got_a_node_is_not_called_slow() -> None:
    reason, told = failure(job(DEADLINE), [pod()], "no node yet: 0/3 nodes")
    assert reason == "DeadlineExceeded"
    assert "before its process started: no node yet: 0/3 nodes" in told.message
    assert "fewer examples" not in told.hint


def test_a_process_that_ran_into_the_deadline_took_too_long_whatever_was_said_before() -> None:
    began = pod("Running", running={"startedAt": "2026-11-22T12:00:00Z"})
    assert "took longer" in failure(job(DEADLINE), [began], "no node yet")[1].message
    assert "took longer" in failure(job(DEADLINE), [])[1].message


def test_the_process_began_when_the_first_container_did() -> None:
    first = pod("Failed", terminated={"exitCode": 1, "startedAt": "2026-11-22T12:00:00Z"})
    second = pod("Running", running={"startedAt": "2026-11-22T12:05:00Z"})
    assert started_at([pod(), second, first]) == datetime(2026, 11, 22, 12, tzinfo=UTC)
    assert started_at([pod(), pod(waiting={"reason": "ContainerCreating"})]) is None
