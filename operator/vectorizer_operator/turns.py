"""Whose turn it is: of each account so many runs are under way at once, and the others wait in the order they came."""

import heapq
from datetime import datetime

from vectorizer_api.conditions import ConditionType, Reason
from vectorizer_api.fine_tune import FineTune
from vectorizer_api.names import MAX_RUNS_LABEL, MAX_UNFINISHED_LABEL

from vectorizer_operator.errors import Refused, Waiting
from vectorizer_operator.known import Known, condition
from vectorizer_operator.kube import NAMESPACES, Object
from vectorizer_operator.settings import Settings

_UNDER_WAY = (Reason.QUEUED, Reason.JOB_CREATED, Reason.JOB_RUNNING, Reason.PUBLISHING, Reason.BACK_OFF)


class Turns:
    """The runs that are under way, as their status says; what this process has just begun bridges the moment until."""

    def __init__(self, known: Known, settings: Settings) -> None:
        self._known = known
        self._settings = settings
        self._begun: set[str] = set()

    def take(self, fine_tune: FineTune) -> None:
        """Let the run be under way. Nothing is awaited in between, so that no turn is given twice.

        Raises:
            Waiting: where others are under way, or came before.

        """
        namespace, uid = fine_tune.metadata.namespace or "", fine_tune.metadata.uid
        others = [item for item in self._known.unfinished(namespace) if item["metadata"]["uid"] != uid]
        most = _most_runs(self._known, namespace, self._settings)
        busy = sum(self._is_under_way(item) for item in others)
        before = sum(_waits_for_its_turn(item) and _came_before(item, fine_tune) for item in others)
        if busy + before >= most:
            told = f"At most {most} of the account's runs may be under way at once."
            raise Waiting(Reason.QUOTA_EXCEEDED, f"{told} This one starts when those before it have ended.")
        self._begun.add(uid)

    def refuse_beyond(self, fine_tune: FineTune) -> None:
        """No account fills the cluster with objects that wait.

        Raises:
            Refused: where the account has as many unfinished fine-tunes as it may, all older than this one.

        """
        namespace = fine_tune.metadata.namespace or ""
        most = _most(self._known, namespace, MAX_UNFINISHED_LABEL, self._settings.max_unfinished)
        older = sum(_came_before(item, fine_tune) for item in self._known.unfinished(namespace))
        if older >= most:
            raise Refused(
                Reason.LIMIT_EXCEEDED,
                f"The account has {most} fine-tunes that have not ended, as many as it may have. Apply this one again "
                "under a new object name when some of them have.",
            )

    def release(self, uid: str) -> None:
        """Forget a run that waits, is suspended, has ended, or is gone."""
        self._begun.discard(uid)

    def _is_under_way(self, item: Object) -> bool:
        return item["metadata"]["uid"] in self._begun or _running_reason(item) in _UNDER_WAY


def next_in_line(known: Known, namespace: str, settings: Settings) -> list[Object]:
    """Of the account's fine-tunes that were told to wait for others, those that came first: as many as may run at once.

    Where a run ends, to look at all of them would take the longer the more there are, for each of them.
    """
    waiting = [item for item in known.unfinished(namespace) if _waits_for_its_turn(item)]
    return heapq.nsmallest(_most_runs(known, namespace, settings), waiting, key=_arrival)


def _arrival(item: Object) -> tuple[str, str]:
    """As _came; the API server writes each time alike, so that they sort as they are."""
    return item["metadata"]["creationTimestamp"], item["metadata"]["name"]


def _most_runs(known: Known, namespace: str, settings: Settings) -> int:
    return _most(known, namespace, MAX_RUNS_LABEL, settings.max_runs)


def _most(known: Known, namespace: str, label: str, default: int) -> int:
    """What the platform said of this account; a label that is no number says nothing."""
    body = known.get(NAMESPACES, "", namespace) or {"metadata": {}}
    said = (body["metadata"].get("labels") or {}).get(label, "")
    return int(said) if said.isdecimal() and int(said) > 0 else default


def _waits_for_its_turn(item: Object) -> bool:
    return _running_reason(item) == Reason.QUOTA_EXCEEDED


def _running_reason(item: Object) -> str:
    return str((condition(item, ConditionType.RUNNING) or {}).get("reason", ""))


def _came_before(item: Object, fine_tune: FineTune) -> bool:
    """By the second, and by name among those of one: what was applied at once has an order, too."""
    own = fine_tune.metadata
    return own.creation_timestamp is not None and _came(item) < (own.creation_timestamp, own.name)


def _came(item: Object) -> tuple[datetime, str]:
    return datetime.fromisoformat(item["metadata"]["creationTimestamp"]), item["metadata"]["name"]
