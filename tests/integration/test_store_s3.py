"""A bucket as a store: what it refuses, and the faults that it survives."""

import hashlib
import io
import random
import select
import socket
import threading
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from minio import Minio
from vectorizer_api.run import S3Endpoint
from vectorizer_dev.cluster import DevelopmentCluster
from vectorizer_trainer.errors import InputChanged, StorageError
from vectorizer_trainer.store import S3Store, open_store

BUFFER = 64 * 1024


class Cutter:
    """A TCP proxy that closes its first connections after so many bytes of answer."""

    def __init__(self, target: str, connections: int, after: int) -> None:
        host, port = target.split(":")
        self._target = (host, int(port))
        self._left = connections
        self._after = after
        self.cut = 0
        self._server = socket.create_server(("127.0.0.1", 0))
        self.endpoint = f"127.0.0.1:{self._server.getsockname()[1]}"
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def close(self) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            self._left -= 1
            allowed = self._after if self._left >= 0 else None
            self._threads.append(threading.Thread(target=self._forward, args=(connection, allowed)))
            self._threads[-1].start()

    def _forward(self, client: socket.socket, allowed: int | None) -> None:
        with client, socket.create_connection(self._target) as server:
            answered = 0
            while True:
                for source in select.select([client, server], [], [])[0]:
                    data = source.recv(BUFFER)
                    if not data:
                        return
                    if source is client:
                        server.sendall(data)
                        continue
                    answered += len(data)
                    client.sendall(data)
                    if allowed is not None and answered >= allowed:
                        self.cut += 1
                        return


@pytest.fixture
def bucket(store: Minio) -> str:
    name = f"store-{uuid.uuid4().hex[:8]}"
    store.make_bucket(bucket_name=name)
    return name


@pytest.fixture
def credentials(cluster: DevelopmentCluster, tmp_path: Path) -> Path:
    folder = tmp_path / "credentials"
    folder.mkdir()
    (folder / "access_key").write_text(cluster.object_store.root.access_key)
    (folder / "secret_key").write_text(cluster.object_store.root.secret_key + "\n")
    return folder


def opened(endpoint: str, bucket: str, credentials: Path) -> S3Store:
    found = open_store(f"s3://{bucket}/docs/", S3Endpoint(endpoint=endpoint, secure=False), credentials)
    assert isinstance(found, S3Store)
    return replace(found, pauses=(0.01, 0.01, 0.01))


@pytest.fixture
def docs(cluster: DevelopmentCluster, bucket: str, credentials: Path) -> S3Store:
    return opened(cluster.object_store.endpoint, bucket, credentials)


def put(store: Minio, bucket: str, key: str, content: bytes) -> None:
    store.put_object(bucket_name=bucket, object_name=key, data=io.BytesIO(content), length=len(content))


def test_only_files_below_the_prefix_are_listed_and_folder_markers_are_not(
    store: Minio, bucket: str, docs: S3Store
) -> None:
    for key in ("docs/b.txt", "docs/a/é x.txt", "docs/a/", "docs2/c.txt", "d.txt"):
        put(store, bucket, key, b"" if key.endswith("/") else b"12345")
    assert [(entry.key, entry.size) for entry in docs.entries(10)] == [("a/é x.txt", 5), ("b.txt", 5)]
    assert len(docs.entries(1)) == 1


def test_what_was_written_is_read_back(docs: S3Store, tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(random.Random(0).randbytes(12 * 1024**2))
    docs.upload("model/large", tmp_path / "large")
    docs.put("report.json", b"{}")
    large, _ = docs.entries(10)
    assert docs.fetch(large, tmp_path / "copy") == hashlib.sha256((tmp_path / "large").read_bytes()).hexdigest()
    assert (tmp_path / "copy").read_bytes() == (tmp_path / "large").read_bytes()
    assert docs.read("report.json", 1) == b"{"


def test_a_browser_is_told_to_show_a_report_and_to_save_a_model(
    store: Minio, bucket: str, docs: S3Store, tmp_path: Path
) -> None:
    for name in ("report.html", "report.json", "model.safetensors"):
        (tmp_path / name).write_bytes(b"{}")
        docs.upload(name, tmp_path / name)
    found = [store.stat_object(bucket, f"docs/{entry.key}").content_type for entry in docs.entries(10)]
    assert found == ["application/octet-stream", "text/html; charset=utf-8", "application/json"]


def test_an_empty_object_is_fetched(docs: S3Store, tmp_path: Path) -> None:
    docs.put("empty", b"")
    assert docs.fetch(docs.entries(1)[0], tmp_path / "copy") == hashlib.sha256(b"").hexdigest()


def test_an_object_replaced_after_the_listing_is_refused(docs: S3Store, tmp_path: Path) -> None:
    docs.put("a.txt", b"before")
    entry = docs.entries(1)[0]
    docs.put("a.txt", b"after!")
    with pytest.raises(InputChanged, match=r"a\.txt"):
        docs.fetch(entry, tmp_path / "copy")


def test_an_object_deleted_after_the_listing_is_refused(
    store: Minio, bucket: str, docs: S3Store, tmp_path: Path
) -> None:
    docs.put("a.txt", b"before")
    entry = docs.entries(1)[0]
    store.remove_object(bucket_name=bucket, object_name="docs/a.txt")
    with pytest.raises(InputChanged, match=r"a\.txt"):
        docs.fetch(entry, tmp_path / "copy")


def test_a_bucket_that_is_not_there_is_named(cluster: DevelopmentCluster, credentials: Path) -> None:
    with pytest.raises(StorageError, match="Listing s3://absent-bucket/docs/ failed: NoSuchBucket"):
        opened(cluster.object_store.endpoint, "absent-bucket", credentials).entries(1)


@pytest.fixture
def content(store: Minio, bucket: str) -> bytes:
    content = random.Random(0).randbytes(8 * 1024**2)
    put(store, bucket, "docs/large.bin", content)
    return content


@pytest.fixture
def cutter(cluster: DevelopmentCluster, request: pytest.FixtureRequest) -> Iterator[Cutter]:
    proxy = Cutter(cluster.object_store.endpoint, connections=request.param, after=3 * 1024**2)
    yield proxy
    proxy.close()


@pytest.mark.parametrize("cutter", [2], indirect=True)
def test_a_connection_cut_in_the_middle_of_an_object_goes_on_where_it_broke(
    cutter: Cutter, docs: S3Store, bucket: str, credentials: Path, content: bytes, tmp_path: Path
) -> None:
    entry = docs.entries(1)[0]
    digest = opened(cutter.endpoint, bucket, credentials).fetch(entry, tmp_path / "copy")
    assert cutter.cut == 2
    assert digest == hashlib.sha256(content).hexdigest()
    assert (tmp_path / "copy").read_bytes() == content


@pytest.mark.parametrize("cutter", [100], indirect=True)
def test_a_connection_that_breaks_again_and_again_is_given_up(
    cutter: Cutter, docs: S3Store, bucket: str, credentials: Path, content: bytes, tmp_path: Path
) -> None:
    entry = docs.entries(1)[0]
    with pytest.raises(StorageError, match=r"Downloading s3://.*/docs/large\.bin failed"):
        replace(opened(cutter.endpoint, bucket, credentials), pauses=(0.01,)).fetch(entry, tmp_path / "copy")
    assert cutter.cut == 2
