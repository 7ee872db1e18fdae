"""The operator's own work: its watch, its queue, its reconciles."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from importlib.metadata import version

from prometheus_client import Counter, Gauge, Histogram, Info

_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)

_OPERATOR = Info("vectorizer_operator", "The operator that runs.")
_WATCHED = Counter("vectorizer_watch_events_total", "Events that the watch delivered, by kind of object.", ["kind"])
_RESYNC = Gauge("vectorizer_last_resync_timestamp_seconds", "When everything was last listed, in Unix time.")
_LEADS = Gauge("vectorizer_operator_leads", "1 where this process does the work, 0 where it stands by.")
_QUEUE_DEPTH = Gauge("vectorizer_work_queue_depth", "Objects that wait for a reconcile.")
_QUEUE_ACTIVE = Gauge("vectorizer_work_queue_active", "Objects that are being reconciled.")
_QUEUE_LONGEST = Gauge(
    "vectorizer_work_queue_longest_wait_seconds", "How long the object that waits the longest for a reconcile waits."
)
_QUEUE_WAITS = Histogram(
    "vectorizer_work_queue_wait_seconds", "Time that an object waited for its reconcile.", buckets=_BUCKETS
)
_RECONCILES = Histogram(
    "vectorizer_reconcile_duration_seconds", "Time of one reconcile, by kind of object.", ["kind"], buckets=_BUCKETS
)
_ERRORS = Counter(
    "vectorizer_reconcile_errors_total",
    "Reconciles that are repeated after an error, by kind of object and class of the error.",
    ["kind", "reason"],
)

_OPERATOR.info({"version": version("vectorizer-operator")})


def watched(kind: str) -> None:
    """Count an event of the watch."""
    _WATCHED.labels(kind).inc()


def resynced() -> None:
    """Note that everything has just been listed."""
    _RESYNC.set(time.time())


def show_leadership(held: Callable[[], bool]) -> None:
    """Have the leadership asked at each scrape."""
    _LEADS.set_function(held)


def show_queue(depth: Callable[[], int], active: Callable[[], int], longest_wait: Callable[[], float]) -> None:
    """Have the queue asked at each scrape; the longest wait is in seconds."""
    _QUEUE_DEPTH.set_function(depth)
    _QUEUE_ACTIVE.set_function(active)
    _QUEUE_LONGEST.set_function(longest_wait)


def taken(waited: float) -> None:
    """Count that an object's reconcile began, after so many seconds in the queue."""
    _QUEUE_WAITS.observe(waited)


def timed(kind: str) -> AbstractContextManager[object]:
    """Measure one reconcile."""
    return _RECONCILES.labels(kind).time()


def expect(kind: str, *errors: type[Exception]) -> None:
    """Have the series of what may go wrong there from the start: a first error is an increase then."""
    _RECONCILES.labels(kind)
    for error in errors:
        _ERRORS.labels(kind, error.__name__)


def failed(kind: str, error: Exception) -> None:
    """Count a reconcile that is to be repeated."""
    _ERRORS.labels(kind, type(error).__name__).inc()
