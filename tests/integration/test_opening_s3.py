"""A vectorizer is opened from a bucket, as it was put there or not at all."""

import io
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from minio import Minio
from vectorizer_api.content import ContentType
from vectorizer_dev.cluster import DevelopmentCluster
from vectorizer_trainer import load_vectorizer
from vectorizer_trainer.bases import ensure_base
from vectorizer_trainer.errors import InvalidVectorizer, StorageError


@pytest.fixture
def bucket(cluster: DevelopmentCluster, store: Minio, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A bucket with the small base of pictures under `a/b/`, and an environment that reaches it."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{cluster.object_store.endpoint}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", cluster.object_store.root.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", cluster.object_store.root.secret_key)
    name = f"test-{uuid.uuid4().hex[:8]}"
    store.make_bucket(bucket_name=name)
    for path in _files():
        store.fput_object(bucket_name=name, object_name=f"a/b/{path.name}", file_path=str(path))
    yield name
    for path in _files():
        store.remove_object(bucket_name=name, object_name=f"a/b/{path.name}")
    store.remove_bucket(bucket_name=name)


def _files() -> list[Path]:
    return list(ensure_base(ContentType.IMAGE).iterdir())


@pytest.mark.parametrize("ending", ["", "/"])
def test_gives_the_vectors_of_the_folder(bucket: str, ending: str) -> None:
    opened = load_vectorizer(f"s3://{bucket}/a/b{ending}")
    assert opened.digest == load_vectorizer(ensure_base(ContentType.IMAGE)).digest


def test_with_an_altered_file_is_refused(bucket: str, store: Minio) -> None:
    altered = (ensure_base(ContentType.IMAGE) / "vision_tower.json").read_bytes().replace(b"3", b"4", 1)
    name = "a/b/vision_tower.json"
    store.put_object(bucket_name=bucket, object_name=name, data=io.BytesIO(altered), length=len(altered))
    with pytest.raises(InvalidVectorizer, match=r"vision_tower\.json"):
        load_vectorizer(f"s3://{bucket}/a/b")


def test_that_is_not_there_is_named(bucket: str) -> None:
    with pytest.raises(StorageError, match=f"s3://{bucket}/absent/vectorizer.json"):
        load_vectorizer(f"s3://{bucket}/absent")
