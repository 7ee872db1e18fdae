"""Whose turn it is among the runs of an account."""

from typing import Any

import pytest
from vectorizer_api.conditions import Reason
from vectorizer_api.fine_tune import FineTune
from vectorizer_operator.errors import Refused, Waiting
from vectorizer_operator.known import Known
from vectorizer_operator.kube import FINE_TUNES, NAMESPACES
from vectorizer_operator.settings import Settings
from vectorizer_operator.turns import Turns, next_in_line

Body = dict[str, Any]
SETTINGS = Settings.from_environment(
    {
        "VECTORIZER_S3_ENDPOINT": "s3:1",
        "VECTORIZER_S3_ACCESS_KEY": "a",
        "VECTORIZER_S3_SECRET_KEY": "b",
        "VECTORIZER_TRAINER_IMAGE": "image",
        "VECTORIZER_MAX_RUNS": "2",
        "VECTORIZER_MAX_UNFINISHED": "3",
    }
)


def fine_tune(name: str, second: int = 0, running: str = "") -> Body:
    metadata = {
        "name": name,
        "namespace": "ns",
        "uid": f"uid-{name}",
        "resourceVersion": "1",
        "creationTimestamp": f"2026-11-22T12:00:{second:02d}Z",
    }
    spec = {"contentType": "Text", "customVectorizerName": name * 3, "downloadFromBatchCloudFolder": True}
    body: Body = {"kind": "VectorizerFineTune", "metadata": metadata, "spec": spec}
    if running:
        moment = {"lastTransitionTime": "2026-11-22T12:00:00Z"}
        body["status"] = {"conditions": [{"type": "Running", "status": "False", "reason": running, **moment}]}
    return body


def namespace(**labels: str) -> Body:
    prefixed = {f"vectorizers.dev/{name.replace('_', '-')}": value for name, value in labels.items()}
    return {"metadata": {"name": "ns", "labels": prefixed, "resourceVersion": "1"}}


@pytest.fixture
def known() -> Known:
    return Known()


@pytest.fixture
def turns(known: Known) -> Turns:
    return Turns(known, SETTINGS)


def one(known: Known, body: Body) -> FineTune:
    known.update(FINE_TUNES, body)
    return FineTune.model_validate(body)


def test_no_more_than_the_platform_says_are_under_way_even_before_their_status_says_so(
    known: Known, turns: Turns
) -> None:
    first, second, third = (one(known, fine_tune(name)) for name in "abc")
    turns.take(first)
    turns.take(second)
    with pytest.raises(Waiting) as told:
        turns.take(third)
    assert told.value.reason is Reason.QUOTA_EXCEEDED
    turns.release(first.metadata.uid)
    turns.take(third)


@pytest.mark.parametrize("reason", ["JobCreated", "JobRunning", "Publishing", "BackOff"])
def test_a_restarted_operator_counts_by_what_was_said(known: Known, turns: Turns, reason: str) -> None:
    for name in "ab":
        known.update(FINE_TUNES, fine_tune(name, running=reason))
    with pytest.raises(Waiting):
        turns.take(one(known, fine_tune("c")))


@pytest.mark.parametrize("reason", ["Suspended", "NotStarted", "Waiting"])
def test_what_has_no_job_takes_no_turn(known: Known, turns: Turns, reason: str) -> None:
    for name in "ab":
        known.update(FINE_TUNES, fine_tune(name, running=reason))
    turns.take(one(known, fine_tune("c")))


def test_those_that_came_before_have_their_turn_before(known: Known, turns: Turns) -> None:
    known.update(FINE_TUNES, fine_tune("a", running="JobRunning"))
    older = one(known, fine_tune("y", second=1, running="QuotaExceeded"))
    newer = one(known, fine_tune("b", second=2, running="QuotaExceeded"))
    with pytest.raises(Waiting):
        turns.take(newer)
    turns.take(older)


def test_next_in_line_are_as_many_as_may_run_in_the_order_they_came(known: Known) -> None:
    known.update(FINE_TUNES, fine_tune("a", running="JobRunning"))
    for second, name in enumerate("dcb"):
        known.update(FINE_TUNES, fine_tune(name, second=second, running="QuotaExceeded"))
    assert [item["metadata"]["name"] for item in next_in_line(known, "ns", SETTINGS)] == ["d", "c"]


def test_a_run_that_goes_on_takes_no_second_turn(known: Known, turns: Turns) -> None:
    known.update(FINE_TUNES, fine_tune("a", running="JobRunning"))
    again = one(known, fine_tune("b"))
    turns.take(again)
    turns.take(again)


@pytest.mark.parametrize(("label", "allowed"), [("1", 1), ("3", 3), ("many", 2), ("0", 2), ("-1", 2)])
def test_the_namespace_says_how_many_where_it_says_a_number(
    known: Known, turns: Turns, label: str, allowed: int
) -> None:
    known.update(NAMESPACES, namespace(max_runs=label))
    for number in range(allowed):
        turns.take(one(known, fine_tune(f"run{number}")))
    with pytest.raises(Waiting):
        turns.take(one(known, fine_tune("one-more")))


def test_more_unfinished_ones_than_the_platform_says_are_refused_and_the_older_stay(known: Known, turns: Turns) -> None:
    made = [one(known, fine_tune(f"run{number}", second=number)) for number in range(4)]
    for fits in made[:3]:
        turns.refuse_beyond(fits)
    with pytest.raises(Refused) as told:
        turns.refuse_beyond(made[3])
    assert told.value.reason is Reason.LIMIT_EXCEEDED
