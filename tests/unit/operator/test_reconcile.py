"""One pass over one fine-tune: when it is looked at again, what cannot be read, and what is kept of what is gone."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from vectorizer_api.artifact import VectorizerDescription
from vectorizer_api.conditions import Reason
from vectorizer_api.content import ContentType
from vectorizer_api.fine_tune import Attempts, FineTune, FineTuneStatus
from vectorizer_api.names import ACCOUNT_LABEL, attempt_name, fetch_name
from vectorizer_operator import status
from vectorizer_operator.errors import Denied
from vectorizer_operator.follow import Follower
from vectorizer_operator.known import Key, Known
from vectorizer_operator.kube import EVENTS, FINE_TUNES, JOBS, NAMESPACES, VECTORIZERS, Kind, Kube
from vectorizer_operator.kueue import QUEUE_LABEL
from vectorizer_operator.profiles import Profiles
from vectorizer_operator.reconcile import look_again, reconcile
from vectorizer_operator.records import Granted, Record, Records
from vectorizer_operator.reservations import Reservations
from vectorizer_operator.services import Services
from vectorizer_operator.settings import Settings
from vectorizer_operator.status import Verdict
from vectorizer_operator.steps.start import held
from vectorizer_operator.storage import Storage, Stored
from vectorizer_operator.turns import Turns

Body = dict[str, Any]
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SPEC = {"contentType": "Text", "customVectorizerName": "docs", "downloadFromBatchCloudFolder": True}
NAMESPACE = {
    "metadata": {
        "name": "ns",
        "labels": {ACCOUNT_LABEL: "a"},
        "creationTimestamp": "2026-11-22T12:00:00Z",
        "resourceVersion": "1",
    }
}
BASE = VectorizerDescription(
    name="b", content_type=ContentType.TEXT, architecture="bert", dimension=3, licence="Apache-2.0", files={}
)
SOURCE = {"name": "b", "location": "s3://b/", "digest": "0" * 64}
SETTINGS = Settings.from_environment(
    {
        "VECTORIZER_S3_ENDPOINT": "s3:1",
        "VECTORIZER_S3_ACCESS_KEY": "a",
        "VECTORIZER_S3_SECRET_KEY": "b",
        "VECTORIZER_TRAINER_IMAGE": "image",
    }
)


def fine_tune(uid: str = "uid", **spec: object) -> Body:
    metadata = {"name": "docs", "namespace": "ns", "uid": uid, "resourceVersion": "1", "generation": 1}
    metadata |= {"creationTimestamp": "2026-11-22T12:00:00Z"}
    return {"kind": "VectorizerFineTune", "metadata": metadata, "spec": {**SPEC, **spec}}


def record(uid: str) -> Record:
    granted = Granted.model_validate(
        {
            "account": "a",
            "base": SOURCE,
            "start": SOURCE,
            "dimension": 3,
            "profile": "",
            "max_duration_seconds": 60,
            "image": "i",
        }
    )
    return Record(fine_tune="docs", uid=uid, spec_digest="", requested=NOW, granted=granted)


class Cluster(Kube):
    """Takes statuses as the API server would, and keeps them."""

    def __init__(self) -> None:
        self.said: list[Body] = []

    async def apply_status(self, kind: Kind, namespace: str, name: str, status: Body, resource_version: str) -> Body:
        self.said.append(status)
        body = fine_tune()
        return body | {"metadata": body["metadata"] | {"resourceVersion": str(int(resource_version) + 1)}}

    async def items(self, kind: Kind, namespace: str | None = None, labels: str = "") -> AsyncIterator[Body]:
        assert kind is NAMESPACES
        yield NAMESPACE

    async def create(self, kind: Kind, body: Body) -> Body:
        assert kind is EVENTS
        return body


class PublishedMeanwhile(Cluster):
    """A vectorizer of the name comes into being after the name was first looked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    async def get(self, kind: Kind, namespace: str | None, name: str) -> Body | None:
        assert kind is VECTORIZERS
        self.asked += 1
        return {"spec": {"source": {"fineTuneUID": "another"}}} if self.asked > 1 else None


class Queueing(Cluster):
    """Creates and deletes Jobs, and keeps which."""

    def __init__(self) -> None:
        super().__init__()
        self.created: list[str] = []
        self.deleted: list[str] = []

    async def create(self, kind: Kind, body: Body) -> Body:
        self.created += [body["metadata"]["name"]] if kind is JOBS else []
        return {**body, "metadata": {**body["metadata"], "uid": "new", "resourceVersion": "1"}}

    async def delete(self, kind: Kind, namespace: str, name: str, uid: str | None = None) -> None:
        self.deleted += [f"{name} {uid}"] if kind is JOBS else []


class WithDefaultQueue(Queueing):
    """Kueue gives each Job the namespace's default queue on its way to the API server."""

    async def create(self, kind: Kind, body: Body) -> Body:
        created = await super().create(kind, body)
        created["metadata"]["labels"] = {**created["metadata"].get("labels", {}), QUEUE_LABEL: "default"}
        return created


class Bucket(Storage):
    """Holds a base, and keeps nothing that is put: records stay in memory."""

    async def bucket_exists(self, bucket: str) -> bool:
        return True

    async def etag(self, bucket: str, key: str) -> str | None:
        return None

    async def put(self, bucket: str, key: str, body: bytes, content_type: str = "application/json") -> None:
        """Nothing is read back."""

    async def get(self, bucket: str, key: str, limit: int) -> Stored | None:
        return Stored("etag", BASE.model_dump_json(by_alias=True).encode()) if bucket == SETTINGS.bases_bucket else None


@pytest.fixture
def cluster() -> Cluster:
    return Cluster()


@pytest.fixture
def services(cluster: Cluster) -> Services:
    return services_on(cluster)


def services_on(cluster: Cluster) -> Services:
    storage, known = Bucket(SETTINGS), Known()
    return Services(
        settings=SETTINGS,
        kube=cluster,
        storage=storage,
        records=Records(storage),
        follower=Follower(storage, 5, 10),
        profiles=Profiles(None),
        known=known,
        reservations=Reservations(),
        turns=Turns(known, SETTINGS),
    )


class TestLookingAgain:
    """At what was started, soon; at what waits, when an event or the resync says so."""

    def test_a_started_run_is_followed(self) -> None:
        one = FineTune.model_validate(fine_tune())
        said = status.active(one, Verdict("True", Reason.JOB_RUNNING), None, Attempts(current=1), NOW)
        assert look_again(one, said, 5, NOW) == 5

    def test_a_suspended_run_is_left_alone(self) -> None:
        one = FineTune.model_validate(fine_tune())
        assert look_again(one, status.suspended(one, Attempts(current=1), NOW), 5, NOW) is None

    def test_one_that_has_ended_is_looked_at_when_its_time_is_over(self) -> None:
        one = FineTune.model_validate(fine_tune(ttlSecondsAfterFinished=60))
        said = status.refused(one, Reason.NAME_TAKEN, "taken", NOW)
        assert look_again(one, said, 5, NOW + timedelta(seconds=20)) == 40
        assert look_again(one, said, 5, NOW + timedelta(seconds=90)) == 0

    @pytest.mark.parametrize("reason", [Reason.PROFILE_MISSING, Reason.STORAGE_UNREACHABLE])
    def test_what_waits_for_something_that_no_event_tells_of_is_looked_at(self, reason: Reason) -> None:
        one = FineTune.model_validate(fine_tune())
        assert look_again(one, status.waiting(one, reason, "wait", NOW), 5, NOW) == 5

    @pytest.mark.parametrize("tell", [status.waiting, status.held, status.refused])
    def test_what_waits_or_has_ended_is_left_alone(self, tell: Callable[..., FineTuneStatus]) -> None:
        one = FineTune.model_validate(fine_tune())
        assert look_again(one, tell(one, Reason.QUOTA_EXCEEDED, "wait", NOW), 5, NOW) is None


def test_a_quota_is_told_in_the_same_words_however_much_of_it_is_used() -> None:
    told = [
        held(Denied(f"jobs is forbidden: exceeded quota: few, requested: count/jobs.batch=1, used: count={used}"))
        for used in (3, 4)
    ]
    assert {one.reason for one in told} == {Reason.QUOTA_EXCEEDED}
    assert {one.message for one in told} == {"The quota few of the account's namespace is used up."}


async def test_what_cannot_be_read_is_ended_and_the_field_is_named(services: Services, cluster: Cluster) -> None:
    services.known.update(FINE_TUNES, fine_tune(contentType="Smell"))
    assert await reconcile("ns", "docs", services) is None
    conditions = {item["type"]: item for item in cluster.said[0]["conditions"]}
    assert {name: conditions[name]["status"] for name in ("Accepted", "Failed")} == {
        "Accepted": "False",
        "Failed": "True",
    }
    assert conditions["Accepted"]["reason"] == "InvalidSpec"
    assert "spec.contentType" in conditions["Accepted"]["message"]


async def test_in_a_namespace_that_is_being_deleted_no_run_is_judged(services: Services, cluster: Cluster) -> None:
    """Its Job fails because its Pod was deleted: on record, that would be the end of what Git brings back."""
    going = NAMESPACE["metadata"] | {"deletionTimestamp": "2026-11-22T12:00:00Z"}
    services.known.update(NAMESPACES, {"metadata": going})
    services.known.update(FINE_TUNES, fine_tune(contentType="Smell"))
    assert await reconcile("ns", "docs", services) is None
    assert cluster.said == []


async def test_nothing_is_kept_of_what_is_gone_and_all_of_its_namesakes_elsewhere(services: Services) -> None:
    gone = FineTune.model_validate(fine_tune())
    services.known.update(FINE_TUNES, fine_tune())
    for bucket, uid in (("a-models", "uid"), ("b-models", "other")):
        await services.records.put(bucket, record(uid))
    services.follower.mirrored("uid")
    services.reservations.begin("uid")
    assert services.reservations.claim(gone, services.known) is None
    services.known.remove(Key(FINE_TUNES.kind, "ns", "docs"), 1)
    await reconcile("ns", "docs", services)
    assert await services.records.get("a-models", "docs") is None
    assert await services.records.get("b-models", "docs") == record("other")
    assert services.follower.may_mirror("uid")
    assert not services.reservations.uses_vectorizers(fine_tune(), services.known)


async def test_a_name_that_was_used_after_it_was_looked_for_is_not_granted() -> None:
    cluster = PublishedMeanwhile()
    services = services_on(cluster)
    services.known.update(NAMESPACES, NAMESPACE)
    services.known.update(FINE_TUNES, fine_tune())
    await reconcile("ns", "docs", services)
    conditions = {item["type"]: item for item in cluster.said[0]["conditions"]}
    assert conditions["Accepted"]["reason"] == "NameTaken"
    assert await services.records.get("a-models", "docs") is None


@pytest.mark.parametrize("suspended", [True, False], ids=["waits", "was admitted once more"])
async def test_a_displaced_attempt_leaves_its_queue_before_the_next_one_begins(suspended: bool) -> None:
    """Kueue may admit the old Job again before anybody deletes it: two attempts of one run would hold quota."""
    cluster = Queueing()
    services, first = services_on(cluster), attempt_name("docs", "uid", 1)
    body = fine_tune(queueName="gpus")
    tried = Attempts(current=1, preemptions=1)
    said = status.backing_off(FineTune.model_validate(body), "Another run took its quota.", tried, NOW)
    body["status"] = said.model_dump(mode="json", by_alias=True, exclude_none=True)
    owner = {"kind": "VectorizerFineTune", "name": "docs", "uid": "uid", "controller": True}
    labels = {QUEUE_LABEL: "gpus", "app.kubernetes.io/component": "train"}
    metadata = {"name": first, "namespace": "ns", "uid": "old", "resourceVersion": "1", "labels": labels}
    old = {"metadata": {**metadata, "ownerReferences": [owner]}, "spec": {"suspend": suspended, "parallelism": 1}}
    for kind, there in ((NAMESPACES, NAMESPACE), (FINE_TUNES, body), (JOBS, old)):
        services.known.update(kind, there)
    await services.records.put("a-models", record("uid"))
    await reconcile("ns", "docs", services)
    assert cluster.deleted == [f"{first} old"]
    assert cluster.created == [attempt_name("docs", "uid", 2)]


async def test_a_training_that_queues_up_after_its_download_was_admitted_is_not_said_to_be_admitted() -> None:
    """What was admitted and waits counts as displaced."""
    cluster = WithDefaultQueue()
    services, download = services_on(cluster), fetch_name("docs", "uid", 1)
    body = fine_tune(fileUrls=["https://files.example/a.txt"])
    admitted, runs = Verdict("True", Reason.ADMITTED), Verdict("True", Reason.JOB_RUNNING)
    said = status.active(FineTune.model_validate(body), runs, None, Attempts(current=1), NOW, quota=admitted)
    body["status"] = said.model_dump(mode="json", by_alias=True, exclude_none=True)
    owner = {"kind": "VectorizerFineTune", "name": "docs", "uid": "uid", "controller": True}
    labels = {QUEUE_LABEL: "default", "app.kubernetes.io/component": "fetch"}
    metadata = {"name": download, "namespace": "ns", "uid": "old", "resourceVersion": "1", "labels": labels}
    complete = {"conditions": [{"type": "Complete", "status": "True"}]}
    job = {"metadata": {**metadata, "ownerReferences": [owner]}, "spec": {"suspend": False}, "status": complete}
    for kind, there in ((NAMESPACES, NAMESPACE), (FINE_TUNES, body), (JOBS, job)):
        services.known.update(kind, there)
    granted = record("uid").granted.model_copy(update={"fetches": True})
    await services.records.put("a-models", record("uid").model_copy(update={"granted": granted}))
    await reconcile("ns", "docs", services)
    assert cluster.created == [attempt_name("docs", "uid", 1)]
    (reserved,) = (item for item in cluster.said[0]["conditions"] if item["type"] == "QuotaReserved")
    assert (reserved["status"], reserved["reason"]) == ("False", "Queued")
