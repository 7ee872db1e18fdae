"""Videos, sounds and point clouds from the specification's request to vectors; texts are in test_end_to_end.py.

Each content type has an account of its own, since a request names no folder: the whole batch folder is trained on.
"""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from kubernetes import client
from minio import Minio
from minio.minioadmin import MinioAdmin
from vectorizer_api.artifact import VectorizerDescription
from vectorizer_api.content import ContentType
from vectorizer_api.fine_tune import FineTuneStatus
from vectorizer_api.names import DESCRIPTION_FILE, LABELS_FILE, MODEL_FOLDER, REPORT_FILE, published_prefix
from vectorizer_dev.datasets import point_cloud, sound, video
from vectorizer_dev.platform import Platform
from vectorizer_dev.tenant import Tenant, make_tenant
from vectorizer_trainer import load_vectorizer
from vectorizer_trainer.bases import ensure_base
from vectorizer_trainer.report import parse_report

EXAMPLES = 60
PATIENCE = 240.0
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(100)


@dataclass(frozen=True)
class Subject:
    """A content type, data of it, and what is asked for."""

    kind: ContentType
    make: Callable[[Path, int, int], None]
    vectorizer: str
    intruder: str
    """A name of the right kind for a picture, which is not of it."""


SUBJECTS = {
    ContentType.VIDEO: Subject(ContentType.VIDEO, video.make, "moving-digits", "picture.mp4"),
    ContentType.SOUND: Subject(ContentType.SOUND, sound.make, "spoken-words", "picture.wav"),
    ContentType.POINT_CLOUD: Subject(ContentType.POINT_CLOUD, point_cloud.make, "shapes", "picture.ply"),
}
EACH = pytest.mark.parametrize("kind", SUBJECTS)


@dataclass(frozen=True)
class Asked:
    """What was asked for in an account, and a file that nothing was trained on."""

    subject: Subject
    tenant: Tenant
    unseen: Path

    def ended(self) -> FineTuneStatus:
        """The status when it is over."""
        return FineTuneStatus.model_validate(self.tenant.ended(self.subject.vectorizer, PATIENCE)["status"])

    def published(self, path: str) -> str:
        """The key of a file of the published vectorizer."""
        run_uid = self.tenant.fine_tune(self.subject.vectorizer)["metadata"]["uid"]
        return f"{published_prefix(self.subject.vectorizer, run_uid)}{path}"


@pytest.fixture(scope="module")
def asked(
    platform: Platform,
    api: client.ApiClient,
    store: Minio,
    store_admin: MinioAdmin,
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[ContentType, Asked]:
    """All of them, each on its way while the data of the next are made."""
    return {
        kind: ask(subject, platform, make_tenant(api, store, store_admin), tmp_path_factory.mktemp(kind))
        for kind, subject in SUBJECTS.items()
    }


def ask(subject: Subject, platform: Platform, tenant: Tenant, folder: Path) -> Asked:
    subject.make(folder, EXAMPLES, 1)
    upload(subject, tenant, folder / "train")
    request = {
        "content_type": subject.kind,
        "custom_vectorizer_name": subject.vectorizer,
        "download_from_batch_cloud_folder": True,
    }
    (folder / "request.json").write_text(json.dumps(request))
    manifest = printed(sys.executable, "-m", "vectorizer_cli", "request", folder / "request.json")
    (folder / "manifest.yaml").write_text(manifest)
    cluster = platform.cluster
    place = (f"--kubeconfig={cluster.kubeconfig}", f"--namespace={tenant.namespace}")
    printed(cluster.tools.kubectl, *place, "apply", f"--filename={folder / 'manifest.yaml'}")
    (unseen,) = (path for path in (folder / "test").iterdir() if path.name != LABELS_FILE)
    return Asked(subject, tenant, unseen)


def upload(subject: Subject, tenant: Tenant, folder: Path) -> None:
    """The folder as it is, and one file more."""
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    labels = json.loads(files[LABELS_FILE])
    labels[subject.intruder] = next(iter(labels.values()))
    for name, body in (files | {subject.intruder: PICTURE, LABELS_FILE: json.dumps(labels).encode()}).items():
        tenant.upload(name, body)


def printed(*command: object) -> str:
    return subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True).stdout


@EACH
@pytest.mark.timeout(PATIENCE + 60)
def test_a_request_becomes_a_ready_vectorizer_of_its_base(asked: dict[ContentType, Asked], kind: ContentType) -> None:
    one = asked[kind]
    status = one.ended()
    assert (status.phase, status.vectorizer) == ("Succeeded", one.subject.vectorizer), status.failure
    made = one.tenant.vectorizer(one.subject.vectorizer)
    said = {item["type"]: item["status"] for item in made["status"]["conditions"]}
    assert said == {"Ready": "True", "ArtifactVerified": "True"}
    base = VectorizerDescription.model_validate_json((ensure_base(kind) / DESCRIPTION_FILE).read_bytes())
    spec = made["spec"]
    assert (spec["contentType"], spec["dimension"], spec["base"]["name"]) == (kind, base.dimension, base.name)


@EACH
@pytest.mark.timeout(PATIENCE + 60)
def test_the_published_vectorizer_is_opened_where_it_lies_and_embeds(
    asked: dict[ContentType, Asked], kind: ContentType, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the account's own user, in three lines of Python."""
    one = asked[kind]
    one.ended()
    account = one.tenant.account
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{platform.cluster.object_store.endpoint}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", account.upload_user)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", account.upload_password or "")
    vectorizer = load_vectorizer(f"s3://{account.models_bucket}/{one.published(MODEL_FOLDER)}")
    vectors = vectorizer.encode([one.unseen])
    assert vectors.shape == (1, one.tenant.vectorizer(one.subject.vectorizer)["spec"]["dimension"])
    assert np.linalg.norm(vectors, axis=1) == pytest.approx([1], abs=1e-5)


@EACH
@pytest.mark.timeout(PATIENCE + 60)
def test_a_picture_among_them_is_named_and_the_others_are_trained_on(
    asked: dict[ContentType, Asked], kind: ContentType, store: Minio
) -> None:
    one = asked[kind]
    dataset = one.ended().dataset
    assert dataset is not None
    assert (dataset.examples, dataset.selected) == (EXAMPLES + 1, EXAMPLES)
    words = f"not a {kind.lower().replace('_', ' ')}"
    assert [(file.name, words in file.reason) for file in dataset.rejected_files] == [(one.subject.intruder, True)]
    page = store.get_object(bucket_name=one.tenant.account.models_bucket, object_name=one.published(REPORT_FILE))
    with page as answer:
        assert parse_report(answer.read()).rejected_files == dataset.rejected_files
