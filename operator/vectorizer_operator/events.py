"""Kubernetes Events, one for each transition that a person would want to hear of."""

import hashlib
import logging
from datetime import UTC, datetime

from vectorizer_api.conditions import Condition, ConditionType, Reason
from vectorizer_api.fine_tune import FineTune, FineTuneStatus

from vectorizer_operator.errors import Retried
from vectorizer_operator.kube import EVENTS, FIELD_MANAGER, AlreadyExists, Kube, Object

log = logging.getLogger(__name__)

_TOLD = (
    ConditionType.ACCEPTED,
    ConditionType.SUSPENDED,
    ConditionType.QUOTA_RESERVED,
    ConditionType.RUNNING,
    ConditionType.PROGRESS_STALE,
    ConditionType.COMPLETE,
    ConditionType.FAILED,
)
_TOLD_WHEN_TRUE = (ConditionType.QUOTA_RESERVED, ConditionType.RUNNING, ConditionType.PROGRESS_STALE)
_TOLD_IN_ANY_CASE = (Reason.BACK_OFF,)
_MESSAGE_LENGTH = 1_000


def transitions(last: FineTuneStatus, new: FineTuneStatus) -> list[Condition]:
    """The conditions that say something else than before, and that a person is told of."""
    before = {item.type: (item.status, item.reason) for item in last.conditions}
    changed = [item for item in new.conditions if item.type in _TOLD and before.get(item.type) != _said(item)]
    return [item for item in changed if _concerns_people(item)]


def _concerns_people(item: Condition) -> bool:
    return item.type not in _TOLD_WHEN_TRUE or item.status == "True" or item.reason in _TOLD_IN_ANY_CASE


async def post(fine_tune: FineTune, last: FineTuneStatus, new: FineTuneStatus, kube: Kube) -> None:
    """Post an Event for each transition. They are for people: one that cannot be posted is logged, and no more."""
    for item in transitions(last, new):
        try:
            await kube.create(EVENTS, _event(fine_tune, item))
        except AlreadyExists:
            continue
        except Retried as error:
            log.info("no Event: %s", error)


def _said(item: Condition) -> tuple[str, str]:
    return item.status, item.reason


def _event(fine_tune: FineTune, item: Condition) -> Object:
    metadata, now = fine_tune.metadata, datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    # The message tells two waits of one state apart, such as those after the first and after the second attempt.
    identity = f"{metadata.uid}/{item.type}/{item.status}/{item.reason}/{item.last_transition_time}/{item.message}"
    bad = item.type in (ConditionType.FAILED, ConditionType.PROGRESS_STALE) or item.status == "False"
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {
            "name": f"{metadata.name}.{hashlib.sha256(identity.encode()).hexdigest()[:16]}",
            "namespace": metadata.namespace,
        },
        "type": "Warning" if bad else "Normal",
        "reason": item.reason,
        "message": (item.message or f"{item.type} is {item.status}")[:_MESSAGE_LENGTH],
        "involvedObject": {
            "apiVersion": fine_tune.api_version,
            "kind": fine_tune.kind,
            "name": metadata.name,
            "namespace": metadata.namespace,
            "uid": metadata.uid,
        },
        "source": {"component": FIELD_MANAGER},
        "reportingComponent": FIELD_MANAGER,
        "firstTimestamp": now,
        "lastTimestamp": now,
        "count": 1,
    }
