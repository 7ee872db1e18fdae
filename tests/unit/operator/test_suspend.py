"""To suspend a run: which attempt is said to be the last, and what its time was."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from vectorizer_api.conditions import Condition, ConditionType, Reason
from vectorizer_api.fine_tune import Attempts, FineTune, FineTuneStatus
from vectorizer_api.names import attempt_name
from vectorizer_operator.accounts import Account
from vectorizer_operator.assignments import Purpose
from vectorizer_operator.attempts import Attempt, State
from vectorizer_operator.known import Known
from vectorizer_operator.kube import JOBS, Object
from vectorizer_operator.observe import Observed
from vectorizer_operator.services import Services
from vectorizer_operator.steps.suspend import suspend

NOW = datetime(2026, 11, 22, 12, 30, tzinfo=UTC)
TRIED = Attempts(current=1, failures=1, seconds=600)
FAILED_JOB: Object = {
    "metadata": {"name": "j", "uid": "job"},
    "spec": {},
    "status": {
        "startTime": "2026-11-22T12:00:00Z",
        "conditions": [{"type": "Failed", "status": "True", "lastTransitionTime": "2026-11-22T12:10:00Z"}],
    },
}


def seen(*said: tuple[ConditionType, str, Reason]) -> Observed:
    """A run that has failed once, with these conditions."""
    spec = {"contentType": "Text", "customVectorizerName": "docs", "downloadFromBatchCloudFolder": True}
    metadata = {"name": "docs", "namespace": "ns", "uid": "uid", "generation": 1}
    conditions = [
        Condition.model_validate({"type": type_, "status": value, "reason": reason, "last_transition_time": NOW})
        for type_, value, reason in [(ConditionType.ACCEPTED, "True", Reason.ACCEPTED), *said]
    ]
    one = FineTune.model_validate({"kind": "VectorizerFineTune", "metadata": metadata, "spec": spec})
    status = FineTuneStatus(attempts=TRIED, conditions=conditions)
    account, failed = Account("a", "a-batch", "a-models"), Attempt(State.FAILED)
    told = one.model_copy(update={"status": status})
    return Observed(told, account, None, Purpose.TRAIN, FAILED_JOB, [], failed, None)


@pytest.fixture
def services() -> Services:
    """Nothing but what the watch has told."""
    found = Services.__new__(Services)
    object.__setattr__(found, "known", Known())
    return found


@pytest.mark.parametrize(
    "said",
    [
        (ConditionType.SUSPENDED, "True", Reason.SUSPENDED),
        (ConditionType.RUNNING, "False", Reason.BACK_OFF),
    ],
    ids=["resumed and suspended at once", "suspended when the next attempt had just begun"],
)
async def test_a_job_that_was_begun_and_not_told_of_is_the_current_attempts(
    services: Services, said: tuple[ConditionType, str, Reason]
) -> None:
    """Else it would go on while the run is said to be suspended."""
    metadata = {"name": attempt_name("docs", "uid", 2), "namespace": "ns", "uid": "second", "resourceVersion": "1"}
    services.known.update(JOBS, {"metadata": metadata, "spec": {}})
    told = await suspend(seen(said), services, NOW)
    assert told.attempts == TRIED.model_copy(update={"current": 2, "ended": 2})


async def test_a_first_job_that_was_begun_and_not_told_of_has_been_an_attempt(services: Services) -> None:
    """Else the run goes on in a Job of the same name as one that still ends."""
    running = {**FAILED_JOB, "status": {"startTime": "2026-11-22T12:29:00Z"}}
    begun = replace(seen(), job=running, attempt=Attempt(State.RUNNING))
    untold = begun.fine_tune.model_copy(update={"status": begun.status.model_copy(update={"attempts": None})})
    told = await suspend(replace(begun, fine_tune=untold), services, NOW)
    assert told.attempts == Attempts(current=1, ended=1, seconds=60)


async def test_what_has_no_job_yet_has_not_been_tried(services: Services) -> None:
    unstarted = replace(seen(), job=None, attempt=Attempt(State.UNSTARTED))
    untold = unstarted.fine_tune.model_copy(update={"status": unstarted.status.model_copy(update={"attempts": None})})
    assert (await suspend(replace(unstarted, fine_tune=untold), services, NOW)).attempts is None


async def test_the_time_of_an_attempt_that_has_failed_is_not_counted_twice(services: Services) -> None:
    told = await suspend(seen((ConditionType.RUNNING, "False", Reason.BACK_OFF)), services, NOW)
    assert told.attempts == TRIED.model_copy(update={"ended": 1})


def test_whatever_the_next_attempt_waits_for_the_last_one_has_ended() -> None:
    held = seen((ConditionType.RUNNING, "False", Reason.QUOTA_EXCEEDED))
    assert not held.awaits_another_attempt
    ended = held.status.model_copy(update={"attempts": TRIED.model_copy(update={"ended": 1})})
    told = held.fine_tune.model_copy(update={"status": ended})
    assert replace(held, fine_tune=told).awaits_another_attempt
