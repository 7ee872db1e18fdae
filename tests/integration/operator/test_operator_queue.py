"""A run with a queue, where the test plays Kueue by what it documents: it ends a Job's suspension, or begins it again.

`tests/integration/queueing` has the real one.
"""

from datetime import UTC, datetime
from typing import Any

from kubernetes import client
from vectorizer_dev.acted_run import ActedRun
from vectorizer_dev.platform import Platform
from vectorizer_dev.tenant import Tenant, offer
from vectorizer_dev.waiting import eventually

DIMENSION = 384
QUEUE_LABEL = "kueue.x-k8s.io/queue-name"


def job_of(tenant: Tenant, name: str, attempt: int = 1) -> Any:
    """The attempt's Job, as soon as it is there."""
    selector = f"vectorizers.dev/fine-tune={name},vectorizers.dev/attempt={attempt}"
    batch = client.BatchV1Api(tenant.api)
    return eventually(lambda: batch.list_namespaced_job(tenant.namespace, label_selector=selector).items)[0]


def set_suspend(tenant: Tenant, job: Any, suspend: bool) -> None:
    """What Kueue does to admit a Job, and to take its quota back."""
    client.BatchV1Api(tenant.api).patch_namespaced_job(
        job.metadata.name, tenant.namespace, {"spec": {"suspend": suspend}}
    )


def admitted(tenant: Tenant, body: Any, attempt: int = 1) -> ActedRun:
    """The run, once its Pod is let go."""
    set_suspend(tenant, job_of(tenant, body["metadata"]["name"], attempt), False)
    return tenant.run_of(body, attempt)


def secrets(tenant: Tenant, name: str) -> list[str]:
    selector = f"vectorizers.dev/fine-tune={name}"
    listed = client.CoreV1Api(tenant.api).list_namespaced_secret(tenant.namespace, label_selector=selector)
    return [str(item.metadata.name) for item in listed.items if item.metadata is not None]


def test_a_queued_run_has_its_queues_label_and_no_credentials_until_it_is_admitted(tenant: Tenant, name: str) -> None:
    body = tenant.ask(name, queueName="gpus")
    message = tenant.until(name, "QuotaReserved", "False", "Queued")["message"]
    assert "no LocalQueue gpus" in message
    assert tenant.status(name)["phase"] == "Queued"
    job = job_of(tenant, name)
    assert job.metadata.labels[QUEUE_LABEL] == "gpus"
    assert job.spec.suspend is True
    assert secrets(tenant, name) == []
    run = admitted(tenant, body)
    assert secrets(tenant, name) == [job.metadata.name]
    tenant.until(name, "QuotaReserved", "True", "Admitted")
    run.succeed(DIMENSION)
    tenant.until(name, "Complete", "True")


def test_quota_that_is_taken_back_is_a_preemption_and_the_next_attempt_goes_on_from_the_checkpoint(
    tenant: Tenant, name: str
) -> None:
    body = tenant.ask(name, queueName="gpus")
    first = admitted(tenant, body)
    first.run()
    tenant.until(name, "Running", "True")
    job = job_of(tenant, name)
    set_suspend(tenant, job, True)
    assert job_of(tenant, name, attempt=2).spec.suspend is True
    tenant.until(name, "QuotaReserved", "False", "Queued")
    eventually(lambda: job.metadata.name not in tenant.jobs(name))
    assert secrets(tenant, name) == []
    second = admitted(tenant, body, attempt=2)
    assert second.description.checkpoints == first.description.checkpoints
    second.succeed(DIMENSION)
    tenant.until(name, "Complete", "True")
    said = tenant.status(name)["attempts"]
    assert (said["current"], said["failures"], said["preemptions"]) == (2, 0, 1)


def test_the_wait_for_a_node_is_counted_from_the_admission(tenant: Tenant, platform: Platform, name: str) -> None:
    profiles = platform.cluster.folder / "profiles.yaml"
    profiles.write_text(offer("parked", "hasty").replace("hasty:", "hasty:\n    preRunningDeadlineSeconds: 1"))
    tenant.ask(name, queueName="gpus", profile="hasty")
    tenant.until(name, "QuotaReserved", "False", "Queued")
    job = job_of(tenant, name)
    eventually(lambda: (datetime.now(UTC) - job.metadata.creation_timestamp).total_seconds() > 3)
    assert tenant.status(name)["phase"] == "Queued"
    set_suspend(tenant, job, False)
    tenant.until(name, "Failed", "True", "NeverStarted")


def test_a_run_that_is_suspended_leaves_its_queue(tenant: Tenant, name: str) -> None:
    tenant.ask(name, queueName="gpus")
    tenant.until(name, "QuotaReserved", "False", "Queued")
    tenant.change(name, suspend=True)
    tenant.until(name, "Suspended", "True")
    eventually(lambda: tenant.jobs(name) == [])
    assert tenant.condition(name, "QuotaReserved") == {}
