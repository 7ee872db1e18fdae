"""Figures for Prometheus that are read off what is known whenever they are asked for."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from prometheus_client import REGISTRY
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from vectorizer_api.conditions import ConditionType

from vectorizer_operator.known import Known, is_true
from vectorizer_operator.kube import FINE_TUNES, Object


class Fleet(Collector):
    """All fine-tunes at a glance."""

    def __init__(self, known: Known, queue_length: Callable[[], int]) -> None:
        """Takes what is known, and how many objects wait for a reconcile or are in one."""
        self._known = known
        self._queue_length = queue_length

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """See Collector."""
        queue = "Objects that wait for a reconcile or are in one."
        yield GaugeMetricFamily("vectorizer_queue_length", queue, self._queue_length())
        yield GaugeMetricFamily("vectorizer_objects", "Objects that the operator knows of.", len(self._known))
        fine_tunes = [self._known.get(FINE_TUNES, key.namespace, key.name) for key in self._known.keys(FINE_TUNES)]
        there = [body for body in fine_tunes if body is not None]
        phases = GaugeMetricFamily("vectorizer_fine_tunes", "Fine-tunes by phase.", labels=["phase"])
        for phase, count in sorted(Counter(map(_phase, there)).items()):
            phases.add_metric([phase], count)
        yield phases
        silence = "Seconds since the run that was silent the longest last told of progress."
        yield GaugeMetricFamily("vectorizer_progress_age_seconds", silence, max(map(_silence, there), default=0.0))

    def register(self) -> None:
        """Have it asked at each scrape."""
        REGISTRY.register(self)


def _phase(body: Object) -> str:
    return str((body.get("status") or {}).get("phase", "Pending"))


def _silence(body: Object) -> float:
    """Seconds since a run's last progress; 0 for what does not run."""
    told = ((body.get("status") or {}).get("progress") or {}).get("lastUpdateTime")
    if told is None or not is_true(body, ConditionType.RUNNING):
        return 0.0
    return max(0.0, (datetime.now(UTC) - datetime.fromisoformat(told)).total_seconds())
