"""Expire: a finished fine-tune is deleted when its time is over. Its record stays, so that nothing runs again."""

from datetime import datetime, timedelta

from vectorizer_operator.kube import FINE_TUNES, Object
from vectorizer_operator.services import Services


async def expire(body: Object, services: Services, now: datetime) -> float | None:
    """Delete it where it is due; the answer is after how many seconds to look again, None where it is to stay."""
    if (due := _expires_at(body)) is None:
        return None
    if now < due:
        return (due - now).total_seconds()
    metadata = body["metadata"]
    await services.kube.delete(FINE_TUNES, metadata["namespace"], metadata["name"], uid=metadata["uid"])
    return None


def _expires_at(body: Object) -> datetime | None:
    """When it is to be deleted; None where it has not ended or is to stay."""
    seconds = body["spec"].get("ttlSecondsAfterFinished")
    ended = (body.get("status") or {}).get("completionTime")
    if seconds is None or ended is None:
        return None
    return datetime.fromisoformat(ended) + timedelta(seconds=seconds)
