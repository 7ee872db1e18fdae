"""The whole story on real parts: files uploaded, one object applied, the real trainer, a vectorizer that embeds."""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from kubernetes import client
from minio import Minio
from minio.minioadmin import MinioAdmin
from vectorizer_api import API_VERSION, GROUP, VERSION
from vectorizer_api.custom_vectorizer import CustomVectorizer
from vectorizer_api.fine_tune import FineTune, FineTuneStatus
from vectorizer_api.names import LABELS_FILE, REPORT_PAGE
from vectorizer_api.run import Outcome, RunManifest
from vectorizer_dev.accounts import Account, create_account
from vectorizer_dev.datasets import text
from vectorizer_dev.demo.download import download_folder
from vectorizer_dev.object_store import S3Account
from vectorizer_dev.platform import Platform
from vectorizer_dev.tenant import Tenant, make_tenant
from vectorizer_dev.waiting import eventually

EXAMPLES = 90
PATIENCE = 240.0
FOLDER = "docstrings"


@pytest.fixture(scope="module")
def account(platform: Platform, api: client.ApiClient, store: Minio, store_admin: MinioAdmin) -> Account:
    return create_account(f"t-{uuid.uuid4().hex[:8]}", api=api, store=store, admin=store_admin)


@pytest.fixture(scope="module")
def uploaded(account: Account, store: Minio, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small real data set in the account's batch bucket, with one text missing and one file too many."""
    folder = tmp_path_factory.mktemp("docstrings")
    text.make(folder, train=EXAMPLES, test=1)
    train = folder / "train"
    labels = json.loads((train / LABELS_FILE).read_text())
    (train / min(labels)).unlink()
    (train / "unlabelled.txt").write_text("Nobody said what this is.")
    for path in train.iterdir():
        store.fput_object(bucket_name=account.batch_bucket, object_name=f"{FOLDER}/{path.name}", file_path=str(path))
    return train


@pytest.fixture(scope="module")
def objects(api: client.ApiClient) -> client.CustomObjectsApi:
    return client.CustomObjectsApi(api)


@pytest.fixture(scope="module")
def followed(account: Account, uploaded: Path, objects: client.CustomObjectsApi) -> list[FineTune]:
    """The fine-tune at each change that a person watching it would have seen, the last one ended."""
    body = {
        "apiVersion": API_VERSION,
        "kind": "VectorizerFineTune",
        "metadata": {"name": "docstrings", "namespace": account.namespace},
        "spec": {
            "contentType": "Text",
            "customVectorizerName": "Our docstrings",
            "downloadFromBatchCloudFolder": True,
            "batchFolder": FOLDER,
        },
    }
    objects.create_namespaced_custom_object(GROUP, VERSION, account.namespace, "vectorizerfinetunes", body)
    seen: list[FineTune] = []

    def look() -> bool:
        found = objects.get_namespaced_custom_object(
            GROUP, VERSION, account.namespace, "vectorizerfinetunes", "docstrings"
        )
        fine_tune = FineTune.model_validate(found)
        if not seen or fine_tune != seen[-1]:
            seen.append(fine_tune)
        return fine_tune.status is not None and fine_tune.status.completion_time is not None

    eventually(look, PATIENCE)
    return seen


@pytest.fixture(scope="module")
def ended(followed: list[FineTune]) -> FineTuneStatus:
    status = followed[-1].status
    assert status is not None
    assert status.failure is None, status.failure
    assert status.vectorizer is not None
    return status


@pytest.mark.timeout(PATIENCE + 60)
def test_it_is_complete_and_ready(ended: FineTuneStatus) -> None:
    said = {item.type: (item.status, item.reason) for item in ended.conditions}
    assert said["Complete"] == ("True", ended.outcome)
    assert said["Ready"] == ("True", ended.outcome)
    assert said["Accepted"] == ("True", "Accepted")
    assert "Failed" not in said


def test_its_progress_was_told_while_it_ran(followed: list[FineTune]) -> None:
    percents = [item.status.progress.percent for item in followed if item.status and item.status.progress]
    assert len(set(percents)) >= 3
    assert percents == sorted(percents)
    assert percents[-1] == 100
    phases = [item.status.phase for item in followed if item.status]
    assert phases[-1] == "Succeeded"
    assert {"Preparing", "Training"} & set(phases)


def test_the_data_set_is_told_with_what_is_wrong_with_it(ended: FineTuneStatus, uploaded: Path) -> None:
    dataset = ended.dataset
    assert dataset is not None
    assert dataset.examples == EXAMPLES
    assert dataset.selected == EXAMPLES - 1
    missing = set(json.loads((uploaded / LABELS_FILE).read_text())) - {path.name for path in uploaded.iterdir()}
    assert missing <= {item.name for item in dataset.rejected_files}
    told = next(item for item in ended.conditions if item.type == "DatasetReady")
    assert (told.status, told.reason) == ("True", "DatasetWarnings")


def test_the_metrics_are_told_before_and_after(ended: FineTuneStatus) -> None:
    assert ended.metrics is not None
    assert {"NDCG@10", "mAP@100", "kNN label-mAP"} <= {metric.name for metric in ended.metrics}
    for metric in ended.metrics:
        assert 0 <= metric.start <= 1
        assert metric.low <= metric.high
    assert ended.display is not None
    assert ("→" in ended.display.score) == (ended.outcome == Outcome.IMPROVED)


def test_the_vectorizer_is_ready_and_says_where_it_comes_from(
    ended: FineTuneStatus, account: Account, objects: client.CustomObjectsApi, followed: list[FineTune]
) -> None:
    found = objects.get_namespaced_custom_object(
        GROUP, VERSION, account.namespace, "customvectorizers", str(ended.vectorizer)
    )
    vectorizer = CustomVectorizer.model_validate(found)
    assert vectorizer.spec.custom_vectorizer_name == "Our docstrings"
    assert vectorizer.spec.source.fine_tune_uid == followed[-1].metadata.uid
    assert vectorizer.status is not None
    said = {item.type: item.status for item in vectorizer.status.conditions}
    assert said == {"Ready": "True", "ArtifactVerified": "True"}
    assert vectorizer.status.metrics == ended.metrics


def test_the_published_files_are_those_of_the_manifest_and_make_vectors(
    ended: FineTuneStatus, account: Account, platform: Platform, followed: list[FineTune], tmp_path: Path
) -> None:
    from vectorizer_trainer.vectorizer import load_vectorizer

    people = platform.cluster.object_store.client(S3Account(account.upload_user, account.upload_password or ""))
    place = f"vectorizers/{ended.vectorizer}/{followed[-1].metadata.uid}/"
    download_folder(people, account.models_bucket, place, tmp_path)
    manifest = RunManifest.model_validate_json((tmp_path / "manifest.json").read_bytes())
    there = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert there == {*manifest.files, "manifest.json"}
    page = people.stat_object(bucket_name=account.models_bucket, object_name=place + REPORT_PAGE)
    assert page.content_type == "text/html; charset=utf-8"
    text_file = tmp_path / "a.txt"
    text_file.write_text("Compute the discrete Fourier transform.")
    vectors = load_vectorizer(tmp_path / "model").encode([text_file])
    assert vectors.shape == (1, manifest.dimension)


def test_the_batch_bucket_is_as_it_was(ended: FineTuneStatus, account: Account, store: Minio, uploaded: Path) -> None:
    listed = store.list_objects(bucket_name=account.batch_bucket, recursive=True)
    there = {item.object_name: item.size for item in listed}
    assert there == {f"{FOLDER}/{path.name}": path.stat().st_size for path in uploaded.iterdir()}


TEXTS = [f"{index}.txt" for index in range(20)]


@dataclass(frozen=True)
class Refusal:
    """Files of an account that cannot be trained on, and what its people are told."""

    labels: bytes
    files: list[str]
    code: int
    reason: str
    message: str
    hint: str
    spoilt_by: bytes = b""
    """What each file ends with."""


def labelled(labels: Mapping[str, list[str]]) -> bytes:
    return json.dumps(labels).encode()


NAMED = {name: ["even" if index % 2 else "odd"] for index, name in enumerate(TEXTS)}
WRITE_IT_SO = "example_to_labels.json is an object of file names and lists of labels"
MEND = "Correct the files and start a new fine-tuning."


def unreadable(labels: bytes, message: str) -> Refusal:
    return Refusal(labels, TEXTS, 64, "BadInput", f"example_to_labels.json, {message}", WRITE_IT_SO)


def untrainable(labels: Mapping[str, list[str]], message: str, files: list[str] = TEXTS) -> Refusal:
    return Refusal(labelled(labels), files, 64, "BadInput", message, "")


REFUSALS = {
    "not-json": unreadable(b'{"0.txt": ["odd"],\n"1.txt" ["even"]}', "line 2: expected a colon after “1.txt”"),
    "not-an-object": unreadable(b"[]", "line 1: expected an object, found a list"),
    "a-key-twice": unreadable(b'{"a": ["x"],\n"a": ["y"]}', "line 2: “a” is named twice, first in line 1"),
    "no-list": unreadable(b'{"a":\n"x"}', "line 2: the value of “a” must be a list of labels"),
    "an-empty-label": unreadable(b'{"a": [""]}', "line 1: “a” has an empty label"),
    "not-a-number": unreadable(b'{"a": [NaN]}', "line 1: expected a label of “a” in double quotes, found NaN"),
    "deep": unreadable(b'{"a": ' + b"[" * 1000, "line 1: expected a label of “a” in double quotes"),
    "large-labels-file": Refusal(
        b" " * (32 * 1024**2 + 1), TEXTS, 65, "OverLimit", "at most 32.0 MiB are allowed", "Use fewer or smaller files"
    ),
    "too-many-labels": Refusal(
        labelled({name: ["one more", *(f"{index}-{more}" for more in range(5))] for index, name in enumerate(TEXTS)}),
        TEXTS,
        65,
        "OverLimit",
        "There are 101 different labels; at most 100 are allowed.",
        "Merge or drop labels in example_to_labels.json.",
    ),
    "most-files-absent": Refusal(
        labelled(NAMED), TEXTS[:10], 64, "BadInput", "10 of the 20 files named in example_to_labels.json cannot", MEND
    ),
    "not-text": Refusal(
        labelled(NAMED),
        TEXTS,
        64,
        "BadInput",
        "20 of the 20 files named in example_to_labels.json cannot",
        MEND,
        b"\xff",
    ),
    "one-label": untrainable({name: ["x"] for name in TEXTS}, "Only the label “x” is in use"),
    "one-label-set": untrainable({name: ["x", "y"] for name in TEXTS}, "carry the same labels, “x”, “y”"),
    "nine-examples": untrainable(
        {name: NAMED[name] for name in TEXTS[:9]}, "There are 9 usable examples; at least 10 are needed"
    ),
}


@pytest.fixture(scope="module")
def tenant(platform: Platform, api: client.ApiClient, store: Minio, store_admin: MinioAdmin) -> Tenant:
    return make_tenant(api, store, store_admin)


@pytest.fixture(scope="module")
def asked(tenant: Tenant) -> Tenant:
    """All of them at once: the node has room for several, and each ends by itself."""
    for name in REFUSALS:
        for key, body in batch_of(name).items():
            tenant.upload(key, body)
        tenant.ask(name, batchFolder=name, profile="")
    return tenant


def batch_of(name: str) -> dict[str, bytes]:
    refusal = REFUSALS[name]
    texts = {f"{name}/{file}": f"The text of {file}.".encode() + refusal.spoilt_by for file in refusal.files}
    return texts | {f"{name}/{LABELS_FILE}": refusal.labels}


@pytest.mark.parametrize("name", REFUSALS)
def test_files_that_cannot_be_trained_on_end_with_the_reason_and_no_vectorizer(asked: Tenant, name: str) -> None:
    refusal, tenant = REFUSALS[name], asked
    status = tenant.ended(name, timeout=120)["status"]
    failure = status["failure"]
    assert (failure["exitCode"], failure["reason"]) == (refusal.code, refusal.reason)
    assert refusal.message in failure["message"]
    assert refusal.hint in failure["hint"]
    failed = tenant.condition(name, "Failed")
    assert (failed["status"], failed["reason"]) == ("True", refusal.reason)
    assert failed["message"] == f"{failure['message']} {failure['hint']}"
    assert tenant.condition(name, "DatasetReady")["reason"] == "DatasetRefused"
    assert tenant.condition(name, "Complete") == {}
    assert (status["phase"], status.get("vectorizer")) == ("Failed", None)
    assert tenant.vectorizer(name) == {}
    assert tenant.keys("vectorizers/") == []
    assert contents(tenant, f"{name}/") == batch_of(name)


def contents(tenant: Tenant, prefix: str) -> dict[str, bytes]:
    """What lies below the prefix in the batch bucket."""
    bucket = tenant.account.batch_bucket
    found = {}
    for item in tenant.store.list_objects(bucket_name=bucket, prefix=prefix, recursive=True):
        with tenant.store.get_object(bucket_name=bucket, object_name=item.object_name) as answer:
            found[item.object_name] = answer.read()
    return found
