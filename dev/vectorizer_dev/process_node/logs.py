"""What `kubectl logs` asks a node for, over the one path of the kubelet's interface that serves it."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from vectorizer_dev.process_node.pod_life import PodLife
from vectorizer_dev.process_node.status import ADDRESS

LOOK_EVERY = 0.1
"""Seconds between two looks for more in a log that is followed."""
PIECE = 64 * 1024

FindLife = Callable[[str, str], PodLife | None]
"""Takes namespace and name of a pod."""


@dataclass(frozen=True)
class LogEndpoint:
    """Where logs are served, and to holders of which authority's certificates."""

    port: int
    certificate: Path
    key: Path
    client_authority: Path

    def tls(self) -> ssl.SSLContext:
        """Return a context that asks the client for a certificate, as only the API server may read logs."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(self.client_authority))
        context.load_cert_chain(self.certificate, self.key)
        context.verify_mode = ssl.CERT_REQUIRED
        return context


@asynccontextmanager
async def serve_logs(endpoint: LogEndpoint, tls: ssl.SSLContext, find: FindLife) -> AsyncIterator[None]:
    """Serve the logs of the pods that `find` knows while the context is open."""

    async def answer(request: web.Request) -> web.StreamResponse:
        life = find(request.match_info["namespace"], request.match_info["pod"])
        if life is None or not life.log.is_file():
            raise web.HTTPNotFound(text="this container has written nothing yet")
        return await _send(request, life)

    application = web.Application()
    application.router.add_get("/containerLogs/{namespace}/{pod}/{container}", answer)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, ADDRESS, endpoint.port, ssl_context=tls).start()
        yield
    finally:
        await runner.cleanup()


async def _send(request: web.Request, life: PodLife) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/plain"})
    await response.prepare(request)
    follow = request.query.get("follow") == "true"
    offset = _start_of_tail(life.log, request.query.get("tailLines"))
    while True:
        # Asked before the read, so that all that came until the end is read.
        over = not follow or life.is_over
        while piece := _piece(life.log, offset):
            await response.write(piece)
            offset += len(piece)
        if over:
            return response
        await asyncio.sleep(LOOK_EVERY)


def _piece(log: Path, offset: int) -> bytes:
    with log.open("rb") as content:
        content.seek(offset)
        return content.read(PIECE)


def _start_of_tail(log: Path, lines: str | None) -> int:
    """Return the offset at which the last `lines` lines begin."""
    if lines is None:
        return 0
    whole = log.read_bytes()
    tail = whole.splitlines(keepends=True)[-int(lines) :] if int(lines) else []
    return len(whole) - sum(map(len, tail))
