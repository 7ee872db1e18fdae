"""Faults of the object store are worded alike each time, so that a status that repeats them is no news."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import ClassVar

import pytest
from prometheus_client import REGISTRY
from vectorizer_operator.settings import Settings
from vectorizer_operator.storage import Digest, Storage, StorageUnavailable, Stored

CONTENT = b"a vector"


class Failing(BaseHTTPRequestHandler):
    """Answers every request with 503 and a request id of its own, as S3 does."""

    ids = itertools.count()

    def do_GET(self) -> None:
        number = next(self.ids)
        body = (
            "<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message>"
            f"<RequestId>request-{number}</RequestId><HostId>host-{number}</HostId></Error>"
        ).encode()
        self.send_response(503)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Cutting(BaseHTTPRequestHandler):
    """Hangs up in the middle of an object that is read the first time, and of each one below `broken/` always."""

    read: ClassVar[set[str]] = set()

    def do_GET(self) -> None:
        is_cut = "/broken/" in self.path or self.path not in self.read
        self.read.add(self.path)
        self.send_response(200)
        self.send_header("ETag", '"1"')
        self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        self.wfile.write(CONTENT[:4] if is_cut else CONTENT)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """The address of such a server."""
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def failing() -> Iterator[str]:
    """The address of a server that is overloaded."""
    with serving(Failing) as address:
        yield address


@contextmanager
def opened(endpoint: str) -> Iterator[Storage]:
    given = {"S3_ENDPOINT": endpoint, "S3_ACCESS_KEY": "a", "S3_SECRET_KEY": "b", "TRAINER_IMAGE": "i"}
    given |= {"S3_SECURE": "false", "S3_REGION": "us-east-1"}
    storage = Storage(Settings.from_environment({f"VECTORIZER_{name}": value for name, value in given.items()}))
    try:
        yield storage
    finally:
        storage.close()


async def message(endpoint: str) -> str:
    with opened(endpoint) as storage, pytest.raises(StorageUnavailable) as raised:
        await storage.get("bucket", "key", 10)
    return str(raised.value)


@pytest.fixture
def cutting() -> Iterator[Storage]:
    """What reads from a store whose connections break in the middle of an object."""
    with serving(Cutting) as address, opened(address) as storage:
        yield storage


class TestCut:
    async def test_an_object_is_asked_for_once_more(self, cutting: Storage) -> None:
        assert await cutting.get("bucket", "got", 10) == Stored("1", CONTENT)

    async def test_what_is_hashed_is_hashed_from_its_beginning_again(self, cutting: Storage) -> None:
        assert await cutting.digest("bucket", "hashed", 10) == Digest(sha256(CONTENT).hexdigest(), len(CONTENT))

    async def test_half_an_object_is_never_taken_for_the_whole(self, cutting: Storage) -> None:
        for read in (cutting.get, cutting.digest):
            with pytest.raises(StorageUnavailable, match="ProtocolError"):
                await read("bucket", "broken/key", 10)


async def test_an_overloaded_store_is_told_by_its_code_and_without_request_ids(failing: str) -> None:
    first, second = await message(failing), await message(failing)
    assert first == second == "the object store: SlowDown: Please reduce your request rate."


async def test_a_store_that_is_not_there_is_told_alike_each_time() -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Failing) as closed:
        nobody = f"127.0.0.1:{closed.server_port}"
    assert await message(nobody) == await message(nobody) == "the object store: NewConnectionError"


def counted(answer: str) -> float:
    labels = {"operation": "GetObject", "outcome": answer}
    return REGISTRY.get_sample_value("vectorizer_storage_requests_total", labels) or 0.0


async def test_a_request_that_a_store_does_not_serve_is_counted_as_unreachable(failing: str) -> None:
    before, refused = counted("unreachable"), counted("refused")
    await message(failing)
    assert (counted("unreachable"), counted("refused")) == (before + 1, refused)
