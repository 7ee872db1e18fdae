"""What Prometheus reads of all fine-tunes."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from vectorizer_api.names import ACCOUNT_LABEL
from vectorizer_operator.fleet import Fleet
from vectorizer_operator.known import Known
from vectorizer_operator.kube import FINE_TUNES, NAMESPACES, PODS

Figures = dict[str, dict[tuple[str, ...], float]]


def ago(minutes: float) -> str:
    return (datetime.now(UTC) - timedelta(minutes=minutes)).isoformat()


def fine_tune(
    name: str, phase: str, *conditions: tuple[str, str, str], since: float = 0, silent: float = 0
) -> dict[str, Any]:
    told = [
        {"type": type_, "status": status, "reason": reason, "lastTransitionTime": ago(since)}
        for type_, status, reason in conditions
    ]
    return {
        "metadata": {"name": name, "namespace": "ns", "uid": name, "resourceVersion": "1"},
        "spec": {},
        "status": {
            "phase": phase,
            "lastPhaseTransitionTime": ago(since),
            "progress": {"lastUpdateTime": ago(silent)},
            "conditions": told,
        },
    }


RUNNING = ("Running", "True", "JobRunning")


@pytest.fixture
def known() -> Known:
    found = Known()
    labels = {ACCOUNT_LABEL: "zoo"}
    found.update(NAMESPACES, {"metadata": {"name": "ns", "resourceVersion": "1", "labels": labels}})
    for body in (
        fine_tune("a", "Training", RUNNING, ("ProgressStale", "True", "NoProgress"), since=30, silent=2),
        fine_tune("b", "Training", RUNNING, ("ProgressStale", "False", "Progressing"), since=10, silent=1),
        fine_tune("c", "Succeeded", ("Running", "False", "Finished"), since=900, silent=900),
        fine_tune("d", "Waiting", ("Reconciling", "True", "ProfileMissing"), since=90),
    ):
        found.update(FINE_TUNES, body)
    return found


def read(known: Known) -> Figures:
    return {
        family.name.removeprefix("vectorizer_"): {
            tuple(sample.labels.values()): sample.value for sample in family.samples
        }
        for family in Fleet(known).collect()
    }


def test_fine_tunes_are_counted_by_phase_and_phases_without_any_are_zero(known: Known) -> None:
    phases = read(known)["fine_tunes"]
    assert {phase: count for phase, count in phases.items() if count} == {
        ("Training",): 2,
        ("Succeeded",): 1,
        ("Waiting",): 1,
    }
    assert phases["Publishing",] == 0


def test_what_is_unfinished_is_counted_by_account(known: Known) -> None:
    assert read(known)["account_fine_tunes"] == {("zoo", "Training"): 2, ("zoo", "Waiting"): 1}


NVIDIA, MEMORY = "nvidia.com/gpu", {"memory": "1Gi"}
PODS_OF_RUNS = [("p", "Running", "2"), ("q", "Running", "1"), ("r", "Pending", "4"), ("s", "Failed", "8")]
ODD_POD = ("t", "Running", "1k")


def pod(name: str, phase: str, limits: dict[str, str]) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "namespace": "ns", "resourceVersion": "1"},
        "spec": {"containers": [{"name": "train", "resources": {"limits": {**MEMORY, **limits}}}]},
        "status": {"phase": phase},
    }


def test_gpus_are_counted_by_account_while_their_pods_run(known: Known) -> None:
    for name, phase, gpus in (*PODS_OF_RUNS, ODD_POD):
        known.update(PODS, pod(name, phase, {NVIDIA: gpus}))
    assert read(known)["account_gpus"] == {("zoo",): 3}


@pytest.mark.parametrize("kind", ["nvidia.com/gpu", "nvidia.com/gpu.shared", "amd.com/gpu", "nvidia.com/mig-1g.10gb"])
def test_a_gpu_of_any_kind_that_a_profile_may_ask_for_is_counted(known: Known, kind: str) -> None:
    known.update(PODS, pod("p", "Running", {kind: "1"}))
    assert read(known)["account_gpus"] == {("zoo",): 1}


def test_what_waits_is_counted_by_reason(known: Known) -> None:
    assert read(known)["fine_tunes_waiting"]["ProfileMissing",] == 1
    assert sum(read(known)["fine_tunes_waiting"].values()) == 1
    assert read(Known())["fine_tunes_waiting"]["StorageUnreachable",] == 0


def test_a_phase_is_as_old_as_the_fine_tune_that_is_in_it_the_longest(known: Known) -> None:
    ages = read(known)["phase_age_seconds"]
    assert ages["Training",] == pytest.approx(30 * 60, abs=5)
    assert ages["Waiting",] == pytest.approx(90 * 60, abs=5)
    assert ages["Pending",] == 0
    assert ("Succeeded",) not in ages


def test_stale_runs_are_counted(known: Known) -> None:
    assert read(known)["fine_tunes_stale"] == {(): 1}


def test_the_longest_silence_is_that_of_a_run_and_not_of_what_has_ended(known: Known) -> None:
    assert read(known)["progress_age_seconds"][()] == pytest.approx(120, abs=5)
    assert read(Known())["progress_age_seconds"][()] == 0


def test_a_run_that_has_not_spoken_yet_is_silent_since_it_runs() -> None:
    known, body = Known(), fine_tune("a", "Preparing", RUNNING, since=3)
    del body["status"]["progress"]
    known.update(FINE_TUNES, body)
    assert read(known)["progress_age_seconds"][()] == pytest.approx(180, abs=5)


def test_an_attempt_that_has_just_begun_is_not_blamed_for_the_last_words_of_the_one_before() -> None:
    known = Known()
    known.update(FINE_TUNES, fine_tune("a", "Training", RUNNING, since=1, silent=600))
    assert read(known)["progress_age_seconds"][()] == pytest.approx(60, abs=5)
