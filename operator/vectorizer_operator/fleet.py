"""Figures for Prometheus that are read off what is known whenever they are asked for."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from prometheus_client import REGISTRY
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from vectorizer_api.conditions import ConditionType, Reason
from vectorizer_api.fine_tune import Phase

from vectorizer_operator.known import WATCHED, Known, condition, is_true
from vectorizer_operator.kube import FINE_TUNES, PODS, Object
from vectorizer_operator.profiles import gpus_in

_ENDED = (Phase.SUCCEEDED, Phase.FAILED)
_WAITING = (Phase.WAITING, Phase.QUEUED)
_REASONS_TO_WAIT = (
    Reason.WAITING_FOR_VECTORIZER,
    Reason.NAME_RESERVED,
    Reason.PROFILE_MISSING,
    Reason.STORAGE_UNREACHABLE,
    Reason.QUOTA_EXCEEDED,
    Reason.QUEUED,
    Reason.WAITING,
)


class Fleet(Collector):
    """All fine-tunes at a glance."""

    def __init__(self, known: Known) -> None:
        self._known = known

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """See Collector."""
        fine_tunes = [self._known.get(FINE_TUNES, key.namespace, key.name) for key in self._known.keys(FINE_TUNES)]
        there, now = [body for body in fine_tunes if body is not None], datetime.now(UTC)
        yield self._objects()
        yield _by("phase", "vectorizer_fine_tunes", "Fine-tunes by phase.", _phases(there))
        yield _by("phase", "vectorizer_phase_age_seconds", _PHASE_AGE, _phase_ages(there, now))
        yield _by("reason", "vectorizer_fine_tunes_waiting", "Fine-tunes that wait, by reason.", _waits(there))
        yield self._accounts(there)
        yield self._gpus()
        stale = sum(is_true(body, ConditionType.PROGRESS_STALE) for body in there)
        yield GaugeMetricFamily("vectorizer_fine_tunes_stale", "Runs that tell of no progress any more.", stale)
        silence = max((_silence(body, now) for body in there), default=0.0)
        yield GaugeMetricFamily("vectorizer_progress_age_seconds", _SILENCE, silence)

    def register(self) -> None:
        """Have it asked at each scrape."""
        REGISTRY.register(self)

    def _objects(self) -> GaugeMetricFamily:
        counts = {kind.kind: len(self._known.keys(kind)) for kind in WATCHED}
        return _by("kind", "vectorizer_known_objects", "Objects that the operator knows of, by kind.", counts)

    def _accounts(self, fine_tunes: Sequence[Object]) -> GaugeMetricFamily:
        """An account without unfinished fine-tunes has no series: there may be very many of them."""
        told = "Unfinished fine-tunes by account and phase."
        family = GaugeMetricFamily("vectorizer_account_fine_tunes", told, labels=["account", "phase"])
        unfinished = [body for body in fine_tunes if _phase(body) not in _ENDED]
        counts = Counter((self._known.account(body["metadata"]["namespace"]), _phase(body)) for body in unfinished)
        for labels, count in sorted(counts.items()):
            family.add_metric(labels, count)
        return family

    def _gpus(self) -> GaugeMetricFamily:
        """An account without a Pod that runs has no series."""
        told = "GPUs of the Pods that run, by account."
        pods = [self._known.get(PODS, key.namespace, key.name) for key in self._known.keys(PODS)]
        running = [pod for pod in pods if pod is not None and pod.get("status", {}).get("phase") == "Running"]
        counts: Counter[str] = Counter()
        for pod in running:
            counts[self._known.account(pod["metadata"]["namespace"])] += _gpus_of(pod)
        return _by("account", "vectorizer_account_gpus", told, counts)


_PHASE_AGE = "How long the unfinished fine-tune that is in its phase the longest has been in it, by phase."
_SILENCE = "Seconds since the run that was silent the longest last told of progress."


def _by(label: str, name: str, told: str, values: dict[str, Any]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, told, labels=[label])
    for value, figure in values.items():
        family.add_metric([value], figure)
    return family


def _gpus_of(pod: Object) -> int:
    """What its containers may use."""
    return sum(gpus_in(container.get("resources", {}).get("limits", {})) for container in pod["spec"]["containers"])


def _phases(fine_tunes: Sequence[Object]) -> dict[str, int]:
    return dict.fromkeys(Phase, 0) | Counter(map(_phase, fine_tunes))


def _phase_ages(fine_tunes: Sequence[Object], now: datetime) -> dict[str, float]:
    ages: dict[str, float] = {phase: 0.0 for phase in Phase if phase not in _ENDED}
    for body in fine_tunes:
        since = (body.get("status") or {}).get("lastPhaseTransitionTime")
        if since is not None and (phase := _phase(body)) in ages:
            ages[phase] = max(ages[phase], (now - datetime.fromisoformat(since)).total_seconds())
    return ages


def _waits(fine_tunes: Sequence[Object]) -> dict[str, int]:
    waiting = (body for body in fine_tunes if _phase(body) in _WAITING)
    reasons = (str((condition(body, ConditionType.RECONCILING) or {}).get("reason", "")) for body in waiting)
    return dict.fromkeys(_REASONS_TO_WAIT, 0) | Counter(reasons)


def _phase(body: Object) -> str:
    return str((body.get("status") or {}).get("phase", Phase.PENDING))


def _silence(body: Object, now: datetime) -> float:
    """Seconds since a run's last progress, or else since its process began; 0 for what does not run."""
    running = condition(body, ConditionType.RUNNING) or {}
    if running.get("status") != "True":
        return 0.0
    told = ((body.get("status") or {}).get("progress") or {}).get("lastUpdateTime")
    since = max(datetime.fromisoformat(time) for time in (told, running.get("lastTransitionTime")) if time is not None)
    return max(0.0, (now - since).total_seconds())
