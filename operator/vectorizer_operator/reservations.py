"""What fine-tunes hold from their acceptance to their end: the name of the vectorizer to come, and those they use.

The status and the Job show it, and survive a restart. What this process remembers bridges the moment until they do.
"""

from vectorizer_api.conditions import ConditionType
from vectorizer_api.fine_tune import FineTune
from vectorizer_api.names import attempt_name, fetch_name

from vectorizer_operator.known import Known, is_true
from vectorizer_operator.kube import JOBS, Object


class Reservations:
    """Names and vectorizers that are held."""

    def __init__(self) -> None:
        self._claims: dict[tuple[str, str], str] = {}
        self._beginning: set[str] = set()

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

    def begin(self, uid: str) -> None:
        """Note that this fine-tune is about to use the vectorizers that it names."""
        self._beginning.add(uid)

    def uses_vectorizers(self, fine_tune: Object, known: Known) -> bool:
        """Whether the fine-tune uses the vectorizers that it names, or is about to."""
        return fine_tune["metadata"]["uid"] in self._beginning or _is_at_work(fine_tune, known)

    def release(self, uid: str) -> None:
        """Drop what a fine-tune held that was not accepted, has ended, or is gone."""
        self._beginning.discard(uid)
        for place in [place for place, holder in self._claims.items() if holder == uid]:
            del self._claims[place]


def _is_at_work(fine_tune: Object, known: Known) -> bool:
    """Whether it is accepted: by its status, or by its Job where the operator died between the two."""
    metadata = fine_tune["metadata"]
    jobs = (name(metadata["name"], metadata["uid"], 1) for name in (attempt_name, fetch_name))
    has_job = any(known.get(JOBS, metadata["namespace"], job) is not None for job in jobs)
    return is_true(fine_tune, ConditionType.ACCEPTED) or has_job
