"""The API server from the event loop, with as little work of this process as can be: its times are measured here."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import aiohttp

__all__ = ["Access", "ApiServer", "Body", "RefusedError"]

Body = dict[str, Any]
_CONFLICT_FREE = 300
_NOT_FOUND = 404
_PAUSE = 1.0
"""Seconds before a list that was refused is asked for again."""
_PAGE_BYTES = 2**20


class RefusedError(Exception):
    """The API server answered otherwise than by doing what it was asked."""


@dataclass(frozen=True)
class Access:
    """Where the API server is, and the files by which an administrator logs in."""

    url: str
    authority: Path
    certificate: Path
    key: Path

    def tls(self) -> ssl.SSLContext:
        """TLS with the administrator's certificate."""
        context = ssl.create_default_context(cafile=str(self.authority))
        context.load_cert_chain(self.certificate, self.key)
        return context


class ApiServer:
    """Plain objects in, plain objects out."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    @classmethod
    @asynccontextmanager
    async def open(cls, access: Access) -> AsyncIterator[Self]:
        """Connect, and hang up on leaving the context."""
        connector = aiohttp.TCPConnector(ssl=access.tls(), limit=64)
        endless = aiohttp.ClientTimeout(total=None, sock_connect=30)
        async with aiohttp.ClientSession(access.url, connector=connector, timeout=endless) as session:
            yield cls(session)

    async def create(self, path: str, body: Body) -> Body:
        """Create an object in the collection `path`; raises RefusedError."""
        return await self._answer("POST", path, body)

    async def get(self, path: str) -> Body:
        """The object or list at `path`, empty where there is none; raises RefusedError."""
        return await self._answer("GET", path)

    async def merge(self, path: str, patch: Body) -> Body:
        """Merge-patch the object at `path`; empty where there is none; raises RefusedError."""
        return await self._answer("PATCH", path, patch, "application/merge-patch+json")

    async def delete(self, path: str) -> None:
        """Delete the object at `path` with its dependents; nothing happens where it is gone; raises RefusedError."""
        await self._answer("DELETE", path, {"propagationPolicy": "Background"})

    async def follow(self, path: str, **query: str) -> AsyncIterator[tuple[str, Body]]:
        """Every object of a collection, then for ever what happens to them, as pairs of event type and object."""
        while True:
            try:
                listed = await self._answer("GET", path, query=query)
            except RefusedError:  # Its cache of a kind that is new takes a moment.
                await asyncio.sleep(_PAUSE)
                continue
            for item in listed["items"]:
                yield "ADDED", item
            version = listed["metadata"]["resourceVersion"]
            watch = {**query, "watch": "1", "resourceVersion": version}
            async with self._session.get(path, params=watch) as answer:
                async for line in _lines(answer.content):
                    event = json.loads(line)
                    if event["type"] == "ERROR":
                        break
                    yield event["type"], event["object"]

    async def _answer(
        self,
        method: str,
        path: str,
        body: Body | None = None,
        content: str = "application/json",
        query: Mapping[str, str] | None = None,
    ) -> Body:
        data = None if body is None else json.dumps(body)
        headers = {"Content-Type": content}
        async with asyncio.timeout(120):
            async with self._session.request(method, path, data=data, headers=headers, params=query) as answer:
                said = await answer.read()
        if answer.status < _CONFLICT_FREE:
            found: Body = json.loads(said)
            return found
        if answer.status == _NOT_FOUND and method != "POST":
            return {}
        raise RefusedError(f"{method} {path}: {answer.status} {said[:500].decode(errors='replace')}")


async def _lines(stream: aiohttp.StreamReader) -> AsyncIterator[bytes]:
    """Lines of any length: an object may be longer than aiohttp reads at once."""
    rest = b""
    async for chunk in stream.iter_chunked(_PAGE_BYTES):
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            yield line
