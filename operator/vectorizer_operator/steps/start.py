"""Start: the Job that an attempt needs now, to download or to train."""

import re

from vectorizer_api.conditions import Reason
from vectorizer_api.fine_tune import Attempts
from vectorizer_api.names import FETCH_REPORT_FILE, fetch_name, staged_prefix

from vectorizer_operator import attempts, kueue
from vectorizer_operator.assignments import Assignment, Purpose, to_fetch, to_train
from vectorizer_operator.errors import Denied, Waiting
from vectorizer_operator.jobs import AttemptPlan, belongs_to
from vectorizer_operator.kube import JOBS, Object
from vectorizer_operator.observe import Observed
from vectorizer_operator.records import Record
from vectorizer_operator.services import Services
from vectorizer_operator.storage import StorageUnavailable

_QUOTA = re.compile(r"exceeded quota: ([^,\s]+)")
"""How the API server words it; it has no code of its own. What follows the quota's name changes with its use."""


async def start(seen: Observed, record: Record, tried: Attempts, services: Services) -> Object:
    """Start the attempt `tried.current`: with the download, where there is one to do, else with the training.

    The answer is its Job, which runs now, or waits in its queue.

    Raises:
        Refused: where something foreign has the name of one of its children.
        Waiting: where other runs of the account have their turn, the granted profile has gone, the API server does not
            let the Job be, or no credentials can be minted.

    """
    services.turns.take(seen.fine_tune)
    if record.granted.fetches and not await _is_staged(seen, services):
        assignment = _download(seen, record, tried, services)
    else:
        assignment = _training(seen, record, tried, services)
    return await _begin(seen, record, tried, assignment, services)


async def admit(seen: Observed, record: Record, services: Services) -> None:
    """Let the Pods of a Job run that its queue has admitted, as soon as all of them are there; raises as start."""
    if seen.job is None or not kueue.awaits_credentials(seen.job, seen.pods):
        return
    make = _training if seen.purpose is Purpose.TRAIN else _download
    plan = _plan(seen, record, seen.tried, make(seen, record, seen.tried, services), services)
    try:
        await attempts.admit(plan, seen.job, seen.pods, services.kube, services.storage)
    except StorageUnavailable as error:
        raise _no_credentials(error) from error


async def train(seen: Observed, record: Record, services: Services) -> Object:
    """Go on with the training after the attempt's download; raises as start."""
    return await _begin(seen, record, seen.tried, _training(seen, record, seen.tried, services), services)


async def end_download(seen: Observed, services: Services) -> None:
    """Take away the Job of the attempt's download, credentials included, once that of its training is there."""
    if seen.purpose is not Purpose.TRAIN or seen.job is None:
        return
    metadata = seen.fine_tune.metadata
    name = fetch_name(metadata.name, metadata.uid, seen.attempt_number)
    download = services.known.get(JOBS, seen.namespace, name)
    if download is not None and belongs_to(download, metadata.uid):
        await services.kube.delete(JOBS, seen.namespace, name, uid=download["metadata"]["uid"])


def held(error: Denied) -> Waiting:
    """What keeps the Job from being, in words that stay the same while it does."""
    if (quota := _QUOTA.search(str(error))) is not None:
        return Waiting(Reason.QUOTA_EXCEEDED, f"The quota {quota[1]} of the account's namespace is used up.")
    return Waiting(Reason.WAITING, f"The cluster does not let the run's Job be: {error}")


def _training(seen: Observed, record: Record, tried: Attempts, services: Services) -> Assignment:
    """What the attempts before have left of the run's time is its own."""
    profile = services.profiles.get(record.granted.profile)
    if profile is None:
        raise Waiting(Reason.PROFILE_MISSING, f"The profile {record.granted.profile} is gone.")
    left = record.granted.max_duration_seconds - tried.seconds
    return to_train(seen.fine_tune, record.granted, profile, tried.current, left, services.settings)


def _download(seen: Observed, record: Record, tried: Attempts, services: Services) -> Assignment:
    profile = services.profiles.downloads
    return to_fetch(seen.fine_tune, record.granted, profile, tried.current, services.settings)


def _plan(seen: Observed, record: Record, tried: Attempts, assignment: Assignment, services: Services) -> AttemptPlan:
    return AttemptPlan(seen.fine_tune, record.granted, tried.current, assignment, services.settings)


async def _begin(seen: Observed, record: Record, tried: Attempts, assignment: Assignment, services: Services) -> Object:
    plan = _plan(seen, record, tried, assignment, services)
    try:
        job = await attempts.start(plan, services.kube, services.storage)
    except Denied as error:  # Such as a quota, or a namespace without the operator's RoleBinding.
        raise held(error) from error
    except StorageUnavailable as error:
        raise _no_credentials(error) from error
    services.known.update(JOBS, job)
    return job


def _no_credentials(error: StorageUnavailable) -> Waiting:
    return Waiting(Reason.STORAGE_UNREACHABLE, f"The storage gives no credentials: {error}")


async def _is_staged(seen: Observed, services: Services) -> bool:
    """The report on the URLs is written when all of them were tried."""
    report = f"{staged_prefix(seen.fine_tune.metadata.uid)}{FETCH_REPORT_FILE}"
    return await services.storage.etag(seen.account.models, report) is not None
