"""The small server of /metrics, /healthz and /readyz."""

from collections.abc import Callable

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

Look = Callable[[], str | None]


async def serve(address: str, ailment: Look, obstacle: Look) -> web.AppRunner:
    """Serve /metrics, and two that answer 200 while nothing is said, else 503 and what is.

    /healthz says by `ailment` what only a new process could mend; /readyz also what by `obstacle` keeps this one from
    its work.
    """

    async def read_metrics(_request: web.Request) -> web.Response:
        return web.Response(body=generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def read_health(_request: web.Request) -> web.Response:
        return _well_unless(ailment())

    async def read_readiness(_request: web.Request) -> web.Response:
        return _well_unless(obstacle() or ailment())

    application = web.Application()
    application.add_routes(
        [
            web.get("/metrics", read_metrics),
            web.get("/healthz", read_health),
            web.get("/readyz", read_readiness),
        ]
    )
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    host, _, port = address.rpartition(":")
    await web.TCPSite(runner, host.strip("[]"), int(port)).start()
    return runner


def _well_unless(said: str | None) -> web.Response:
    return web.Response(status=200 if said is None else 503, text=f"{said or 'ok'}\n")
