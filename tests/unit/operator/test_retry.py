"""When the attempt after a failed one may start, and what the attempts have used of the run's time."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from vectorizer_api.fine_tune import Attempts, FineTune, FineTuneStatus
from vectorizer_operator import spent
from vectorizer_operator.accounts import Account
from vectorizer_operator.assignments import Purpose
from vectorizer_operator.attempts import Attempt, State
from vectorizer_operator.observe import Observed
from vectorizer_operator.settings import Settings
from vectorizer_operator.steps.retry import is_due, next_attempt

Body = dict[str, Any]
FAILED_AT = datetime(2026, 11, 22, 12, 10, tzinfo=UTC)
SETTINGS = Settings.from_environment(
    {
        "VECTORIZER_S3_ENDPOINT": "s3:1",
        "VECTORIZER_S3_ACCESS_KEY": "a",
        "VECTORIZER_S3_SECRET_KEY": "b",
        "VECTORIZER_TRAINER_IMAGE": "image",
    }
)
FAILED_JOB: Body = {
    "metadata": {"name": "j", "uid": "job"},
    "spec": {},
    "status": {
        "startTime": "2026-11-22T12:00:00Z",
        "conditions": [{"type": "Failed", "status": "True", "lastTransitionTime": "2026-11-22T12:10:00Z"}],
    },
}
POD: Body = {"status": {"containerStatuses": [{"state": {"terminated": {"startedAt": "2026-11-22T12:04:00Z"}}}]}}


def seen(tried: Attempts, job: Body | None = FAILED_JOB, purpose: Purpose = Purpose.TRAIN) -> Observed:
    spec = {"contentType": "Text", "customVectorizerName": "docs", "downloadFromBatchCloudFolder": True}
    body = {"kind": "VectorizerFineTune", "metadata": {"name": "docs", "uid": "uid"}, "spec": spec}
    one = FineTune.model_validate(body).model_copy(update={"status": FineTuneStatus(attempts=tried)})
    pods = [POD] if job is not None else []
    return Observed(one, Account("a", "a-batch", "a-models"), None, purpose, job, pods, Attempt(State.FAILED), None)


@pytest.mark.parametrize(("failures", "seconds"), [(1, 10), (2, 20), (3, 40), (12, 360)])
def test_the_wait_doubles_with_each_failure_up_to_a_limit(failures: int, seconds: int) -> None:
    one = seen(Attempts(current=failures, failures=failures))
    assert not is_due(one, SETTINGS, FAILED_AT + timedelta(seconds=seconds - 1))
    assert is_due(one, SETTINGS, FAILED_AT + timedelta(seconds=seconds))


@pytest.mark.parametrize("slow", [1, 9])
def test_a_clock_that_is_a_little_slow_makes_the_wait_no_shorter(slow: int) -> None:
    assert not is_due(seen(Attempts(current=1, failures=1)), SETTINGS, FAILED_AT - timedelta(seconds=slow))


def test_a_clock_that_is_far_too_slow_holds_nothing_up() -> None:
    assert is_due(seen(Attempts(current=1, failures=1)), SETTINGS, FAILED_AT - timedelta(minutes=10))


def test_after_a_preemption_alone_there_is_nothing_to_wait_for() -> None:
    assert is_due(seen(Attempts(current=1, preemptions=1)), SETTINGS, FAILED_AT)


def test_a_failed_job_that_is_gone_holds_nothing_up() -> None:
    assert is_due(seen(Attempts(current=1, failures=1), job=None), SETTINGS, FAILED_AT)


def test_the_next_attempt_keeps_the_counts() -> None:
    tried = Attempts(current=2, max=3, failures=1, preemptions=1, seconds=70)
    assert next_attempt(tried) == tried.model_copy(update={"current": 3})


def test_the_time_of_an_attempt_is_that_of_its_process_and_not_of_its_wait_for_a_node() -> None:
    later = FAILED_AT + timedelta(hours=1)
    assert spent.with_this_attempt(seen(Attempts(current=2, seconds=100)), later).seconds == 100 + 360


def test_a_download_takes_nothing_from_the_runs_time() -> None:
    assert spent.attempt_seconds(seen(Attempts(current=1), purpose=Purpose.FETCH), FAILED_AT) == 0
