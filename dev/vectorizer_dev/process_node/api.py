"""The few calls that a node makes to the API server, as plain REST."""

import asyncio
import base64
import json
import logging
import ssl
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
import yaml

logger = logging.getLogger(__name__)

RETRY_DELAY = 0.5
"""Seconds between two tries to reach an API server that does not answer."""
WATCH_SECONDS = 60
"""A watch is renewed this often, so that one that fell silent cannot last."""
REQUEST_TIMEOUT = 30.0
STRATEGIC_MERGE = "application/strategic-merge-patch+json"

Json = dict[str, Any]
Answer = TypeVar("Answer")


class ApiError(RuntimeError):
    """The API server answered with an error."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}: {message}")
        self.status = status

    @property
    def is_passing(self) -> bool:
        """Tell whether the same request may succeed later."""
        return self.status == 429 or self.status >= 500


@dataclass(frozen=True)
class Change:
    """An object as it is now, or as it was last seen before it went."""

    item: Json
    is_gone: bool


class KubernetesApi:
    """A client with the identity of one kubeconfig."""

    def __init__(self, session: aiohttp.ClientSession, server: str) -> None:
        self._session = session
        self.server = server

    async def get(self, path: str, parameters: Mapping[str, str] | None = None) -> Json:
        """Read an object or a list."""
        return await self._call("GET", path, parameters=parameters)

    async def create(self, path: str, body: Json) -> Json:
        """Create an object in the collection at `path`."""
        return await self._call("POST", path, body=body)

    async def patch(self, path: str, body: Json) -> Json:
        """Merge `body` into an object, lists of conditions by their type."""
        return await self._call("PATCH", path, body=body, content_type=STRATEGIC_MERGE)

    async def delete(self, path: str, body: Json) -> Json:
        """Delete an object with DeleteOptions."""
        return await self._call("DELETE", path, body=body)

    async def follow(self, path: str, parameters: Mapping[str, str]) -> AsyncIterator[Change]:
        """Yield each object of a collection, then each change, for ever.

        A watch that breaks is followed by a new list, and what went in the meantime is reported as gone.
        """
        known: dict[str, Json] = {}
        while True:
            try:
                async for change in self._list_and_watch(path, parameters, known):
                    uid = change.item["metadata"]["uid"]
                    if change.is_gone:
                        known.pop(uid, None)
                    else:
                        known[uid] = change.item
                    yield change
            except (ApiError, aiohttp.ClientError, TimeoutError) as error:
                logger.info("watch of %s broke: %s", path, error)
                await asyncio.sleep(RETRY_DELAY)

    async def _list_and_watch(
        self, path: str, parameters: Mapping[str, str], known: Mapping[str, Json]
    ) -> AsyncIterator[Change]:
        listed = await self.get(path, parameters)
        present = {item["metadata"]["uid"] for item in listed["items"]}
        for uid in set(known) - present:
            yield Change(known[uid], is_gone=True)
        for item in listed["items"]:
            yield Change(item, is_gone=False)
        version = listed["metadata"]["resourceVersion"]
        async for event in self._watch(path, parameters, version):
            yield Change(event["object"], is_gone=event["type"] == "DELETED")

    async def _watch(self, path: str, parameters: Mapping[str, str], version: str) -> AsyncIterator[Json]:
        """Yield events until the server ends the watch; lines may be longer than aiohttp's buffer."""
        query = {**parameters, "watch": "true", "resourceVersion": version, "timeoutSeconds": str(WATCH_SECONDS)}
        timeout = aiohttp.ClientTimeout(sock_read=WATCH_SECONDS + 10)
        async with self._session.get(path, params=query, timeout=timeout) as response:
            await _raise_for_error(response)
            buffer = b""
            async for piece in response.content.iter_any():
                *lines, buffer = (buffer + piece).split(b"\n")
                for line in lines:
                    yield _checked(json.loads(line))

    async def _call(
        self,
        method: str,
        path: str,
        *,
        body: Json | None = None,
        parameters: Mapping[str, str] | None = None,
        content_type: str = "application/json",
    ) -> Json:
        data = None if body is None else json.dumps(body)
        headers = {"Content-Type": content_type}
        async with self._session.request(method, path, data=data, params=parameters, headers=headers) as response:
            await _raise_for_error(response)
            answer: Json = await response.json()
            return answer


async def persistently(call: Callable[[], Awaitable[Answer]]) -> Answer:
    """Repeat a call until the API server answers it.

    Raises ApiError where the answer is an error that will not pass.
    """
    while True:
        try:
            return await call()
        except (aiohttp.ClientError, TimeoutError) as error:
            logger.info("no answer from the API server: %s", error)
        except ApiError as error:
            if not error.is_passing:
                raise
            logger.info("the API server is not able now: %s", error)
        await asyncio.sleep(RETRY_DELAY)


@dataclass(frozen=True)
class Login:
    """Server and identity that a kubeconfig names."""

    server: str
    tls: ssl.SSLContext


def login(kubeconfig: Path) -> Login:
    """Read a kubeconfig with an embedded authority and an embedded client certificate."""
    document = yaml.safe_load(kubeconfig.read_text())
    cluster, user = document["clusters"][0]["cluster"], document["users"][0]["user"]
    return Login(cluster["server"], _tls(cluster["certificate-authority-data"], user))


@asynccontextmanager
async def connect(as_whom: Login) -> AsyncIterator[KubernetesApi]:
    """Open a client."""
    connector = aiohttp.TCPConnector(ssl=as_whom.tls)
    timeout = aiohttp.ClientTimeout(total=REQUEST_TIMEOUT)
    async with aiohttp.ClientSession(base_url=as_whom.server, connector=connector, timeout=timeout) as session:
        yield KubernetesApi(session, as_whom.server)


def _tls(authority: str, user: Mapping[str, str]) -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=base64.b64decode(authority).decode())
    # The standard library reads client certificates from files only.
    with tempfile.NamedTemporaryFile() as pem:
        for part in ("client-certificate-data", "client-key-data"):
            pem.write(base64.b64decode(user[part]))
        pem.flush()
        context.load_cert_chain(pem.name)
    return context


def _checked(event: Json) -> Json:
    if event["type"] == "ERROR":
        raise ApiError(event["object"].get("code", 500), event["object"].get("message", ""))
    return event


async def _raise_for_error(response: aiohttp.ClientResponse) -> None:
    if not response.ok:
        raise ApiError(response.status, (await response.text())[:500])
