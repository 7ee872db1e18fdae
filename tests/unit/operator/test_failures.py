"""Why an attempt failed, and whether another one may end better."""

import json
from typing import Any

import pytest
from vectorizer_operator.failures import Remedy, why

Body = dict[str, Any]
FAILED = {"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded", "message": "Job has failed"}
DEADLINE = {"type": "Failed", "status": "True", "reason": "DeadlineExceeded"}
DISRUPTED = {"type": "DisruptionTarget", "status": "True", "reason": "EvictionByEvictionAPI", "message": "evicting"}


def job(*conditions: Body) -> Body:
    return {"metadata": {"name": "j"}, "spec": {"suspend": False}, "status": {"conditions": list(conditions)}}


def pod(phase: str = "Pending", *conditions: Body, **state: Body) -> Body:
    containers = [{"name": "train", "state": state}] if state else []
    return {"status": {"phase": phase, "conditions": list(conditions), "containerStatuses": containers}}


def ended(code: int, message: str = "", reason: str = "Error", *conditions: Body) -> Body:
    return pod("Failed", *conditions, terminated={"exitCode": code, "message": message, "reason": reason})


@pytest.mark.parametrize(
    ("code", "reason", "remedy"),
    [
        (64, "BadInput", Remedy.NOTHING),
        (65, "OverLimit", Remedy.NOTHING),
        (75, "StorageFailed", Remedy.ANOTHER_ATTEMPT),
        (70, "TrainerError", Remedy.ANOTHER_ATTEMPT),
        (1, "JobFailed", Remedy.ANOTHER_ATTEMPT),
        (143, "JobFailed", Remedy.ANOTHER_ATTEMPT),
    ],
)
def test_the_exit_code_of_the_process_decides_whatever_it_says(code: int, reason: str, remedy: Remedy) -> None:
    lie = json.dumps({"exitCode": 0, "reason": "Lie", "message": "all is well"})
    found = why(job(FAILED), [ended(code, lie)])
    assert (found.reason, found.remedy) == (reason, remedy)
    assert found.failure.exit_code == code
    assert found.failure.message == "all is well"
    assert found.failure.hint


@pytest.mark.parametrize("word", ["", "not json", "[]", '{"exitCode": 64}', "x" * 5000])
def test_any_other_last_word_leaves_the_exit_code(word: str) -> None:
    found = why(job(FAILED), [ended(64, word)])
    assert found.reason == "BadInput"
    assert "64" in found.failure.message


def test_too_little_memory_is_not_tried_again() -> None:
    found = why(job(FAILED), [ended(137, reason="OOMKilled")])
    assert (found.reason, found.remedy) == ("OutOfMemory", Remedy.NOTHING)
    assert "more memory" in found.failure.hint


class TestWhatTheClusterEnded:
    def test_is_told_as_the_clusters_doing_whatever_the_process_said(self) -> None:
        last = json.dumps({"exitCode": 143, "reason": "Stopped", "message": "stopped"})
        found = why(job(FAILED), [ended(143, last, "Error", DISRUPTED)])
        assert (found.reason, found.remedy) == ("Preempted", Remedy.ANOTHER_PLACE)
        assert "evicting" in found.failure.message

    def test_is_known_without_its_pod_by_the_policy_that_matched(self) -> None:
        said = "Pod ns/p has condition DisruptionTarget matching FailJob rule at index 1"
        found = why(job({**FAILED, "reason": "PodFailurePolicy", "message": said}), [])
        assert found.remedy is Remedy.ANOTHER_PLACE

    def test_does_not_hide_what_the_process_found_wrong_with_the_files(self) -> None:
        assert why(job(FAILED), [ended(64, "", "Error", DISRUPTED)]).reason == "BadInput"


def test_a_deadline_is_told_as_such_even_if_the_process_was_killed_for_it() -> None:
    assert why(job(DEADLINE), [ended(143)]).reason == "DeadlineExceeded"
    outlived = ended(143)
    outlived["status"]["reason"] = "DeadlineExceeded"
    found = why(job(FAILED), [outlived])
    assert (found.reason, found.remedy) == ("DeadlineExceeded", Remedy.NOTHING)


def test_without_a_pod_the_job_says_what_it_knows() -> None:
    assert why(job(FAILED), []).failure.message == "Job has failed"


def test_a_run_that_never_got_a_node_is_not_called_slow() -> None:
    found = why(job(DEADLINE), [pod()], "no node yet: 0/3 nodes")
    assert found.reason == "NeverStarted"
    assert "before the run's process started: no node yet: 0/3 nodes" in found.failure.message
    assert "fewer examples" not in found.failure.hint


def test_a_process_that_ran_into_the_deadline_took_too_long_whatever_was_said_before() -> None:
    began = pod("Running", running={"startedAt": "2026-11-22T12:00:00Z"})
    assert "took longer" in why(job(DEADLINE), [began], "no node yet").failure.message
    assert "took longer" in why(job(DEADLINE), []).failure.message
