"""Who may give a name to the vectorizer to come: the first fine-tune that is accepted, until it has ended."""

from vectorizer_api.conditions import ConditionType
from vectorizer_api.fine_tune import FineTune
from vectorizer_api.names import attempt_name

from vectorizer_operator.known import Known, is_true
from vectorizer_operator.kube import JOBS, Object


class Reservations:
    """Claims of this process. They bridge the moment until acceptance shows in the status, which survives a restart."""

    def __init__(self) -> None:
        self._claims: dict[tuple[str, str], str] = {}

    def claim(self, fine_tune: FineTune, known: Known) -> str | None:
        """Reserve the name, or give the name of the fine-tune that holds it. Nothing is awaited in between."""
        namespace, uid = fine_tune.metadata.namespace or "", fine_tune.metadata.uid
        place = namespace, fine_tune.spec.custom_vectorizer_name
        for other in known.unfinished(namespace):
            other_uid = other["metadata"]["uid"]
            if other_uid == uid or other["spec"]["customVectorizerName"] != fine_tune.spec.custom_vectorizer_name:
                continue
            if self._claims.get(place) == other_uid or _is_at_work(other, known):
                return str(other["metadata"]["name"])
        self._claims[place] = uid
        return None

    def release(self, namespace: str, name: str, uid: str) -> None:
        """Drop the claim of a fine-tune that has ended."""
        if self._claims.get((namespace, name)) == uid:
            del self._claims[namespace, name]


def _is_at_work(fine_tune: Object, known: Known) -> bool:
    """Whether it is accepted: by its status, or by its Job where the operator died between the two."""
    metadata = fine_tune["metadata"]
    job = attempt_name(metadata["name"], metadata["uid"], 1)
    return is_true(fine_tune, ConditionType.ACCEPTED) or known.get(JOBS, metadata["namespace"], job) is not None
