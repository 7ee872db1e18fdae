"""Clean up: what an ended run leaves behind and nobody needs."""

import logging

from vectorizer_api.fine_tune import FineTune
from vectorizer_api.names import RUN_UID_LABEL, attempt_name, fetch_name

from vectorizer_operator.errors import Denied
from vectorizer_operator.jobs import belongs_to, owner_uid
from vectorizer_operator.known import is_finished, is_true
from vectorizer_operator.kube import CONFIG_MAPS, FINE_TUNES, JOBS, SECRETS, Object
from vectorizer_operator.observe import attempt_number
from vectorizer_operator.services import Services

log = logging.getLogger(__name__)


async def clean_up(fine_tune: FineTune, services: Services) -> None:
    """Take away the credentials, and the Job where it still runs; a finished Job stays for people to look at."""
    metadata, attempt = fine_tune.metadata, attempt_number(fine_tune)
    services.follower.forget(metadata.uid)
    services.reservations.release(metadata.uid)
    services.turns.release(metadata.uid)
    was_started = fine_tune.status is not None and fine_tune.status.attempts is not None
    for name in (attempt_name, fetch_name):
        child = name(metadata.name, metadata.uid, attempt)
        job = services.known.get(JOBS, metadata.namespace or "", child)
        if job is not None and belongs_to(job, metadata.uid):
            await _take_away(job, services)
        elif was_started:
            await _take_away_orphans(metadata.namespace or "", child, metadata.uid, services)


async def clean_up_after(gone: Object, services: Services) -> None:
    """Take away what the garbage collector leaves of a deleted run: what somebody has parted from its owner."""
    metadata = gone["metadata"]
    namespace, uid = metadata["namespace"], metadata["uid"]
    attempt = ((gone.get("status") or {}).get("attempts") or {}).get("current")
    try:
        if attempt is not None and not is_finished(gone):
            for name in (attempt_name, fetch_name):
                await services.kube.delete(SECRETS, namespace, name(metadata["name"], uid, attempt))
        await take_away_abandoned(namespace, metadata["name"], services)
    except Denied as error:  # Such as a namespace that goes, and has lost the operator's RoleBinding.
        log.info("%s/%s is gone: %s", namespace, metadata["name"], error)


async def take_away_abandoned(namespace: str, name: str, services: Services) -> None:
    """Delete the Jobs of fine-tunes of this name that are no more, where no owner takes them along."""
    abandoned = [job for job in services.known.jobs_of(namespace, name) if owner_uid(job) is None]
    if not abandoned:
        return
    there = await services.kube.get(FINE_TUNES, namespace, name)  # The watch may be behind that of Jobs.
    for job in abandoned:
        if there is None or not belongs_to(job, there["metadata"]["uid"]):
            metadata = job["metadata"]
            await services.kube.delete(SECRETS, namespace, metadata["name"])
            await services.kube.delete(JOBS, namespace, metadata["name"], uid=metadata["uid"])


async def _take_away(job: Object, services: Services) -> None:
    metadata = job["metadata"]
    await services.kube.delete(SECRETS, metadata["namespace"], metadata["name"])
    if not is_true(job, "Complete") and not is_true(job, "Failed"):
        await services.kube.delete(JOBS, metadata["namespace"], metadata["name"], uid=metadata["uid"])


async def _take_away_orphans(namespace: str, name: str, run_uid: str, services: Services) -> None:
    """What is left where somebody deleted the Job without its dependents."""
    await services.kube.delete(SECRETS, namespace, name)
    there = await services.kube.get(CONFIG_MAPS, namespace, name)
    if there is not None and (there["metadata"].get("labels") or {}).get(RUN_UID_LABEL) == run_uid:
        await services.kube.delete(CONFIG_MAPS, namespace, name, uid=there["metadata"]["uid"])
