"""What becomes of a run's result: honest, forged, changed, restored, deleted."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from io import BytesIO
from typing import Any

import pytest
from kubernetes import client
from minio import Minio
from minio.error import S3Error
from vectorizer_api import GROUP, VERSION
from vectorizer_api.content import ContentType
from vectorizer_api.names import ACCOUNT_LABEL
from vectorizer_api.run import Outcome, RunManifest, Stage
from vectorizer_dev.acted_run import ActedRun, digest
from vectorizer_dev.tenant import Body, Tenant
from vectorizer_dev.waiting import eventually

DIMENSION = 384
Published = tuple[Body, Body, ActedRun]
Files = dict[str, bytes]


def ready(vectorizer: Body) -> Body:
    found = vectorizer.get("status", {}).get("conditions", [])
    return next((item for item in found if item["type"] == "Ready"), {})


@pytest.fixture(scope="module")
def published(tenant: Tenant) -> Published:
    asked = tenant.ask("honest")
    run = tenant.run_of(asked)
    run.run()
    tenant.until("honest", "Running", "True")
    run.succeed(DIMENSION)
    return asked, tenant.ended("honest"), run


class TestHonestResult:
    def test_is_complete_with_metrics_dataset_and_the_vectorizers_name(
        self, tenant: Tenant, published: Published
    ) -> None:
        status = published[1]["status"]
        assert status["phase"] == "Succeeded"
        assert tenant.condition("honest", "Complete")["reason"] == "Improved"
        assert tenant.condition("honest", "Ready")["status"] == "True"
        assert tenant.condition("honest", "Failed") == {}
        assert status["metrics"][0]["tuned"] == 0.625
        assert status["dataset"]["selected"] == 120
        assert status["vectorizer"] == "honest"
        assert status["outcome"] == "Improved"

    def test_gives_a_ready_vectorizer_that_says_where_it_comes_from(self, tenant: Tenant, published: Published) -> None:
        asked, _, run = published
        vectorizer = tenant.vectorizer("honest")
        assert ready(vectorizer)["status"] == "True"
        spec = vectorizer["spec"]
        assert spec["source"]["fineTuneUID"] == asked["metadata"]["uid"]
        assert spec["artifact"]["runUID"] == asked["metadata"]["uid"]
        assert spec["dimension"] == DIMENSION
        assert spec["base"]["digest"] == run.description.base.digest
        assert "ownerReferences" not in vectorizer["metadata"]
        assert vectorizer["status"]["score"] == "50.0→62.5"

    def test_is_copied_to_the_published_place_with_its_manifest(self, tenant: Tenant, published: Published) -> None:
        place = f"vectorizers/honest/{published[0]['metadata']['uid']}/"
        names = {"manifest.json", "model/vectorizer.json", "model/weights.safetensors", "report/report.json"}
        assert set(tenant.keys(place)) == {place + name for name in names}
        assert published[1]["status"]["report"] == f"{place}report/report.json"

    def test_takes_the_credentials_away_at_the_end(
        self, core: client.CoreV1Api, tenant: Tenant, published: Published
    ) -> None:
        assert core.list_namespaced_secret(tenant.namespace).items == []

    def test_cannot_be_changed_by_the_runs_credentials_that_outlive_it(
        self, tenant: Tenant, published: Published
    ) -> None:
        _, _, run = published
        place = f"vectorizers/honest/{run.description.run_uid}/model/weights.safetensors"
        with pytest.raises(S3Error, match="AccessDenied"):
            run.store.put_object(bucket_name=run.bucket, object_name=place, data=BytesIO(b"x"), length=1)

    def test_tells_people_by_an_event_once(self, tenant: Tenant, published: Published) -> None:
        eventually(lambda: "Improved" in tenant.events("honest"))
        assert tenant.events("honest") == ["Accepted", "Improved", "JobRunning"]


def test_without_improvement_both_objects_show_the_value_of_the_start_alone(tenant: Tenant, name: str) -> None:
    run = tenant.run_of(tenant.ask(name))
    files = run.files(DIMENSION)
    run.leave(files, run.manifest(files, DIMENSION).model_copy(update={"outcome": Outcome.NO_IMPROVEMENT}))
    run.end(0)
    status = tenant.ended(name)["status"]
    assert status["metrics"][0]["tuned"] == 0.625
    assert status["display"]["score"] == "50.0"
    assert tenant.vectorizer(name)["status"]["score"] == "50.0"
    assert tenant.condition(name, "Complete")["message"] == (
        f"No improvement was found (NDCG@10 50.0): the vectorizer {name} holds the weights of its start."
    )


def _size_lies(_files: Files, manifest: RunManifest) -> RunManifest:
    lied = manifest.files["model/weights.safetensors"].model_copy(update={"size": 1})
    return manifest.model_copy(update={"files": {**manifest.files, "model/weights.safetensors": lied}})


def _digest_lies(_files: Files, manifest: RunManifest) -> RunManifest:
    lied = digest(b"something else").model_copy(update={"size": manifest.files["model/weights.safetensors"].size})
    return manifest.model_copy(update={"files": {**manifest.files, "model/weights.safetensors": lied}})


def _names_an_absent_file(_files: Files, manifest: RunManifest) -> RunManifest:
    return manifest.model_copy(update={"files": {**manifest.files, "model/absent.json": digest(b"x")}})


def _climbs_out(_files: Files, manifest: RunManifest) -> RunManifest:
    return manifest.model_copy(update={"files": {**manifest.files, "model/../../../evil.json": digest(b"x")}})


def _has_a_pickle(files: Files, manifest: RunManifest) -> RunManifest:
    files["model/pytorch_model.bin"] = b"\x80\x04."
    return manifest.model_copy(update={"files": {**manifest.files, "model/pytorch_model.bin": digest(b"\x80\x04.")}})


def _is_of_another_run(_files: Files, manifest: RunManifest) -> RunManifest:
    return manifest.model_copy(update={"run_uid": "another"})


def _is_of_another_shape(_files: Files, manifest: RunManifest) -> RunManifest:
    return manifest.model_copy(update={"dimension": DIMENSION + 1})


def _is_for_other_content(_files: Files, manifest: RunManifest) -> RunManifest:
    return manifest.model_copy(update={"content_type": ContentType.IMAGE})


def _has_no_report(_files: Files, manifest: RunManifest) -> RunManifest:
    files = {path: file for path, file in manifest.files.items() if not path.startswith("report/")}
    return manifest.model_copy(update={"files": files})


def _describes_other_files(files: Files, manifest: RunManifest) -> RunManifest:
    said = json.loads(files["model/vectorizer.json"])
    said["files"]["weights.safetensors"]["sha256"] = "0" * 64
    files["model/vectorizer.json"] = json.dumps(said).encode()
    lied = digest(files["model/vectorizer.json"])
    return manifest.model_copy(update={"files": {**manifest.files, "model/vectorizer.json": lied}})


def _names_another_base(_files: Files, manifest: RunManifest) -> RunManifest:
    return manifest.model_copy(update={"base": manifest.base.model_copy(update={"name": "*"})})


def _describes(files: Files, manifest: RunManifest, **said: object) -> RunManifest:
    files["model/vectorizer.json"] = json.dumps(json.loads(files["model/vectorizer.json"]) | said).encode()
    lied = digest(files["model/vectorizer.json"])
    return manifest.model_copy(update={"files": {**manifest.files, "model/vectorizer.json": lied}})


def _describes_another_base(files: Files, manifest: RunManifest) -> RunManifest:
    return _describes(files, manifest, base={"name": "*", "digest": manifest.base.digest})


def _describes_no_base(files: Files, manifest: RunManifest) -> RunManifest:
    return _describes(files, manifest, base=None)


def _describes_at_length(files: Files, manifest: RunManifest) -> RunManifest:
    return _describes(files, manifest, preprocessing={"prefix": "x" * 4 * 1024**2})


@pytest.mark.parametrize(
    "forge",
    [
        _size_lies,
        _digest_lies,
        _names_an_absent_file,
        _climbs_out,
        _has_a_pickle,
        _is_of_another_run,
        _is_of_another_shape,
        _is_for_other_content,
        _has_no_report,
        _describes_other_files,
        _names_another_base,
        _describes_another_base,
        _describes_no_base,
        _describes_at_length,
    ],
)
def test_a_result_is_refused_that(
    tenant: Tenant, name: str, forge: Callable[[Files, RunManifest], RunManifest]
) -> None:
    run = tenant.run_of(tenant.ask(name))
    files = run.files(DIMENSION)
    forged = forge(files, run.manifest(files, DIMENSION))
    run.leave({path: body for path, body in files.items() if ".." not in path}, forged)
    run.end(0)
    assert_refused(tenant, name)


def assert_refused(tenant: Tenant, name: str) -> None:
    failed = tenant.until(name, "Failed", "True")
    assert failed["reason"] == "ResultRefused"
    assert tenant.vectorizer(name) == {}
    assert tenant.keys(f"vectorizers/{name}/") == []
    assert tenant.condition(name, "Complete") == {}


def test_a_file_of_another_size_than_the_manifest_says_is_refused_before_it_is_read(tenant: Tenant, name: str) -> None:
    run = tenant.run_of(tenant.ask(name))
    files = run.files(DIMENSION)
    forged = _size_lies(files, run.manifest(files, DIMENSION))
    run.leave(files, forged)
    run.end(0)
    message = tenant.until(name, "Failed", "True")["message"]
    assert f"model/weights.safetensors has {len(files['model/weights.safetensors'])} bytes, not 1" in message


def test_a_result_without_a_manifest_is_refused(tenant: Tenant, name: str) -> None:
    tenant.run_of(tenant.ask(name)).end(0)
    assert_refused(tenant, name)


def test_weights_that_change_after_the_manifest_was_written_are_refused(tenant: Tenant, name: str) -> None:
    run = tenant.run_of(tenant.ask(name))
    files = run.files(DIMENSION)
    run.leave(files, run.manifest(files, DIMENSION))
    run.put("model/weights.safetensors", b"swapped")
    run.end(0)
    assert_refused(tenant, name)


def test_a_vectorizer_that_a_person_made_is_never_ready(tenant: Tenant, name: str) -> None:
    run = tenant.run_of(tenant.ask(name))
    run.succeed(DIMENSION)
    tenant.ended(name)
    copied = tenant.vectorizer(name)
    forged = f"{name}-forged"
    body = {key: copied[key] for key in ("apiVersion", "kind")}
    body |= {"metadata": {"name": forged}, "spec": {**copied["spec"], "customVectorizerName": forged}}
    tenant.objects.create_namespaced_custom_object(GROUP, VERSION, tenant.namespace, "customvectorizers", body)
    said = eventually(lambda: ready(tenant.vectorizer(forged)))
    assert (said["status"], said["reason"]) == ("False", "ResultRefused")


class TestRestore:
    def finished(self, tenant: Tenant, name: str) -> str:
        asked = tenant.ask(name)
        tenant.run_of(asked).succeed(DIMENSION)
        tenant.ended(name)
        return str(asked["metadata"]["uid"])

    def test_a_request_that_comes_back_takes_over_its_outcome_and_runs_nothing(self, tenant: Tenant, name: str) -> None:
        uid = self.finished(tenant, name)
        tenant.vanish("customvectorizers", name)
        tenant.vanish("vectorizerfinetunes", name)
        eventually(lambda: tenant.jobs(name) == [])
        tenant.ask(name)
        ended = tenant.ended(name)
        assert ended["status"]["metrics"][0]["tuned"] == 0.625
        assert "Taken over" in tenant.condition(name, "Complete")["message"]
        assert tenant.vectorizer(name)["spec"]["source"]["fineTuneUID"] == uid
        eventually(lambda: ready(tenant.vectorizer(name)).get("status") == "True")
        assert tenant.jobs(name) == []

    def test_a_vectorizer_object_that_is_restored_alone_is_ready_again(self, tenant: Tenant, name: str) -> None:
        self.finished(tenant, name)
        backup = tenant.vectorizer(name)
        tenant.vanish("customvectorizers", name)
        body = {key: backup[key] for key in ("apiVersion", "kind", "spec")} | {"metadata": {"name": name}}
        tenant.objects.create_namespaced_custom_object(GROUP, VERSION, tenant.namespace, "customvectorizers", body)
        eventually(lambda: ready(tenant.vectorizer(name)).get("status") == "True")

    def test_a_new_rerun_label_runs_it_again_and_one_that_was_seen_does_not(self, tenant: Tenant, name: str) -> None:
        tenant.run_of(tenant.ask(name)).end(0)  # Leaves no result: it fails.
        tenant.until(name, "Failed", "True")
        tenant.vanish("vectorizerfinetunes", name)
        again = tenant.ask_again(name, "one")
        tenant.run_of(again).end(0)
        assert "Taken over" not in tenant.until(name, "Failed", "True")["message"]
        tenant.vanish("vectorizerfinetunes", name)
        tenant.ask_again(name, "one")
        assert "vectorizers.dev/rerun" in tenant.until(name, "Failed", "True")["message"]

    def test_another_spec_under_the_same_object_name_runs(self, tenant: Tenant, name: str) -> None:
        tenant.run_of(tenant.ask(name)).end(0)
        tenant.until(name, "Failed", "True")
        tenant.vanish("vectorizerfinetunes", name)
        again = tenant.ask(name, training={"seed": 7})
        assert tenant.run_of(again).description.training.seed == 7

    def test_deleting_a_vectorizer_keeps_its_files_unless_it_says_otherwise(self, tenant: Tenant, name: str) -> None:
        uid = self.finished(tenant, name)
        tenant.vanish("customvectorizers", name)
        assert tenant.keys(f"vectorizers/{name}/{uid}/") != []

    def test_deletion_policy_delete_removes_the_files_and_the_record_says_so(self, tenant: Tenant, name: str) -> None:
        uid = self.finished(tenant, name)
        patch = {"spec": {"deletionPolicy": "Delete"}}
        tenant.objects.patch_namespaced_custom_object(
            GROUP, VERSION, tenant.namespace, "customvectorizers", name, patch
        )
        eventually(lambda: tenant.vectorizer(name)["metadata"].get("finalizers"))
        tenant.vanish("customvectorizers", name)
        assert tenant.keys(f"vectorizers/{name}/{uid}/") == []
        tenant.vanish("vectorizerfinetunes", name)
        tenant.ask(name)
        assert tenant.until(name, "Failed", "True")["reason"] == "ArtifactDeleted"
        assert tenant.vectorizer(name) == {}


class TestYoungerNamespaceOfTheSameAccount:
    @pytest.fixture
    def twin(self, tenant: Tenant, core: client.CoreV1Api, namespace: str) -> Tenant:
        eventually(lambda: born(core, tenant.namespace) < born(core, namespace))
        core.patch_namespace(namespace, {"metadata": {"labels": {ACCOUNT_LABEL: tenant.account.name}}})
        return replace(tenant, account=replace(tenant.account, namespace=namespace))

    @pytest.fixture
    def elder(self, tenant: Tenant, name: str) -> Body:
        tenant.run_of(tenant.ask(name)).succeed(DIMENSION)
        tenant.ended(name)
        return tenant.vectorizer(name)

    def test_takes_no_outcome_over(self, twin: Tenant, elder: Body) -> None:
        name = elder["metadata"]["name"]
        twin.ask(name)
        assert twin.until(name, "Accepted", "False")["reason"] == "AccountTaken"
        assert "metrics" not in twin.status(name)
        assert twin.vectorizer(name) == {}

    def test_gets_no_ready_vectorizer_and_deletes_no_files(self, tenant: Tenant, twin: Tenant, elder: Body) -> None:
        name = elder["metadata"]["name"]
        place = f"vectorizers/{name}/{elder['spec']['artifact']['runUID']}/"
        before = set(tenant.keys(place))
        copy_vectorizer(twin, elder, name, deletionPolicy="Delete")
        said = eventually(lambda: ready(twin.vectorizer(name)))
        assert (said["status"], said["reason"]) == ("False", "AccountTaken")
        eventually(lambda: twin.vectorizer(name)["metadata"].get("finalizers"))
        twin.vanish("customvectorizers", name)
        assert set(tenant.keys(place)) == before


def born(core: client.CoreV1Api, namespace: str) -> datetime:
    """When the namespace was made."""
    found: Any = core.read_namespace(namespace)
    made: datetime = found.metadata.creation_timestamp
    return made


def copy_vectorizer(tenant: Tenant, original: Body, name: str, **spec: str) -> None:
    """Create an object by hand with the spec of another one."""
    body = {key: original[key] for key in ("apiVersion", "kind")}
    body |= {"metadata": {"name": name}, "spec": original["spec"] | spec}
    tenant.objects.create_namespaced_custom_object(GROUP, VERSION, tenant.namespace, "customvectorizers", body)


def test_a_forged_vectorizer_deletes_no_files(tenant: Tenant, name: str) -> None:
    tenant.run_of(tenant.ask(name)).succeed(DIMENSION)
    tenant.ended(name)
    original = tenant.vectorizer(name)
    tenant.vanish("customvectorizers", name)
    copy_vectorizer(tenant, original, name, deletionPolicy="Delete", datasetDigest="1" * 64)
    said = eventually(lambda: ready(tenant.vectorizer(name)))
    assert (said["status"], said["reason"]) == ("False", "ResultRefused")
    eventually(lambda: tenant.vectorizer(name)["metadata"].get("finalizers"))
    tenant.vanish("customvectorizers", name)
    assert tenant.keys(f"vectorizers/{name}/{original['spec']['artifact']['runUID']}/") != []


@pytest.mark.parametrize("field", ["startingCustomVectorizerName", "customVectorizerNameForSampling"])
def test_a_vectorizer_whose_files_were_deleted_is_no_longer_ready(
    tenant: Tenant, store: Minio, name: str, field: str
) -> None:
    first, second = f"{name}-a", f"{name}-b"
    run = tenant.run_of(tenant.ask(first))
    run.succeed(DIMENSION)
    tenant.ended(first)
    manifest = f"vectorizers/{first}/{run.description.run_uid}/manifest.json"
    store.remove_object(bucket_name=run.bucket, object_name=manifest)
    tenant.ask(second, **{field: first})
    eventually(lambda: ready(tenant.vectorizer(first)).get("reason") == "ArtifactDeleted")
    assert tenant.until(second, "Accepted", "Unknown")["reason"] == "WaitingForVectorizer"
    assert tenant.jobs(second) == []


def test_progress_is_mirrored_while_it_runs(tenant: Tenant, name: str) -> None:
    run = tenant.run_of(tenant.ask(name))
    run.run()
    run.say(Stage.TUNING, 41.5)
    progress = eventually(lambda: tenant.status(name).get("progress"))
    assert (progress["stage"], progress["percent"]) == ("Tuning", 41.5)
    status = tenant.status(name)
    assert status["phase"] == "Training"
    assert status["display"]["progress"] == "42%"
    assert tenant.condition(name, "Running")["status"] == "True"


def test_a_run_started_from_a_vectorizer_reads_its_published_files(tenant: Tenant, name: str) -> None:
    first, second = f"{name}-a", f"{name}-b"
    waiting = tenant.ask(second, startingCustomVectorizerName=first)
    assert tenant.until(second, "Accepted", "Unknown")["reason"] == "WaitingForVectorizer"
    run = tenant.run_of(tenant.ask(first))
    run.succeed(DIMENSION)
    tenant.ended(first)
    told = tenant.run_of(waiting).description
    assert told.start.location == f"s3://{run.bucket}/vectorizers/{first}/{run.description.run_uid}/model/"
    assert told.start.digest == digest(run.files(DIMENSION)["model/vectorizer.json"]).sha256
    assert told.base.name == run.description.base.name


def test_a_run_chooses_with_a_vectorizer_by_its_published_files(tenant: Tenant, name: str) -> None:
    """It waits for it, and then reads it with credentials of its own, which reach no other vectorizer."""
    first, second, third = f"{name}-a", f"{name}-b", f"{name}-c"
    tenant.run_of(tenant.ask(third)).succeed(DIMENSION)
    tenant.ended(third)
    waiting = tenant.ask(second, customVectorizerNameForSampling=first)
    message = tenant.until(second, "Accepted", "Unknown", "WaitingForVectorizer")["message"]
    assert message == f"The sampling vectorizer {first} is not there yet."
    assert tenant.jobs(second) == []
    run = tenant.run_of(tenant.ask(first))
    run.succeed(DIMENSION)
    tenant.ended(first)
    chooser = tenant.run_of(waiting)
    told = chooser.description
    assert told.start == told.base
    assert told.sampling is not None
    assert told.sampling.location == f"s3://{run.bucket}/vectorizers/{first}/{run.description.run_uid}/model/"
    description = run.files(DIMENSION)["model/vectorizer.json"]
    assert told.sampling.digest == digest(description).sha256
    place = told.sampling.location.removeprefix(f"s3://{run.bucket}/")
    assert read(chooser, f"{place}vectorizer.json") == description
    (elsewhere,) = [key for key in tenant.keys(f"vectorizers/{third}/") if key.endswith("vectorizer.json")]
    with pytest.raises(S3Error, match="AccessDenied"):
        read(chooser, elsewhere)


def read(run: ActedRun, key: str) -> bytes:
    response = run.store.get_object(bucket_name=run.bucket, object_name=key)
    try:
        return bytes(response.read())
    finally:
        response.close()
        response.release_conn()


@pytest.mark.parametrize(
    "fields",
    [
        ("startingCustomVectorizerName",),
        ("customVectorizerNameForSampling",),
        ("startingCustomVectorizerName", "customVectorizerNameForSampling"),
    ],
    ids=["start", "sampling", "both"],
)
def test_a_vectorizer_that_a_run_uses_is_deleted_after_it(tenant: Tenant, name: str, fields: tuple[str, ...]) -> None:
    first, second = f"{name}-a", f"{name}-b"
    tenant.run_of(tenant.ask(first)).succeed(DIMENSION)
    tenant.ended(first)
    run = tenant.run_of(tenant.ask(second, **dict.fromkeys(fields, first)))
    tenant.delete("customvectorizers", first)
    eventually(lambda: ready(tenant.vectorizer(first))["status"] == "False")
    assert second in ready(tenant.vectorizer(first))["message"]
    run.succeed(DIMENSION)
    tenant.ended(second)
    eventually(lambda: tenant.vectorizer(first) == {})
    started_from = tenant.vectorizer(second)["spec"]["source"].get("startingVectorizerName")
    assert started_from == (first if "startingCustomVectorizerName" in fields else "")
