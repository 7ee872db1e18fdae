"""What Prometheus reads of all fine-tunes."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from vectorizer_operator.fleet import Fleet
from vectorizer_operator.known import Known
from vectorizer_operator.kube import FINE_TUNES


def fine_tune(name: str, phase: str, running: str = "False", silent_minutes: float = 0) -> dict[str, Any]:
    told = (datetime.now(UTC) - timedelta(minutes=silent_minutes)).isoformat()
    return {
        "metadata": {"name": name, "namespace": "ns", "uid": name, "resourceVersion": "1"},
        "spec": {},
        "status": {
            "phase": phase,
            "progress": {"lastUpdateTime": told},
            "conditions": [{"type": "Running", "status": running}],
        },
    }


@pytest.fixture
def known() -> Known:
    found = Known()
    for body in (
        fine_tune("a", "Training", "True", silent_minutes=2),
        fine_tune("b", "Training", "True", silent_minutes=1),
        fine_tune("c", "Succeeded", silent_minutes=900),
    ):
        found.update(FINE_TUNES, body)
    return found


def read(known: Known) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = {}
    for family in Fleet(known, lambda: 7).collect():
        found[family.name] = {sample.labels.get("phase", ""): sample.value for sample in family.samples}
    return found


def test_fine_tunes_are_counted_by_phase(known: Known) -> None:
    assert read(known)["vectorizer_fine_tunes"] == {"Training": 2, "Succeeded": 1}


def test_the_longest_silence_is_that_of_a_run_and_not_of_what_has_ended(known: Known) -> None:
    assert read(known)["vectorizer_progress_age_seconds"][""] == pytest.approx(120, abs=5)
    assert read(Known())["vectorizer_progress_age_seconds"][""] == 0


def test_the_queue_is_as_long_as_it_is_now(known: Known) -> None:
    assert read(known)["vectorizer_queue_length"][""] == 7
