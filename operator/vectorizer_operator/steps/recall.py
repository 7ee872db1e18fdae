"""Recall: whether this very request was answered before, under the same object name."""

from datetime import datetime

from vectorizer_api.conditions import Reason
from vectorizer_api.custom_vectorizer import CustomVectorizer
from vectorizer_api.fine_tune import FineTuneStatus
from vectorizer_api.names import RERUN_LABEL
from vectorizer_api.run import Failure

from vectorizer_operator import status, vectorizers
from vectorizer_operator.accounts import refuse_second_claim
from vectorizer_operator.errors import Refused
from vectorizer_operator.observe import Observed
from vectorizer_operator.records import Record, spec_digest
from vectorizer_operator.services import Services

AGAIN = (
    f"To run it again, apply it under a new object name, or delete it and apply it with the label {RERUN_LABEL} "
    "set to a value that was not used before."
)
_REMARK = f"(Taken over from the earlier run of this request; nothing was run again. {AGAIN})"


async def recall(seen: Observed, services: Services, now: datetime) -> FineTuneStatus | None:
    """The outcome on record, or None where there is none and the request has to be worked on.

    Raises:
        Refused: where the record is not this namespace's to take over, or its name is now another vectorizer's.
        StorageUnavailable: where the object store does not answer.

    """
    record = seen.record
    if record is None or record.ended is None:
        return None
    if record.uid == seen.fine_tune.metadata.uid:
        return status.taken_over(seen.fine_tune, record.ended, "", now)
    if _is_new(seen, record):
        return None
    await refuse_second_claim(seen.account, seen.namespace, services)
    if (name := record.ended.vectorizer) is None:
        return status.taken_over(seen.fine_tune, record.ended, _REMARK, now)
    return await _restore(seen, record, name, services, now)


def rerun_value(seen: Observed) -> str | None:
    """What the object's rerun label says."""
    return seen.fine_tune.metadata.labels.get(RERUN_LABEL)


def _is_new(seen: Observed, record: Record) -> bool:
    asked_again = rerun_value(seen) not in (None, *record.reruns)
    return asked_again or record.spec_digest != spec_digest(seen.fine_tune.spec)


async def _restore(seen: Observed, record: Record, name: str, services: Services, now: datetime) -> FineTuneStatus:
    """Bring the CustomVectorizer object back from the record, where its published files are still there."""
    ended, spec = record.ended or FineTuneStatus(), record.published[name]
    if await vectorizers.read_manifest(seen.account, name, spec.artifact.run_uid, services) is None:
        message = f"The vectorizer {spec.custom_vectorizer_name} was published and its files were deleted since."
        gone = Failure(exit_code=0, reason=Reason.ARTIFACT_DELETED, message=message, hint=AGAIN)
        return status.failed(seen.fine_tune, Reason.ARTIFACT_DELETED, gone, None, None, None, now)
    there = await vectorizers.find(seen.namespace, spec.custom_vectorizer_name, services)
    if there is None:
        there = await vectorizers.create(name, seen.namespace, spec, services)
        await vectorizers.certify(there, services)
    elif CustomVectorizer.model_validate(there).spec.source != spec.source:
        raise Refused(
            Reason.NAME_TAKEN,
            f"The name {spec.custom_vectorizer_name} is now another vectorizer's. Choose another customVectorizerName, "
            "under a new object name.",
        )
    return status.taken_over(seen.fine_tune, ended, _REMARK, now)
