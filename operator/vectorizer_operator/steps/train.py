"""Train: one attempt of the train Job."""

import re

from vectorizer_api.conditions import Reason
from vectorizer_api.fine_tune import Attempts

from vectorizer_operator import attempts
from vectorizer_operator.errors import Denied, Waiting
from vectorizer_operator.jobs import AttemptPlan
from vectorizer_operator.kube import JOBS
from vectorizer_operator.observe import Observed
from vectorizer_operator.records import Record
from vectorizer_operator.services import Services
from vectorizer_operator.storage import StorageUnavailable

_QUOTA = re.compile(r"exceeded quota: ([^,\s]+)")
"""How the API server words it; it has no code of its own. What follows the quota's name changes with its use."""


async def train(seen: Observed, record: Record, tried: Attempts, services: Services) -> None:
    """Start the attempt `tried.current`, which may run for what the ones before it have left.

    Raises:
        Refused: where something foreign has the name of one of its children.
        Waiting: where the granted profile has gone, the API server does not let the Job be, or no credentials can be
            minted.

    """
    profile = services.profiles.get(record.granted.profile)
    if profile is None:
        raise Waiting(Reason.PROFILE_MISSING, f"The profile {record.granted.profile} is gone.")
    left = record.granted.max_duration_seconds - tried.seconds
    plan = AttemptPlan(seen.fine_tune, record.granted, profile, tried.current, left, services.settings)
    try:
        job = await attempts.start(plan, services.kube, services.storage)
    except Denied as error:  # Such as a quota, or a namespace without the operator's RoleBinding.
        raise held(error) from error
    except StorageUnavailable as error:
        raise Waiting(Reason.STORAGE_UNREACHABLE, f"The storage gives no credentials: {error}") from error
    services.known.update(JOBS, job)


def held(error: Denied) -> Waiting:
    """What keeps the Job from being, in words that stay the same while it does."""
    if (quota := _QUOTA.search(str(error))) is not None:
        return Waiting(Reason.QUOTA_EXCEEDED, f"The quota {quota[1]} of the account's namespace is used up.")
    return Waiting(Reason.WAITING, f"The cluster does not let the run's Job be: {error}")
