"""Runs in the queues of the real Kueue: admission, order, preemption, the default queue, and the way out."""

from collections.abc import Callable
from pathlib import Path

import pytest
from kubernetes import client
from vectorizer_dev.datasets import image
from vectorizer_dev.downloads import Downloads
from vectorizer_dev.inspection import Kubectl
from vectorizer_dev.quota import ClusterQueue
from vectorizer_dev.tenant import FINE_TUNES, Body, Tenant
from vectorizer_dev.waiting import eventually

DIMENSION = 384
LONG = 1200.0
"""Seconds that a real training may take on a busy machine."""
pytestmark = pytest.mark.timeout(900)
MakeQueue = Callable[..., ClusterQueue]


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real data set that is trained on for long enough to be interrupted."""
    folder = tmp_path_factory.mktemp("pictures")
    image.make(folder, train=200, test=1)
    return folder / "train"


def train(tenant: Tenant, name: str, pictures: Path) -> Body:
    """Ask for a real training that waits in the queue."""
    for path in pictures.iterdir():
        tenant.upload(f"{name}/{path.name}", path.read_bytes())
    return tenant.ask(name, contentType="Image", batchFolder=name, profile="default", queueName="gpus")


def secrets(tenant: Tenant) -> list[str]:
    listed = client.CoreV1Api(tenant.api).list_namespaced_secret(tenant.namespace)
    return [str(item.metadata.name) for item in listed.items if item.metadata is not None]


def pods(tenant: Tenant) -> list[client.V1Pod]:
    listed: list[client.V1Pod] = client.CoreV1Api(tenant.api).list_namespaced_pod(tenant.namespace).items
    return listed


def is_queued(tenant: Tenant, name: str) -> None:
    """The run waits, for its queue alone, and has nothing that could be misused or wasted."""
    tenant.until(name, "QuotaReserved", "False", "Queued")
    assert tenant.status(name)["phase"] == "Queued"
    (job,) = tenant.jobs(name)
    assert job not in secrets(tenant)
    assert [pod for pod in pods(tenant) if pod.metadata and (pod.metadata.labels or {})["job-name"] == job] == []


def logged(tenant: Tenant, body: Body, attempt: int) -> str:
    key = f"runs/{body['metadata']['uid']}/attempt-{attempt}/log.txt"
    with tenant.store.get_object(bucket_name=tenant.account.models_bucket, object_name=key) as answer:
        return bytes(answer.read()).decode()


@pytest.mark.timeout(LONG + 300)
def test_a_run_waits_without_credentials_until_there_is_quota_and_then_trains(
    tenant: Tenant, queue_of: MakeQueue, pictures: Path
) -> None:
    queue = queue_of(tenant, processors=0)
    train(tenant, "docs", pictures)
    is_queued(tenant, "docs")
    queue.grant(1)
    tenant.until("docs", "QuotaReserved", "True", "Admitted")
    tenant.until("docs", "Running", "True", timeout=LONG)
    (pod,) = pods(tenant)
    assert pod.spec is not None
    assert not pod.spec.scheduling_gates
    status = tenant.ended("docs", LONG)["status"]
    assert (status["phase"], status.get("failure")) == ("Succeeded", None)
    eventually(lambda: queue.reserved() == 0)


def test_runs_take_their_turns(tenant: Tenant, queue_of: MakeQueue) -> None:
    queue_of(tenant, processors=1)
    first = tenant.ask("first", queueName="gpus")
    tenant.until("first", "QuotaReserved", "True", "Admitted")
    second = tenant.ask("second", queueName="gpus")
    is_queued(tenant, "second")
    tenant.run_of(first).succeed(DIMENSION)
    tenant.until("first", "Complete", "True")
    tenant.until("second", "QuotaReserved", "True", "Admitted")
    tenant.run_of(second).succeed(DIMENSION)
    tenant.until("second", "Complete", "True")


@pytest.mark.timeout(2 * LONG + 300)
def test_a_run_that_a_more_urgent_one_displaces_has_not_failed_and_goes_on_from_its_checkpoint(
    tenant: Tenant, queue_of: MakeQueue, pictures: Path
) -> None:
    queue_of(tenant, processors=1)
    body = train(tenant, "patient", pictures)
    eventually(lambda: tenant.status("patient").get("progress", {}).get("stage") == "Tuning", LONG)
    urgent = tenant.ask("urgent", profile="urgent", queueName="gpus")
    tenant.until("urgent", "QuotaReserved", "True", "Admitted", timeout=300)
    eventually(lambda: tenant.status("patient")["attempts"]["current"] == 2, 300)
    is_queued(tenant, "patient")
    tenant.run_of(urgent).succeed(DIMENSION)
    tenant.until("urgent", "Complete", "True")
    status = tenant.ended("patient", LONG)["status"]
    assert (status["phase"], status.get("failure")) == ("Succeeded", None)
    tried = status["attempts"]
    assert (tried["current"], tried["failures"], tried["preemptions"]) == (2, 0, 1)
    assert "goes on from step" in logged(tenant, body, attempt=2)


def test_a_request_that_names_no_queue_waits_in_the_default_one_of_its_namespace(
    tenant: Tenant, queue_of: MakeQueue
) -> None:
    queue = queue_of(tenant, processors=0, name="default")
    body = tenant.ask("docs")
    is_queued(tenant, "docs")
    assert "the queue default" in tenant.condition("docs", "QuotaReserved")["message"]
    queue.grant(1)
    tenant.until("docs", "QuotaReserved", "True", "Admitted")
    run = tenant.run_of(body)
    run.succeed(DIMENSION)
    tenant.until("docs", "Complete", "True")


def test_a_download_waits_in_the_default_queue_too_and_the_training_after_it_once_more(
    tenant: Tenant, queue_of: MakeQueue, downloads: Downloads
) -> None:
    """Kueue gives its default queue to every Job of the namespace."""
    queue = queue_of(tenant, processors=0, name="default")
    body = tenant.ask("docs", fileUrls=[downloads.serve("/queued.txt", b"text")])
    is_queued(tenant, "docs")
    assert [job for job in tenant.jobs("docs") if job.endswith("-f1")] != []
    queue.grant(1)
    tenant.run_of(body).succeed(DIMENSION)
    tenant.until("docs", "Complete", "True")
    tried = tenant.status("docs")["attempts"]
    assert (tried["current"], tried["failures"], tried.get("preemptions", 0)) == (1, 0, 0)


def test_a_run_that_kueue_admits_as_soon_as_it_is_created_gets_its_credentials(
    tenant: Tenant, queue_of: MakeQueue
) -> None:
    """The default queue is given to a Job on its way to the API server: it may be admitted before anybody looks."""
    queue_of(tenant, processors=20, name="default")
    bodies = [tenant.ask(f"docs-{index}") for index in range(10)]
    for body in bodies:
        tenant.run_of(body)
    eventually(lambda: not [pod for pod in pods(tenant) if pod.spec and pod.spec.scheduling_gates])
    assert {job for body in bodies for job in tenant.jobs(body["metadata"]["name"])} <= set(secrets(tenant))


@pytest.fixture
def occupied(tenant: Tenant, queue_of: MakeQueue) -> tuple[Body, Body]:
    """A run that holds the quota, and one that waits for it."""
    queue_of(tenant, processors=1)
    holder = tenant.ask("holder", queueName="gpus")
    tenant.until("holder", "QuotaReserved", "True", "Admitted")
    waiter = tenant.ask("waiter", queueName="gpus")
    is_queued(tenant, "waiter")
    return holder, waiter


def test_a_deletion_while_queued_leaves_nothing_and_holds_nobody_up(
    tenant: Tenant, occupied: tuple[Body, Body], kubectl: Kubectl
) -> None:
    holder, waiter = occupied
    next_one = tenant.ask("next-one", queueName="gpus")
    tenant.vanish(FINE_TUNES, "waiter")
    eventually(lambda: kubectl.remains(tenant.namespace, waiter["metadata"]["uid"]) == [])
    tenant.run_of(holder).succeed(DIMENSION)
    tenant.until("next-one", "QuotaReserved", "True", "Admitted")
    tenant.run_of(next_one).succeed(DIMENSION)
    tenant.until("next-one", "Complete", "True")


def test_the_deletion_of_an_admitted_run_lets_the_next_one_in(tenant: Tenant, occupied: tuple[Body, Body]) -> None:
    tenant.delete(FINE_TUNES, "holder")
    tenant.until("waiter", "QuotaReserved", "True", "Admitted")


def test_a_run_that_is_suspended_leaves_its_queue_and_comes_back_to_its_end(
    tenant: Tenant, occupied: tuple[Body, Body]
) -> None:
    holder, _ = occupied
    tenant.change("holder", suspend=True)
    tenant.until("holder", "Suspended", "True")
    tenant.until("waiter", "QuotaReserved", "True", "Admitted")
    tenant.change("holder", suspend=False)
    tenant.until("holder", "QuotaReserved", "False", "Queued")
    tenant.vanish(FINE_TUNES, "waiter")
    tenant.until("holder", "QuotaReserved", "True", "Admitted")
    tenant.run_of(holder, attempt=2).succeed(DIMENSION)
    tenant.until("holder", "Complete", "True")
    tried = tenant.status("holder")["attempts"]
    assert (tried["failures"], tried["preemptions"]) == (0, 0)
