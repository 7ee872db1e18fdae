"""Figures for Prometheus, and the small server of /metrics and /healthz."""

from collections.abc import Callable
from contextlib import AbstractContextManager

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, Counter, Gauge, Histogram, generate_latest
from vectorizer_api.conditions import ConditionType
from vectorizer_api.fine_tune import FineTune, FineTuneStatus

_RECONCILES = Histogram("vectorizer_reconcile_seconds", "Time of one reconcile, by kind of object.", ["kind"])
_ERRORS = Counter("vectorizer_reconcile_errors_total", "Reconciles to be repeated, by error.", ["kind", "error"])
_ENDED = Counter("vectorizer_fine_tunes_ended_total", "Fine-tunes that ended, by reason.", ["content_type", "reason"])
_WATCHED = Counter("vectorizer_watch_events_total", "Events that the watch delivered.", ["kind"])
_QUEUE = Gauge("vectorizer_queue_length", "Objects that wait for a reconcile or are in one.")
_OBJECTS = Gauge("vectorizer_objects", "Objects that the operator knows of.")


def timed(kind: str) -> AbstractContextManager[object]:
    """Measure one reconcile."""
    return _RECONCILES.labels(kind).time()


def watched(kind: str) -> None:
    """Count an event of the watch."""
    _WATCHED.labels(kind).inc()


def failed(kind: str, error: Exception) -> None:
    """Count a reconcile that is to be repeated."""
    _ERRORS.labels(kind, type(error).__name__).inc()


def ended(fine_tune: FineTune, status: FineTuneStatus) -> None:
    """Count a fine-tune that has just ended."""
    final = next(
        item.reason
        for item in status.conditions
        if item.status == "True" and item.type in (ConditionType.COMPLETE, ConditionType.FAILED)
    )
    _ENDED.labels(fine_tune.spec.content_type, final).inc()


def measure(queue_length: Callable[[], float], objects: Callable[[], float]) -> None:
    """Have the gauges read these whenever they are asked."""
    _QUEUE.set_function(queue_length)
    _OBJECTS.set_function(objects)


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
