"""Whatever the people of an account do to a run of theirs, it ends in a clear state, with one Job for each attempt."""

import base64
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest
from kubernetes import client
from minio import Minio
from minio.minioadmin import MinioAdmin
from vectorizer_api import GROUP, VERSION
from vectorizer_api.names import RUN_UID_LABEL, attempt_name
from vectorizer_api.run import Stage
from vectorizer_dev.acted_run import ActedRun
from vectorizer_dev.inspection import JobHistory, Kubectl, job_history
from vectorizer_dev.tenant import FINE_TUNES, VECTORIZERS, Body, Tenant, make_tenant
from vectorizer_dev.waiting import eventually

DIMENSION = 384
BESIDE_EACH_OTHER = 6
"""So many scenarios play at a time."""


@dataclass(frozen=True)
class Scene:
    """An account, and the name of a fine-tune in it that has a process at work."""

    tenant: Tenant
    name: str
    body: Body
    run: ActedRun

    @property
    def uid(self) -> str:
        """The run's."""
        return str(self.body["metadata"]["uid"])

    @property
    def child(self) -> str:
        """The name of the first attempt's Job, Secret and ConfigMap."""
        return attempt_name(self.name, self.uid, 1)

    @property
    def batch(self) -> client.BatchV1Api:
        return client.BatchV1Api(self.tenant.api)

    @property
    def core(self) -> client.CoreV1Api:
        return client.CoreV1Api(self.tenant.api)

    def job(self) -> Body:
        """The first attempt's Job, empty where it is gone."""
        return next((job for job in self._jobs() if job["metadata"]["name"] == self.child), {})

    def _jobs(self) -> list[Body]:
        listed: Body = self.tenant.api.sanitize_for_serialization(self.batch.list_namespaced_job(self.tenant.namespace))  # type: ignore[no-untyped-call]
        return list(listed["items"])

    def patch_job(self, patch: Body) -> None:
        self.batch.patch_namespaced_job(self.child, self.tenant.namespace, patch)

    def delete_job(self, policy: str) -> None:
        self.batch.delete_namespaced_job(self.child, self.tenant.namespace, propagation_policy=policy)

    def secrets(self) -> list[str]:
        listed: Any = self.core.list_namespaced_secret(self.tenant.namespace)
        return [item.metadata.name for item in listed.items if item.metadata.name.startswith(self.child[:-1])]

    def completes(self, run: ActedRun | None = None, attempt: int = 1) -> None:
        """The run goes on to its end in that attempt, and leaves no credentials."""
        (run or self.run).succeed(DIMENSION)
        self.tenant.until(self.name, "Complete", "True", "Improved")
        status = self.tenant.status(self.name)
        assert status["phase"] == "Succeeded"
        assert status["attempts"]["current"] == attempt
        assert self.secrets() == []

    def fails(self, reason: str) -> str:
        """The run ends with the reason and a next step, and leaves no credentials; the answer is the message."""
        message = self.tenant.until(self.name, "Failed", "True", reason)["message"]
        status = self.tenant.status(self.name)
        assert status["phase"] == "Failed"
        assert status["failure"]["reason"] == reason
        assert "under a new object name" in status["failure"]["hint"]
        eventually(lambda: self.secrets() == [])
        return str(message)


def job_deleted(scene: Scene) -> None:
    scene.delete_job("Background")
    assert "Job was deleted" in scene.fails("JobDeleted")
    assert scene.tenant.jobs(scene.name) == []


def job_deleted_without_its_dependents(scene: Scene) -> None:
    scene.delete_job("Orphan")
    scene.fails("JobDeleted")
    left: Any = scene.core.list_namespaced_config_map(scene.tenant.namespace)
    assert scene.child not in [item.metadata.name for item in left.items]


def job_deleted_and_made_anew_by_hand(scene: Scene) -> None:
    pod = client.V1PodSpec(restart_policy="Never", containers=[client.V1Container(name="train", image="none")])
    spec = client.V1JobSpec(suspend=True, template=client.V1PodTemplateSpec(spec=pod))
    scene.tenant.change(scene.name, suspend=True)
    eventually(lambda: scene.job() == {})
    metadata = client.V1ObjectMeta(name=attempt_name(scene.name, scene.uid, 2))
    scene.batch.create_namespaced_job(scene.tenant.namespace, client.V1Job(metadata=metadata, spec=spec))
    scene.tenant.change(scene.name, suspend=False)
    accepted = scene.tenant.until(scene.name, "Accepted", "False", "NameConflict")
    assert f"A Job named {metadata.name} is in the namespace" in accepted["message"]
    assert scene.tenant.status(scene.name)["phase"] == "Failed"
    forged: Any = scene.batch.read_namespaced_job(attempt_name(scene.name, scene.uid, 2), scene.tenant.namespace)
    assert forged.spec.suspend is True


def pod_deleted(scene: Scene) -> None:
    scene.core.delete_namespaced_pod(scene.run.pod, scene.tenant.namespace)
    scene.run.end(143)  # As the kubelet of its node reports what it stops.
    message = scene.tenant.until(scene.name, "Running", "False", "BackOff")["message"]
    assert "Attempt 1 ended (JobFailed)" in message
    scene.completes(scene.tenant.run_of(scene.body, attempt=2), attempt=2)


def secret_and_config_map_deleted(scene: Scene) -> None:
    scene.core.delete_namespaced_secret(scene.child, scene.tenant.namespace)
    scene.core.delete_namespaced_config_map(scene.child, scene.tenant.namespace)
    scene.completes()


def job_suspended(scene: Scene) -> None:
    goes_on_in_a_new_pod(scene, {"spec": {"suspend": True}})


def job_scaled_to_nothing(scene: Scene) -> None:
    goes_on_in_a_new_pod(scene, {"spec": {"parallelism": 0}})


def goes_on_in_a_new_pod(scene: Scene, patch: Body) -> None:
    """In the same Job, with new credentials."""
    scene.patch_job(patch)
    again = eventually(lambda: pod_beside(scene))
    scene.run.api.sanitize_for_serialization(again)  # type: ignore[no-untyped-call]
    eventually(lambda: not scene.job()["spec"].get("suspend") and scene.job()["spec"]["parallelism"] == 1)
    scene.completes(ActedRun.find(scene.tenant.api, scene.tenant.namespace, scene.uid))


def pod_beside(scene: Scene) -> list[str]:
    """The run's only Pod, where it is another one than at first."""
    selector = f"{RUN_UID_LABEL}={scene.uid}"
    listed: Any = scene.core.list_namespaced_pod(scene.tenant.namespace, label_selector=selector)
    names = [item.metadata.name for item in listed.items]
    return names if names and scene.run.pod not in names else []


def job_parted_from_its_owner(scene: Scene) -> None:
    scene.patch_job({"metadata": {"ownerReferences": None}})
    scene.completes()
    scene.tenant.vanish(FINE_TUNES, scene.name)
    eventually(lambda: scene.job() == {})


def job_parted_from_its_owner_and_the_request_deleted(scene: Scene) -> None:
    scene.patch_job({"metadata": {"ownerReferences": None}})
    scene.tenant.vanish(FINE_TUNES, scene.name)
    eventually(lambda: scene.job() == {} and scene.secrets() == [])


def labels_of_the_job_changed(scene: Scene) -> None:
    labels = scene.job()["metadata"]["labels"]
    scene.patch_job({"metadata": {"labels": dict.fromkeys(labels)}})
    scene.completes()


def labels_and_annotations_of_the_request_changed(scene: Scene) -> None:
    labels = {"vectorizers.dev/rerun": "again", "vectorizers.dev/account": "another", RUN_UID_LABEL: "another"}
    annotations = {"kopf.zalando.org/last-handled-configuration": "{}"}
    scene.tenant.patch(FINE_TUNES, scene.name, {"metadata": {"labels": labels, "annotations": annotations}})
    scene.run.say(Stage.TUNING, 60)
    eventually(lambda: scene.tenant.status(scene.name).get("progress", {}).get("percent") == 60)
    scene.completes()


def request_made_anew_at_once(scene: Scene) -> None:
    scene.tenant.delete(FINE_TUNES, scene.name)
    eventually(lambda: scene.name not in scene.tenant.fine_tunes())
    again = scene.tenant.ask(scene.name)
    run = scene.tenant.run_of(again)
    assert run.description.run_uid != scene.uid
    eventually(lambda: scene.job() == {} and scene.secrets() == [])
    Scene(scene.tenant, scene.name, again, run).completes()


def suspended_and_resumed_again_and_again(scene: Scene) -> None:
    for _ in range(4):
        scene.tenant.change(scene.name, suspend=True)
        scene.tenant.change(scene.name, suspend=False)
    scene.tenant.change(scene.name, suspend=True)
    scene.tenant.until(scene.name, "Suspended", "True", "Suspended")
    eventually(lambda: scene.tenant.jobs(scene.name) == [])
    scene.tenant.change(scene.name, suspend=False)
    scene.tenant.until(scene.name, "Running", "False", "JobCreated")
    attempt = scene.tenant.status(scene.name)["attempts"]["current"]
    assert attempt > 1
    assert len(scene.tenant.jobs(scene.name)) == 1
    scene.completes(scene.tenant.run_of(scene.body, attempt), attempt)


def vectorizer_of_its_name_forged(scene: Scene) -> None:
    digest = "0" * 64
    spec = {
        "customVectorizerName": scene.name,
        "contentType": "Text",
        "dimension": DIMENSION,
        "base": {"name": "b", "digest": digest},
        "artifact": {"runUID": scene.uid, "digest": digest, "sizeBytes": 1},
        "source": {"fineTuneName": "forged", "fineTuneUID": scene.uid},
    }
    body = {"apiVersion": f"{GROUP}/{VERSION}", "kind": "CustomVectorizer", "spec": spec}
    named = body | {"metadata": {"name": scene.name}}
    scene.tenant.objects.create_namespaced_custom_object(GROUP, VERSION, scene.tenant.namespace, VECTORIZERS, named)
    scene.run.succeed(DIMENSION)
    assert "another customVectorizerName" in scene.fails("NameTaken")
    assert said_of_vectorizer(scene.tenant, scene.name)["reason"] == "ResultRefused"


def said_of_vectorizer(tenant: Tenant, name: str) -> Body:
    """The vectorizer's condition Ready."""
    found = tenant.vectorizer(name).get("status", {}).get("conditions", [])
    return next((item for item in found if item["type"] == "Ready"), {})


SCENARIOS: tuple[Callable[[Scene], None], ...] = (
    job_deleted,
    job_deleted_without_its_dependents,
    job_deleted_and_made_anew_by_hand,
    pod_deleted,
    secret_and_config_map_deleted,
    job_suspended,
    job_scaled_to_nothing,
    job_parted_from_its_owner,
    job_parted_from_its_owner_and_the_request_deleted,
    labels_of_the_job_changed,
    labels_and_annotations_of_the_request_changed,
    request_made_anew_at_once,
    suspended_and_resumed_again_and_again,
    vectorizer_of_its_name_forged,
)


@dataclass(frozen=True)
class Played:
    """All scenarios, played in one account beside each other."""

    ends: dict[str, Future[None]]
    jobs: JobHistory
    bystander: Tenant
    """Another account, with a run at work and a vectorizer."""
    before: list[tuple[str, str]]
    """What the other account had when the play began: name and version of each object."""


def belongings(kubectl: Kubectl, tenant: Tenant) -> list[tuple[str, str]]:
    found = [item["metadata"] for item in kubectl.everything(tenant.namespace)]
    return sorted((item["name"], item["resourceVersion"]) for item in found)


@pytest.fixture(scope="module")
def played(
    parked: str,
    api: client.ApiClient,
    store: Minio,
    store_admin: MinioAdmin,
    kubectl: Kubectl,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Played]:
    tenant, bystander = (make_tenant(api, store, store_admin) for _ in range(2))
    bystander.run_of(bystander.ask("settled")).succeed(DIMENSION)
    bystander.ended("settled")
    bystander.run_of(bystander.ask("at-work")).run()
    bystander.until("at-work", "Running", "True")

    def play(scenario: Callable[[Scene], None]) -> None:
        name = scenario.__name__.replace("_", "-")[:30].strip("-")
        body = tenant.ask(name)
        run = tenant.run_of(body)
        run.run()
        tenant.until(name, "Running", "True", "JobRunning")
        scenario(Scene(tenant, name, body, run))

    with (
        job_history(kubectl, tenant.namespace, tmp_path_factory.mktemp("jobs")) as jobs,
        ThreadPoolExecutor(BESIDE_EACH_OTHER) as actors,
    ):
        before = belongings(kubectl, bystander)
        ends = {scenario.__name__: actors.submit(play, scenario) for scenario in SCENARIOS}
        yield Played(ends, jobs, bystander, before)


@pytest.mark.parametrize("scenario", [scenario.__name__ for scenario in SCENARIOS])
def test_a_run_ends_in_a_clear_state_after(played: Played, scenario: str) -> None:
    played.ends[scenario].result()


def test_no_attempt_ever_had_a_second_job(played: Played) -> None:
    for end in played.ends.values():
        end.exception()
    seen = played.jobs.uids()
    assert len(seen) > len(SCENARIOS)
    assert {attempt: uids for attempt, uids in seen.items() if len(uids) > 1} == {}


def test_another_account_is_not_touched(played: Played, kubectl: Kubectl) -> None:
    for end in played.ends.values():
        end.exception()
    assert belongings(kubectl, played.bystander) == played.before


def test_a_secret_that_was_there_before_is_replaced(tenant: Tenant, core: client.CoreV1Api, name: str) -> None:
    """The request waits for its starting vectorizer while somebody makes a Secret of the name to come."""
    body = tenant.ask(name, startingCustomVectorizerName=f"{name}-s")
    tenant.until(name, "Accepted", "Unknown", "WaitingForVectorizer")
    value = base64.b64encode(b"planted").decode()
    child = client.V1ObjectMeta(name=attempt_name(name, body["metadata"]["uid"], 1))
    planted = dict.fromkeys(("access_key", "secret_key", "session_token"), value)
    core.create_namespaced_secret(tenant.namespace, client.V1Secret(metadata=child, data=planted))
    tenant.run_of(tenant.ask(f"{name}-s")).succeed(DIMENSION)
    run = tenant.run_of(body)
    run.run()
    run.say(Stage.TUNING, 10)  # By the credentials in the Secret.
    tenant.until(name, "Running", "True")
    run.succeed(DIMENSION)
    tenant.until(name, "Complete", "True")


class TestVectorizerInUse:
    def test_gets_its_finalizer_back(self, tenant: Tenant, name: str) -> None:
        tenant.run_of(tenant.ask(name)).succeed(DIMENSION)
        tenant.ended(name)
        tenant.run_of(tenant.ask(f"{name}-2", startingCustomVectorizerName=name))
        eventually(lambda: tenant.vectorizer(name)["metadata"].get("finalizers"))
        tenant.patch(VECTORIZERS, name, {"metadata": {"finalizers": None}})
        eventually(lambda: tenant.vectorizer(name)["metadata"].get("finalizers"))

    def test_that_is_forced_away_leaves_its_files_to_the_run_that_uses_them(self, tenant: Tenant, name: str) -> None:
        tenant.run_of(tenant.ask(name)).succeed(DIMENSION)
        tenant.ended(name)
        run = tenant.run_of(tenant.ask(f"{name}-2", startingCustomVectorizerName=name))
        tenant.delete(VECTORIZERS, name)
        waits = eventually(lambda: "deletionTimestamp" in tenant.vectorizer(name)["metadata"])
        assert waits
        message = eventually(lambda: forewarning(tenant, name))
        assert f"{name}-2; at the latest at " in message
        tenant.patch(VECTORIZERS, name, {"metadata": {"finalizers": None}})
        eventually(lambda: tenant.vectorizer(name) == {})
        start = run.description.start.location.removeprefix(f"s3://{run.bucket}/")
        assert tenant.keys(start) != []
        run.succeed(DIMENSION)
        tenant.until(f"{name}-2", "Complete", "True")


def forewarning(tenant: Tenant, name: str) -> str:
    """What the vectorizer that is to go says of those that hold it."""
    said = said_of_vectorizer(tenant, name)
    return str(said["message"]) if said.get("reason") == "Waiting" else ""
