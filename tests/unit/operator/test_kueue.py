"""What Kueue's label and suspension say of a Job, and when the Pods of an admitted one are let go."""

from typing import Any

from vectorizer_operator import kueue

Body = dict[str, Any]
OURS, THEIRS = {"name": kueue.GATE}, {"name": "kueue.x-k8s.io/topology"}


def job(queue: str = "gpus", suspend: bool = False, parallelism: int = 1) -> Body:
    labels = {kueue.QUEUE_LABEL: queue} if queue else {}
    return {"metadata": {"labels": labels}, "spec": {"suspend": suspend, "parallelism": parallelism}}


def pod(*gates: Body, **metadata: str) -> Body:
    return {"metadata": {"resourceVersion": "7", **metadata}, "spec": {"schedulingGates": list(gates)}}


def test_quota_is_reserved_while_the_job_is_not_suspended() -> None:
    waiting, admitted = kueue.quota(job(suspend=True)), kueue.quota(job())
    assert waiting is not None
    assert (waiting.status, waiting.reason) == ("False", "Queued")
    assert "no LocalQueue gpus" in waiting.message
    assert admitted is not None
    assert (admitted.status, admitted.reason) == ("True", "Admitted")


def test_a_job_without_a_queue_has_no_quota_to_speak_of() -> None:
    assert kueue.quota(job(queue="", suspend=True)) is None
    assert kueue.quota(None) is None
    assert not kueue.waits(job(queue="", suspend=True))


def test_credentials_are_due_when_every_pod_of_an_admitted_job_is_there() -> None:
    assert not kueue.awaits_credentials(job(parallelism=2), [pod(OURS)])
    assert not kueue.awaits_credentials(job(parallelism=2), [pod(OURS), pod(OURS, deletionTimestamp="now")])
    assert kueue.awaits_credentials(job(parallelism=2), [pod(OURS), pod(OURS)])
    assert kueue.awaits_credentials(job(parallelism=2), [pod(), pod(OURS)])
    assert not kueue.awaits_credentials(job(), [pod(THEIRS)])


def test_the_own_gate_alone_is_taken_away() -> None:
    assert kueue.without_gate(pod(THEIRS, OURS)) == {"schedulingGates": [THEIRS]}
    assert kueue.without_gate(pod(OURS)) == {"schedulingGates": None}
