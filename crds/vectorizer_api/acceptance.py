"""What speaks against a request among the account's objects: asked by the operator, and by whoever plans ahead."""

from dataclasses import dataclass

from vectorizer_api.conditions import ConditionType, Reason
from vectorizer_api.content import ContentType
from vectorizer_api.custom_vectorizer import CustomVectorizer

__all__ = ["Objection", "against_name", "name_reserved", "usable_vectorizer"]


@dataclass(frozen=True)
class Objection:
    """Why a request is not accepted as the account is now."""

    reason: Reason
    message: str
    is_final: bool
    """Whether the request itself must change; else it waits, and goes on by itself."""


def against_name(name: str, made_by: str | None, fine_tune_uid: str) -> Objection | None:
    """Where the vectorizer that has the name was made by another fine-tune, of the UID `made_by`."""
    if made_by in {None, fine_tune_uid}:
        return None
    return Objection(
        Reason.NAME_TAKEN,
        f"The account has a vectorizer named {name} already, and vectorizers never change. Choose another "
        "customVectorizerName, under a new object name.",
        is_final=True,
    )


def usable_vectorizer(
    role: str, name: str, there: CustomVectorizer | None, wanted: ContentType
) -> CustomVectorizer | Objection:
    """The starting or the sampling vectorizer (`role`), unless it is absent, not ready, or for other content."""
    if there is None or not _is_ready(there):
        state = "is not there yet" if there is None else "is not ready"
        return Objection(Reason.WAITING_FOR_VECTORIZER, f"The {role} vectorizer {name} {state}.", is_final=False)
    if there.spec.content_type is wanted:
        return there
    return Objection(
        Reason.CONTENT_TYPE_MISMATCH,
        f"The {role} vectorizer {there.spec.custom_vectorizer_name} is for {there.spec.content_type}, and the request "
        f"is for {wanted}. Name one for {wanted}, under a new object name.",
        is_final=True,
    )


def name_reserved(name: str, holder: str) -> Objection:
    """Where the fine-tune `holder`, which has not ended, makes the vectorizer that has the name."""
    return Objection(
        Reason.NAME_RESERVED,
        f"The fine-tune {holder} is making a vectorizer named {name}. If it ends without one, this one goes on.",
        is_final=False,
    )


def _is_ready(vectorizer: CustomVectorizer) -> bool:
    conditions = vectorizer.status.conditions if vectorizer.status else []
    ready = any(one.type == ConditionType.READY and one.status == "True" for one in conditions)
    return ready and vectorizer.metadata.deletion_timestamp is None
