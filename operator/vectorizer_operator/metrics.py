"""Figures for Prometheus that are counted as things happen; what is true at the moment is in fleet.py."""

from contextlib import AbstractContextManager

from prometheus_client import Counter, Histogram
from vectorizer_api.conditions import ConditionType, Reason
from vectorizer_api.fine_tune import FineTune, FineTuneStatus

_MINUTES = (1, 5, 15, 30, 60, 120, 240, 480, 720)

_RECONCILES = Histogram("vectorizer_reconcile_seconds", "Time of one reconcile, by kind of object.", ["kind"])
_ERRORS = Counter("vectorizer_reconcile_errors_total", "Reconciles to be repeated, by error.", ["kind", "error"])
_ENDED = Counter("vectorizer_fine_tunes_ended_total", "Fine-tunes that ended, by reason.", ["content_type", "reason"])
_DURATIONS = Histogram(
    "vectorizer_fine_tune_seconds",
    "Time from the acceptance of a fine-tune to its end.",
    ["content_type"],
    buckets=[60 * minutes for minutes in _MINUTES],
)
_GPU_SECONDS = Counter("vectorizer_gpu_seconds_total", "GPU-seconds of ended fine-tunes, by account.", ["account"])
_ATTEMPTS = Counter("vectorizer_attempts_failed_total", "Attempts that ended without a result, by reason.", ["reason"])
_WATCHED = Counter("vectorizer_watch_events_total", "Events that the watch delivered.", ["kind"])
_API_REQUESTS = Counter("vectorizer_api_requests_total", "Requests to the API server, by answer.", ["method", "code"])
_STORAGE_REQUESTS = Counter("vectorizer_storage_requests_total", "Requests to the object store.", ["outcome"])


def timed(kind: str) -> AbstractContextManager[object]:
    """Measure one reconcile."""
    return _RECONCILES.labels(kind).time()


def watched(kind: str) -> None:
    """Count an event of the watch."""
    _WATCHED.labels(kind).inc()


def failed(kind: str, error: Exception) -> None:
    """Count a reconcile that is to be repeated."""
    _ERRORS.labels(kind, type(error).__name__).inc()


def attempt_failed(reason: Reason) -> None:
    """Count an attempt that ended without a result."""
    _ATTEMPTS.labels(reason).inc()


def asked_api(method: str, code: int | None) -> None:
    """Count a request to the API server; None where it did not answer."""
    _API_REQUESTS.labels(method, "none" if code is None else code).inc()


def asked_storage(*, answered: bool) -> None:
    """Count a request to the object store."""
    _STORAGE_REQUESTS.labels("answered" if answered else "failed").inc()


def ended(fine_tune: FineTune, status: FineTuneStatus) -> None:
    """Count a fine-tune that has just ended."""
    final = next(
        item.reason
        for item in status.conditions
        if item.status == "True" and item.type in (ConditionType.COMPLETE, ConditionType.FAILED)
    )
    content_type = fine_tune.spec.content_type
    _ENDED.labels(content_type, final).inc()
    if status.start_time is not None and status.completion_time is not None:
        _DURATIONS.labels(content_type).observe((status.completion_time - status.start_time).total_seconds())
    if status.gpu_seconds:
        _GPU_SECONDS.labels(fine_tune.metadata.namespace or "").inc(status.gpu_seconds)
