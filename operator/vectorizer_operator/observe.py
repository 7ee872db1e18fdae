"""What is: one fine-tune with its account, record, Job, Pods and progress, as one frozen value."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pydantic import ValidationError
from vectorizer_api.conditions import Condition, ConditionType, Reason
from vectorizer_api.fine_tune import Attempts, FineTune, FineTuneStatus
from vectorizer_api.names import PROGRESS_FILE, attempt_name, attempt_prefix, fetch_name, staged_prefix
from vectorizer_api.run import RunProgress

from vectorizer_operator import attempts
from vectorizer_operator.accounts import Account, account_of
from vectorizer_operator.assignments import Purpose
from vectorizer_operator.attempts import Attempt, State
from vectorizer_operator.errors import Unreadable
from vectorizer_operator.jobs import belongs_to, owner_uid
from vectorizer_operator.known import is_finished
from vectorizer_operator.kube import JOBS, Object
from vectorizer_operator.records import Record
from vectorizer_operator.services import Services

FIRST_ATTEMPT = 1


@dataclass(frozen=True)
class Observed:
    """Everything that one reconcile decides on."""

    fine_tune: FineTune
    account: Account
    record: Record | None
    """What is on record under the object's name, perhaps of an earlier object."""
    purpose: Purpose
    """What the current attempt's Job is for, or would be."""
    job: Object | None
    pods: Sequence[Object]
    attempt: Attempt
    progress: RunProgress | None

    @property
    def namespace(self) -> str:
        """The account's namespace."""
        return self.fine_tune.metadata.namespace or ""

    @property
    def status(self) -> FineTuneStatus:
        """What was said last."""
        return self.fine_tune.status or FineTuneStatus()

    @property
    def own_record(self) -> Record | None:
        """The record, where it is this very object's: then it was accepted."""
        return self.record if self.record is not None and self.record.uid == self.fine_tune.metadata.uid else None

    @property
    def accepted_record(self) -> Record | None:
        """The own record, where the status or the Job shows the acceptance: only they hold the name and the start."""
        return self.own_record if self.job is not None or is_accepted(self.fine_tune) else None

    @property
    def attempt_number(self) -> int:
        """Which attempt is the current one."""
        return attempt_number(self.fine_tune)

    @property
    def was_started(self) -> bool:
        """Whether a Job was said to have been created."""
        return self.status.attempts is not None

    @property
    def tried(self) -> Attempts:
        """What was said of the attempts so far; before the first, that it will be the current one."""
        return self.status.attempts or Attempts(current=FIRST_ATTEMPT)

    @property
    def was_admitted(self) -> bool:
        """Whether the current attempt was said to be admitted by its queue."""
        reserved = self.condition(ConditionType.QUOTA_RESERVED)
        return reserved is not None and reserved.status == "True"

    @property
    def is_running(self) -> bool:
        """Whether the process was said to run."""
        running = self.condition(ConditionType.RUNNING)
        return running is not None and running.status == "True"

    @property
    def awaits_another_attempt(self) -> bool:
        """Whether the current attempt was said to have ended, and another one to follow: whatever that waits for."""
        running = self.condition(ConditionType.RUNNING)
        backs_off = running is not None and running.reason == Reason.BACK_OFF
        return backs_off or (self.was_started and self.tried.ended == self.tried.current)

    @property
    def is_suspended(self) -> bool:
        """Whether it was said to be suspended."""
        suspended = self.condition(ConditionType.SUSPENDED)
        return suspended is not None and suspended.status == "True"

    def condition(self, type_: ConditionType) -> Condition | None:
        """The condition of that type, as said last."""
        return next((item for item in self.status.conditions if item.type == type_), None)


def parse(body: Object) -> FineTune:
    """The object as a model.

    Raises:
        Unreadable: where it does not follow the schema that this operator knows.

    """
    try:
        return FineTune.model_validate(body)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(map(str, found["loc"]))
        raise Unreadable(
            f"The object cannot be read: {field}: {found['msg']}. Apply the request again under a new object name, "
            "mended."
        ) from error


def attempt_number(fine_tune: FineTune) -> int:
    """Which attempt is the current one, or will be the first."""
    said = fine_tune.status.attempts if fine_tune.status is not None else None
    return said.current if said is not None else FIRST_ATTEMPT


def is_accepted(fine_tune: FineTune) -> bool:
    """Whether it was said to be accepted."""
    said = fine_tune.status.conditions if fine_tune.status is not None else []
    return any(item.type == ConditionType.ACCEPTED and item.status == "True" for item in said)


def unfinished(body: Object) -> bool:
    """Whether there is anything left to do: also to tell of a change to what has ended."""
    metadata, status = body["metadata"], body.get("status") or {}
    changed = metadata.get("generation") != status.get("observedGeneration")
    return "deletionTimestamp" not in metadata and (changed or not is_finished(body))


async def observe(fine_tune: FineTune, services: Services) -> Observed:
    """Look at everything that belongs to a fine-tune.

    Raises:
        Refused: where the namespace is no account.
        StorageUnavailable: where the record cannot be read.

    """
    account = await account_of(fine_tune.metadata.namespace or "", services)
    record = await services.records.get(account.models, fine_tune.metadata.name)
    purpose, job = await _job(fine_tune, record, services)
    pods = _pods(fine_tune, job, services) if job is not None else []
    attempt = _attempt(fine_tune, job, pods)
    progress = await _progress(fine_tune, account, purpose, attempt, services)
    return Observed(fine_tune, account, record, purpose, job, pods, attempt, progress)


def _pods(fine_tune: FineTune, job: Object, services: Services) -> list[Object]:
    return pods_of(job, services.known.pods(fine_tune.metadata.namespace or "", fine_tune.metadata.uid))


def pods_of(job: Object, pods: Iterable[Object]) -> list[Object]:
    """Those of this Job among the Pods of a run, which stay a while for people to look at."""
    return [pod for pod in pods if owner_uid(pod) == job["metadata"]["uid"]]


async def _job(fine_tune: FineTune, record: Record | None, services: Services) -> tuple[Purpose, Object | None]:
    """The current attempt's Job: that of the training, else that of the download before it."""
    if record is None or record.uid != fine_tune.metadata.uid:
        return Purpose.TRAIN, None
    metadata, attempt = fine_tune.metadata, attempt_number(fine_tune)
    names = {Purpose.TRAIN: attempt_name(metadata.name, metadata.uid, attempt)}
    if record.granted.fetches:
        names[Purpose.FETCH] = fetch_name(metadata.name, metadata.uid, attempt)
    for purpose, name in names.items():
        known = services.known.get(JOBS, metadata.namespace or "", name)
        if known is not None and belongs_to(known, metadata.uid):
            return purpose, known
    for purpose, name in names.items():
        there = await services.kube.get(JOBS, metadata.namespace or "", name)
        if there is not None and belongs_to(there, metadata.uid):
            return purpose, there
    return Purpose.TRAIN, None


def _attempt(fine_tune: FineTune, job: Object | None, pods: Sequence[Object]) -> Attempt:
    """The attempt; one that ran and whose Pod is gone is at work until the Job says how it ended."""
    seen = attempts.observe(job, pods)
    return Attempt(State.RUNNING) if seen.state is State.PENDING and not pods and _ran(fine_tune) else seen


def _ran(fine_tune: FineTune) -> bool:
    said = fine_tune.status.conditions if fine_tune.status is not None else []
    return any(item.type == ConditionType.RUNNING and item.status == "True" for item in said)


async def _progress(
    fine_tune: FineTune, account: Account, purpose: Purpose, attempt: Attempt, services: Services
) -> RunProgress | None:
    uid = fine_tune.metadata.uid
    own = attempt_prefix(uid, attempt_number(fine_tune)) if purpose is Purpose.TRAIN else staged_prefix(uid)
    key = f"{own}{PROGRESS_FILE}"
    if attempt.state is State.RUNNING:
        return await services.follower.latest(uid, account.models, key)
    if attempt.state in (State.SUCCEEDED, State.FAILED):
        return await services.follower.final(uid, account.models, key)
    return None
