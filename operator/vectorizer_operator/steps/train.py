"""Train: one attempt of the train Job."""

from vectorizer_api.conditions import Reason

from vectorizer_operator import attempts
from vectorizer_operator.errors import Denied, Waiting
from vectorizer_operator.jobs import AttemptPlan
from vectorizer_operator.kube import JOBS
from vectorizer_operator.observe import Observed
from vectorizer_operator.records import Record
from vectorizer_operator.services import Services

_QUOTA = "exceeded quota"
"""How the API server words it; it has no code of its own."""


async def train(seen: Observed, record: Record, services: Services) -> None:
    """Start the current attempt.

    Raises:
        Refused: where something foreign has the name of one of its children.
        Waiting: where the granted profile has gone, or the API server does not let the Job be.
        StorageUnavailable: where credentials cannot be minted.

    """
    profile = services.profiles.get(record.granted.profile)
    if profile is None:
        raise Waiting(Reason.PROFILE_MISSING, f"The profile {record.granted.profile} is gone.")
    plan = AttemptPlan(seen.fine_tune, record.granted, profile, seen.attempt_number, services.settings)
    try:
        job = await attempts.start(plan, services.kube, services.storage)
    except Denied as error:  # Such as a quota, or a namespace without the operator's RoleBinding.
        reason = Reason.QUOTA_EXCEEDED if _QUOTA in str(error) else Reason.WAITING
        raise Waiting(reason, f"The cluster does not let the run's Job be: {error}") from error
    services.known.update(JOBS, job)
