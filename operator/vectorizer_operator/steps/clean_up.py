"""Clean up: what an ended run leaves behind and nobody needs."""

from vectorizer_api.fine_tune import FineTune
from vectorizer_api.names import attempt_name, fetch_name

from vectorizer_operator.jobs import owner_uid
from vectorizer_operator.known import is_true
from vectorizer_operator.kube import JOBS, SECRETS
from vectorizer_operator.observe import attempt_number
from vectorizer_operator.services import Services


async def clean_up(fine_tune: FineTune, services: Services) -> None:
    """Take away the credentials, and the Job where it still runs; a finished Job stays for people to look at."""
    metadata, attempt = fine_tune.metadata, attempt_number(fine_tune)
    services.follower.forget(metadata.uid)
    services.reservations.release(metadata.uid)
    services.turns.release(metadata.uid)
    for name in (attempt_name, fetch_name):
        await _take_away(name(metadata.name, metadata.uid, attempt), fine_tune, services)


async def _take_away(name: str, fine_tune: FineTune, services: Services) -> None:
    namespace = fine_tune.metadata.namespace or ""
    job = services.known.get(JOBS, namespace, name)
    if job is None or owner_uid(job) != fine_tune.metadata.uid:
        return
    await services.kube.delete(SECRETS, namespace, name)
    if not is_true(job, "Complete") and not is_true(job, "Failed"):
        await services.kube.delete(JOBS, namespace, name, uid=job["metadata"]["uid"])
