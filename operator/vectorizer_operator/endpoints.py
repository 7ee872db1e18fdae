"""The small server of /metrics and /healthz."""

from collections.abc import Callable

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest


async def serve(address: str, ailment: Callable[[], str | None]) -> web.AppRunner:
    """Serve /metrics, and /healthz: 200 while `ailment` is None, else 503 and what it says."""

    async def read_metrics(_request: web.Request) -> web.Response:
        return web.Response(body=generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def read_health(_request: web.Request) -> web.Response:
        said = ailment()
        return web.Response(status=200 if said is None else 503, text=f"{said or 'ok'}\n")

    application = web.Application()
    application.add_routes([web.get("/metrics", read_metrics), web.get("/healthz", read_health)])
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    host, _, port = address.rpartition(":")
    await web.TCPSite(runner, host.strip("[]"), int(port)).start()
    return runner
