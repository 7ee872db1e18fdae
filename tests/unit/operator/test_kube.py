"""What a list does where the API server does not answer one of its pages."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import ClassVar

import pytest
from kubernetes.aio.client import ApiClient, Configuration
from vectorizer_operator.errors import Unavailable
from vectorizer_operator.kube import PODS, Kube


class Stumbling(BaseHTTPRequestHandler):
    """Has two pages of Pods, and answers the first request for the second one with 429; in `down` it never answers."""

    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        is_second = "continue=" in self.path
        refuses = "/down/" in self.path or (is_second and self.path not in self.asked)
        self.asked.append(self.path)
        pods, following = [{"metadata": {"name": "b" if is_second else "a"}}], {} if is_second else {"continue": "more"}
        body = json.dumps({"items": pods, "metadata": following}).encode()
        self.send_response(429 if refuses else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def address() -> Iterator[str]:
    """The URL of such a server."""
    Stumbling.asked.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Stumbling) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


async def listed(address: str, namespace: str) -> list[str]:
    kube = Kube(ApiClient(Configuration(host=address)), 10, lambda: None)
    try:
        return [item["metadata"]["name"] async for item in kube.items(PODS, namespace)]
    finally:
        await kube.close()


async def test_a_page_that_was_not_answered_is_asked_for_once_more(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vectorizer_operator.kube.PAUSE_SECONDS", 0.0)
    assert await listed(address, "ns") == ["a", "b"]


async def test_a_server_that_never_answers_is_not_asked_a_third_time(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vectorizer_operator.kube.PAUSE_SECONDS", 0.0)
    with pytest.raises(Unavailable, match="429"):
        await listed(address, "down")
    assert len(Stumbling.asked) == 2
