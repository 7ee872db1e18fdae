"""A server between the operator and one of its upstreams, that treats every call as a plan says.

Calls and answers pass as they are: the signature of an S3 call covers the Host header, so that header passes, too.
"""

import asyncio
import ssl
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

import aiohttp
from aiohttp import web
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

T = TypeVar("T")
_OF_ONE_CONNECTION = frozenset({"connection", "keep-alive", "transfer-encoding", "expect"})
_LARGEST_CALL = 64 * 1024**2


class Service(StrEnum):
    """What is called."""

    API = "API server"
    STORE = "object store"


@dataclass(frozen=True)
class Call:
    """A whole request."""

    service: Service
    method: str
    target: str
    """Path and query, encoded as they came."""
    headers: CIMultiDictProxy[str]
    body: bytes
    """Where it is shorter than its header says, the connection breaks off there."""

    @property
    def path(self) -> str:
        """The path, still encoded."""
        return self.target.partition("?")[0]

    @property
    def breaks_off(self) -> bool:
        """Whether not all of the body is there."""
        return len(self.body) < int(self.headers.get("Content-Length", 0))

    @property
    def watches(self) -> bool:
        """Whether the answer is a stream of events."""
        return self.service is Service.API and "watch=true" in self.target


@dataclass(frozen=True)
class Answer:
    """An answer whose body may not have come yet, and may never end."""

    status: int
    headers: CIMultiDict[str]
    chunks: AsyncIterator[bytes]


class HungUp(Exception):  # noqa: N818
    """The connection to the caller is cut, without an answer or in the middle of one."""


Forward = Callable[[Call], Awaitable[Answer]]
Treatment = Callable[[Call, Forward], Awaitable[Answer]]


async def pass_on(call: Call, forward: Forward) -> Answer:
    """Treat the call as a good network does."""
    return await forward(call)


async def body_of(answer: Answer) -> bytes:
    """Read the body to its end."""
    return b"".join([chunk async for chunk in answer.chunks])


async def whole(answer: Answer) -> Answer:
    """The same answer with all of its body here."""
    return answered(answer.status, await body_of(answer), answer.headers)


def answered(status: int, body: bytes = b"", headers: CIMultiDict[str] | None = None) -> Answer:
    """An answer that is here as a whole."""

    async def chunks() -> AsyncIterator[bytes]:
        if body:
            yield body

    return Answer(status, headers if headers is not None else CIMultiDict(), chunks())


class Background:
    """An event loop in a thread of its own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="intermediaries", daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Do it there, and wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def close(self) -> None:
        """End the loop."""
        self.run(_cancel_others())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@contextmanager
def background() -> Iterator[Background]:
    """An event loop until the context is left."""
    opened = Background()
    try:
        yield opened
    finally:
        opened.close()


class Intermediary:
    """Listens on a port of 127.0.0.1 and speaks plain HTTP/1.1 there, whatever the upstream speaks."""

    def __init__(self, service: Service, upstream: str, tls: ssl.SSLContext | None = None) -> None:
        """`upstream` is the URL of a server, without a path."""
        self.treatment: Treatment = pass_on
        """May be changed at any time; a call has the one that was in force when it came."""
        self._service = service
        self._upstream = upstream
        self._tls = tls
        self._port = 0

    @property
    def address(self) -> str:
        """host:port."""
        return f"127.0.0.1:{self._port}"

    async def open(self) -> None:
        """Listen, on a free port."""
        connector = aiohttp.TCPConnector(ssl=self._tls or False, limit=0)
        timeout = aiohttp.ClientTimeout(total=None)
        self._session = aiohttp.ClientSession(connector=connector, timeout=timeout, auto_decompress=False)
        self._runner = web.ServerRunner(
            web.Server(self._serve, handler_cancellation=True, access_log=None), shutdown_timeout=0.1
        )
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self._port = self._runner.addresses[0][1]

    async def close(self) -> None:
        """Hang up and listen no longer."""
        await self._runner.cleanup()
        await self._session.close()

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse()
        try:
            request._client_max_size = _LARGEST_CALL  # noqa: SLF001 - the low-level server has no other way to say it
            call = Call(self._service, request.method, request.raw_path, request.headers, await request.read())
            answer = await self.treatment(call, self._forward)
            response = web.StreamResponse(status=answer.status, headers=answer.headers)
            await response.prepare(request)
            async for chunk in answer.chunks:
                if chunk:
                    await response.write(chunk)
            await response.write_eof()
        except (HungUp, aiohttp.ClientError, OSError, TimeoutError):
            if request.transport is not None:
                request.transport.abort()
        return response

    async def _forward(self, call: Call) -> Answer:
        answer = await self._session.request(
            call.method,
            URL(self._upstream + call.target, encoded=True),
            headers=_passing(call.headers),
            data=_broken_off(call.body) if call.breaks_off else call.body or None,
            skip_auto_headers=("User-Agent", "Content-Type", "Accept", "Accept-Encoding"),
            allow_redirects=False,
        )
        return Answer(answer.status, _passing(answer.headers), _chunks(answer))


async def _cancel_others() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


async def _broken_off(body: bytes) -> AsyncIterator[bytes]:
    yield body
    raise ConnectionResetError


async def _chunks(answer: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    async with answer:
        async for chunk in answer.content.iter_any():
            yield chunk


def _passing(headers: CIMultiDictProxy[str]) -> CIMultiDict[str]:
    return CIMultiDict((name, value) for name, value in headers.items() if name.lower() not in _OF_ONE_CONNECTION)
