"""Deletion at any moment leaves nothing behind, and what comes back with its name runs nothing again."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from kubernetes import client
from minio import Minio
from minio.minioadmin import MinioAdmin
from vectorizer_api import API_VERSION, GROUP, VERSION
from vectorizer_api.run import Failure, Stage
from vectorizer_dev.downloads import Downloads
from vectorizer_dev.inspection import Kubectl
from vectorizer_dev.tenant import FINE_TUNES, VECTORIZERS, Body, RunningOperator, Tenant, make_tenant
from vectorizer_dev.waiting import eventually

DIMENSION = 384
BESIDE_EACH_OTHER = 5
STORAGE = Failure(exit_code=75, reason="StorageFailed", message="The storage does not answer.")
Moment = Callable[[Tenant, str], Body]


def while_it_waits(tenant: Tenant, name: str) -> Body:
    body = tenant.ask(name, startingCustomVectorizerName="absent")
    tenant.until(name, "Accepted", "Unknown", "WaitingForVectorizer")
    return body


def while_it_has_no_node(tenant: Tenant, name: str) -> Body:
    body = tenant.ask(name)
    tenant.until(name, "Running", "False", "JobCreated")
    tenant.run_of(body)
    return body


def while_it_trains(tenant: Tenant, name: str) -> Body:
    body = tenant.ask(name)
    run = tenant.run_of(body)
    run.run()
    run.say(Stage.TUNING, 30)
    tenant.until(name, "Running", "True", "JobRunning")
    return body


def between_two_attempts(tenant: Tenant, name: str) -> Body:
    body = tenant.ask(name)
    tenant.run_of(body).fail(STORAGE)
    tenant.until(name, "Running", "False", "BackOff")
    return body


def while_it_is_suspended(tenant: Tenant, name: str) -> Body:
    body = while_it_trains(tenant, name)
    tenant.change(name, suspend=True)
    tenant.until(name, "Suspended", "True", "Suspended")
    return body


def when_it_has_failed(tenant: Tenant, name: str) -> Body:
    body = tenant.ask(name)
    tenant.run_of(body).end(64)
    tenant.until(name, "Failed", "True", "BadInput")
    return body


def before_it_was_looked_at(tenant: Tenant, name: str) -> Body:
    """The deletion races with the operator's first writes."""
    return tenant.ask(name)


MOMENTS: tuple[Moment, ...] = (
    while_it_waits,
    while_it_has_no_node,
    while_it_trains,
    between_two_attempts,
    while_it_is_suspended,
    when_it_has_failed,
    before_it_was_looked_at,
)
RACES = 5
"""How often the deletion races with the operator."""


@pytest.fixture(scope="module")
def deleted(
    parked: str, api: client.ApiClient, store: Minio, store_admin: MinioAdmin, kubectl: Kubectl
) -> Iterator[dict[str, Future[None]]]:
    """A fine-tune deleted at each moment, beside each other in one account."""
    tenant = make_tenant(api, store, store_admin)

    def live(moment: Moment, name: str) -> None:
        body = moment(tenant, name)
        tenant.vanish(FINE_TUNES, name)
        eventually(lambda: not kubectl.remains(tenant.namespace, body["metadata"]["uid"]))
        assert tenant.keys(f"vectorizers/{name}/") == []

    with ThreadPoolExecutor(BESIDE_EACH_OTHER) as lives:
        named = [(moment, moment.__name__.replace("_", "-")) for moment in MOMENTS]
        races = [(before_it_was_looked_at, f"race-{number}") for number in range(RACES)]
        futures = {name: lives.submit(live, moment, name) for moment, name in [*named, *races]}
        yield futures


@pytest.mark.parametrize(
    "life", [*(moment.__name__.replace("_", "-") for moment in MOMENTS), *(f"race-{i}" for i in range(RACES))]
)
def test_a_deleted_request_leaves_nothing_in_the_cluster(deleted: dict[str, Future[None]], life: str) -> None:
    deleted[life].result()


def test_deleted_while_it_downloads_it_leaves_nothing(
    tenant: Tenant, downloads: Downloads, kubectl: Kubectl, name: str
) -> None:
    body = tenant.ask(name, fileUrls=[downloads.serve(f"/{name}/{i}.txt", b"text") for i in range(50)])
    eventually(lambda: [job for job in tenant.jobs(name) if job.endswith("-f1")])
    tenant.vanish(FINE_TUNES, name)
    eventually(lambda: not kubectl.remains(tenant.namespace, body["metadata"]["uid"]))


def test_deleted_while_it_is_published_it_leaves_a_whole_vectorizer_or_none(
    tenant: Tenant, kubectl: Kubectl, name: str
) -> None:
    body = tenant.ask(name)
    tenant.run_of(body).succeed(DIMENSION)
    tenant.until(name, "Running", "False", "Publishing")
    tenant.vanish(FINE_TUNES, name)

    def whole_or_none() -> bool:
        left = kubectl.remains(tenant.namespace, body["metadata"]["uid"])
        return set(left) <= {f"CustomVectorizer/{name}"} and (not left or is_ready(tenant, name))

    eventually(whole_or_none)


def test_deleted_when_it_has_ended_it_leaves_its_vectorizer_alone(tenant: Tenant, kubectl: Kubectl, name: str) -> None:
    body = tenant.ask(name)
    tenant.run_of(body).succeed(DIMENSION)
    tenant.ended(name)
    tenant.vanish(FINE_TUNES, name)
    eventually(lambda: kubectl.remains(tenant.namespace, body["metadata"]["uid"]) == [f"CustomVectorizer/{name}"])
    assert is_ready(tenant, name)


def is_ready(tenant: Tenant, name: str) -> bool:
    found = tenant.vectorizer(name).get("status", {}).get("conditions", [])
    return any((item["type"], item["status"], item["reason"]) == ("Ready", "True", "Published") for item in found)


def restored(body: Body) -> Body:
    """The object as a backup brings it back: labelled by the tool, annotated by people's, without status and UID."""
    metadata = {
        "name": body["metadata"]["name"],
        "labels": {"velero.io/restore-name": "r", "velero.io/backup-name": "b"},
        "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}"},
    }
    return {"apiVersion": API_VERSION, "kind": body["kind"], "metadata": metadata, "spec": body["spec"]}


def bring_back(tenant: Tenant, plural: str, body: Body) -> None:
    tenant.objects.create_namespaced_custom_object(GROUP, VERSION, tenant.namespace, plural, restored(body))


def test_a_restored_backup_takes_over_what_had_ended_well_or_badly(tenant: Tenant, name: str) -> None:
    good, bad = f"{name}-good", f"{name}-bad"
    tenant.run_of(tenant.ask(good)).succeed(DIMENSION)
    tenant.run_of(tenant.ask(bad)).end(64)
    requests, vectorizer = [tenant.ended(each) for each in (good, bad)], tenant.vectorizer(good)
    for each in (good, bad):
        tenant.vanish(FINE_TUNES, each)
    eventually(lambda: tenant.jobs(good) == tenant.jobs(bad) == [])
    tenant.vanish(VECTORIZERS, good)
    bring_back(tenant, VECTORIZERS, vectorizer)
    for body in requests:
        bring_back(tenant, FINE_TUNES, body)
    assert "nothing was run again" in tenant.until(good, "Complete", "True", "Improved")["message"]
    assert "nothing was run again" in tenant.until(bad, "Failed", "True", "BadInput")["message"]
    assert tenant.status(good)["metrics"] == requests[0]["status"]["metrics"]
    assert tenant.status(bad)["failure"] == requests[1]["status"]["failure"]
    eventually(lambda: is_ready(tenant, good))
    assert tenant.jobs(good) == tenant.jobs(bad) == []


@pytest.fixture
def impatient(operator: RunningOperator) -> Iterator[int]:
    """The operator with a short deadline for deletions: so many seconds."""
    deadline = 15
    operator.stop()
    operator.start(VECTORIZER_DELETION_DEADLINE=str(deadline))
    yield deadline
    operator.stop()
    operator.start()


def test_the_deletion_of_a_vectorizer_in_use_ends_at_its_deadline_and_spares_the_run(
    impatient: int, tenant: Tenant, name: str
) -> None:
    tenant.run_of(tenant.ask(name)).succeed(DIMENSION)
    tenant.ended(name)
    user = f"{name}-2"
    run = tenant.run_of(tenant.ask(user, startingCustomVectorizerName=name))
    eventually(lambda: tenant.vectorizer(name)["metadata"].get("finalizers"))
    tenant.delete(VECTORIZERS, name)
    waits = eventually(lambda: waiting(tenant, name))
    asked = datetime.fromisoformat(waits["metadata"]["deletionTimestamp"])
    due = asked + timedelta(seconds=impatient)
    (message,) = (item["message"] for item in waits["status"]["conditions"] if item["type"] == "Ready")
    assert message == (
        f"It is deleted when these fine-tunes that use it have ended: {user}; at the latest at "
        f"{due:%Y-%m-%d %H:%M:%S} UTC."
    )
    eventually(lambda: tenant.vectorizer(name) == {})
    assert datetime.now(UTC) >= due
    assert "completionTime" not in tenant.status(user)
    run.succeed(DIMENSION)
    tenant.until(user, "Complete", "True")


def waiting(tenant: Tenant, name: str) -> Body:
    """The vectorizer that is to go, as soon as it says what it waits for."""
    found = tenant.vectorizer(name)
    conditions = found.get("status", {}).get("conditions", [])
    return found if any(item["reason"] == "Waiting" for item in conditions) else {}
