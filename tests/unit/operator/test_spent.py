"""What a fine-tune used whose object went before its end."""

from datetime import UTC, datetime, timedelta

import pytest
from vectorizer_api.run import VectorizerSource
from vectorizer_operator import spent
from vectorizer_operator.records import Granted, Record

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def record(gpus: int) -> Record:
    base = VectorizerSource(name="b", location="s3://b/")
    granted = Granted(
        account="a", base=base, start=base, dimension=2, profile="", max_duration_seconds=3600, gpus=gpus, image="i"
    )
    return Record(fine_tune="f", uid="u", spec_digest="d", requested=NOW, granted=granted)


def gone(running: str) -> dict[str, object]:
    began = (NOW - timedelta(seconds=100)).isoformat()
    conditions = [{"type": "Running", "status": running, "lastTransitionTime": began}]
    return {"status": {"attempts": {"seconds": 50}, "conditions": conditions}}


@pytest.mark.parametrize(("running", "seconds"), [("True", 150), ("False", 50)])
def test_ended_attempts_count_and_the_one_that_ran(running: str, seconds: int) -> None:
    assert spent.gpu_seconds_until(gone(running), record(gpus=2), NOW) == 2 * seconds


def test_without_a_gpu_a_record_or_a_status_there_is_nothing_to_count() -> None:
    assert spent.gpu_seconds_until(gone("True"), record(gpus=0), NOW) == 0
    assert spent.gpu_seconds_until(gone("True"), None, NOW) == 0
    assert spent.gpu_seconds_until({}, record(gpus=2), NOW) == 0
