"""One fine-tuning from what is to what should be.

    observe -> recall -> accept -> start -> follow (-> suspend, retry) -> publish -> clean up -> say so -> expire

Nothing is remembered between two passes that could not be found again: a pass that was cut off anywhere is repeated.
"""

from datetime import UTC, datetime, timedelta

from vectorizer_api.conditions import ConditionType, Reason
from vectorizer_api.fine_tune import Attempts, FineTune, FineTuneStatus
from vectorizer_api.names import (
    MANIFEST_FILE,
    REPORT_FILE,
    RUN_UID_LABEL,
    attempt_prefix,
    published_prefix,
    vectorizer_object_name,
)
from vectorizer_api.resource import Metadata
from vectorizer_api.run import Outcome, Progress, RunManifest, RunProgress, Stage

from vectorizer_operator import events, failures, kueue, spent, status
from vectorizer_operator.assignments import Purpose
from vectorizer_operator.attempts import State
from vectorizer_operator.errors import Refused, RunFailed, Unreadable, Waiting
from vectorizer_operator.failures import AttemptFailure
from vectorizer_operator.jobs import purpose_of
from vectorizer_operator.known import is_finished
from vectorizer_operator.kube import FINE_TUNES, PODS, Object
from vectorizer_operator.metrics import runs
from vectorizer_operator.observe import Observed, is_accepted, observe, parse, pods_of, unfinished
from vectorizer_operator.records import Record
from vectorizer_operator.services import Services
from vectorizer_operator.status import Verdict
from vectorizer_operator.steps.accept import accept
from vectorizer_operator.steps.clean_up import clean_up, clean_up_after, take_away_abandoned
from vectorizer_operator.steps.expire import expire
from vectorizer_operator.steps.publish import publish
from vectorizer_operator.steps.recall import recall
from vectorizer_operator.steps.retry import is_due, next_attempt, retry
from vectorizer_operator.steps.start import admit, end_download, start, train
from vectorizer_operator.steps.suspend import end_job, suspend
from vectorizer_operator.storage import StorageUnavailable

_UNTOLD = frozenset({Reason.PROFILE_MISSING, Reason.STORAGE_UNREACHABLE})
"""Waits that no event ends, and that cost the API server nothing to look at."""
_OVER = frozenset({State.SUCCEEDED, State.FAILED})
"""Attempts whose Job stays for people to look at."""
_MIRRORED = ("progress", "display", "dataset", "metrics", "checkpoint")


async def reconcile(namespace: str, name: str, services: Services) -> float | None:
    """Bring one fine-tune a step further; the answer is after how many seconds to look again.

    Raises:
        Retried: where the API server, or the object store after acceptance, has to be tried again.

    """
    for gone in services.known.departed(namespace, name):
        _forget(gone, services)
        await clean_up_after(gone, services)
    body, now = services.known.get(FINE_TUNES, namespace, name), datetime.now(UTC).replace(microsecond=0)
    if body is None:
        await take_away_abandoned(namespace, name, services)
        return None
    if "deletionTimestamp" in body["metadata"] or services.known.is_going(namespace):
        return None  # What ends now ends for this: it must not go on record as the run's own failure.
    if not unfinished(body):
        return await expire(body, services, now)
    try:
        fine_tune = parse(body)
    except Unreadable as final:
        await _refuse_unreadable(body, final, services, now)
        return None
    wanted = await _advance(fine_tune, services, now)
    await _say(fine_tune, wanted, services)
    return look_again(fine_tune, wanted, services.settings.progress_interval, now)


def look_again(fine_tune: FineTune, said: FineTuneStatus, progress_interval: float, now: datetime) -> float | None:
    """After how many seconds: a run that was started is followed; what waits is woken by an event or the resync."""
    if said.completion_time is not None:
        lifetime = fine_tune.spec.ttl_seconds_after_finished
        expiry = timedelta(seconds=lifetime) if lifetime is not None else None
        return max(0.0, (said.completion_time + expiry - now).total_seconds()) if expiry is not None else None
    conditions = {item.type: item for item in said.conditions}
    if ConditionType.SUSPENDED in conditions:
        return None
    followed = said.attempts is not None or conditions[ConditionType.ACCEPTED].reason in _UNTOLD
    return progress_interval if followed else None


def _forget(gone: Object, services: Services) -> None:
    metadata = gone["metadata"]
    run_uid, record = metadata["uid"], services.records.forget(metadata["uid"])
    if not is_finished(gone):
        used = spent.gpu_seconds_until(gone, record, datetime.now(UTC))
        runs.deleted(gone["spec"].get("contentType", ""), services.known.account(metadata["namespace"]), used)
    services.follower.forget(run_uid)
    services.reservations.release(run_uid)
    services.turns.release(run_uid)


async def _refuse_unreadable(body: Object, final: Unreadable, services: Services, now: datetime) -> None:
    """End what cannot be read, with nothing but its metadata; what has ended already stays as it is."""
    if is_finished(body):
        return
    bare = FineTune.model_construct(metadata=Metadata.model_validate(body["metadata"]), spec=body["spec"])
    await clean_up(bare, services)
    await _write(bare, FineTuneStatus(), status.refused(bare, final.reason, final.message, now), services)


async def _advance(fine_tune: FineTune, services: Services, now: datetime) -> FineTuneStatus:
    if fine_tune.status is not None and fine_tune.status.completion_time is not None:
        return status.taken_over(fine_tune, fine_tune.status, "", now)
    try:
        seen = await observe(fine_tune, services)
        return await recall(seen, services, now) or await _work(seen, services, now)
    except Waiting as held:
        services.reservations.release(fine_tune.metadata.uid)
        return status.waiting(fine_tune, held.reason, held.message, now)
    except Refused as final:
        await clean_up(fine_tune, services)
        return status.refused(fine_tune, final.reason, final.message, now)
    except StorageUnavailable as error:
        if is_accepted(fine_tune):
            raise
        services.reservations.release(fine_tune.metadata.uid)
        return status.waiting(fine_tune, Reason.STORAGE_UNREACHABLE, f"The storage does not answer: {error}", now)


async def _work(seen: Observed, services: Services, now: datetime) -> FineTuneStatus:
    record = seen.accepted_record or await accept(seen, services, now)
    try:
        return await _run(seen, record, services, now)
    except Waiting as held:
        services.turns.release(seen.fine_tune.metadata.uid)
        return status.held(seen.fine_tune, held.reason, held.message, now)
    except RunFailed as error:
        tried = error.tried or spent.with_this_attempt(seen, now)
        used = spent.gpu_seconds(tried, record)
        told = tried if seen.was_started else None
        ended = status.failed(seen.fine_tune, error.reason, error.failure, seen.progress, told, used, now)
        return await _end(seen, record, ended, services)


async def _run(seen: Observed, record: Record, services: Services, now: datetime) -> FineTuneStatus:
    await end_download(seen, services)
    if seen.attempt.state is State.SUCCEEDED and seen.purpose is Purpose.TRAIN:
        return await _publish(seen, record, services, now)
    if seen.fine_tune.spec.suspend:
        return await suspend(seen, services, now)
    if seen.is_suspended:
        await end_job(seen, services)
        return await _start(seen, record, next_attempt(seen.tried) if seen.was_started else seen.tried, services, now)
    if seen.awaits_another_attempt:
        if not is_due(seen, services.settings, now):
            return status.repeated(seen.fine_tune, now)
        if seen.attempt.state not in _OVER:
            await end_job(seen, services)  # Its queue would admit it once more, or has done so already.
        return await _start(seen, record, next_attempt(seen.tried), services, now)
    return await _follow(seen, record, services, now)


async def _follow(seen: Observed, record: Record, services: Services, now: datetime) -> FineTuneStatus:
    """The current attempt, which nothing holds up."""
    match await _state(seen, services):
        case State.UNSTARTED:
            return await _start(seen, record, seen.tried, services, now)
        case State.QUEUED:
            return await _wait_in_queue(seen, record, services, now)
        case State.PENDING:
            return await _wait_for_node(seen, record, services, now)
        case State.RUNNING:
            stale = status.staleness(seen.progress, _running_since(seen), now, services.settings.stall_timeout)
            return _active(seen, Verdict("True", Reason.JOB_RUNNING), now, stale)
        case State.FAILED:
            pods = await _pods_now(seen, services)
            failed = failures.why(seen.job or {}, pods, spent.waited_for(seen), seen.purpose)
            return await retry(seen, record, failed, services, now)
        case State.SUCCEEDED if seen.purpose is Purpose.FETCH:
            job = await train(seen, record, services)
            return _active(seen, _created(Purpose.TRAIN, job), now, job=job)
        case State.SUCCEEDED:
            return await _publish(seen, record, services, now)


async def _wait_in_queue(seen: Observed, record: Record, services: Services, now: datetime) -> FineTuneStatus:
    """What was admitted and is suspended again has lost its place to another one."""
    job = seen.job or {}
    if seen.was_admitted:
        return await retry(seen, record, failures.requeued(kueue.queue_of(job)), services, now)
    return _active(seen, kueue.queued(job), now)


async def _wait_for_node(seen: Observed, record: Record, services: Services, now: datetime) -> FineTuneStatus:
    await admit(seen, record, services)
    if _waits_too_long(seen, record, now):
        raise _failed(failures.never_started(seen.attempt.message))
    return _active(seen, Verdict("False", Reason.JOB_CREATED, seen.attempt.message), now)


async def _start(seen: Observed, record: Record, tried: Attempts, services: Services, now: datetime) -> FineTuneStatus:
    job = await start(seen, record, tried, services)
    most = tried.model_copy(update={"max": services.settings.max_failures})
    return status.active(seen.fine_tune, _created(purpose_of(job), job), None, most, now, quota=kueue.quota(job))


def _created(purpose: Purpose, job: Object) -> Verdict:
    if kueue.waits(job):
        return kueue.queued(job)
    what = "that downloads the files from URLs" if purpose is Purpose.FETCH else "that trains"
    return Verdict("False", Reason.JOB_CREATED, f"The Job {what} was created.")


async def _publish(seen: Observed, record: Record, services: Services, now: datetime) -> FineTuneStatus:
    """Say it first: copying and verifying takes its time."""
    if not _is_publishing(seen):
        return _active(seen, Verdict("False", Reason.PUBLISHING, "The result is being copied and verified."), now)
    manifest, published = await publish(seen, record, services)
    return await _end(seen, published, _complete(seen, published, manifest, now), services)


async def _state(seen: Observed, services: Services) -> State:
    """The attempt's state; a Job that was started and is gone is judged by what it left."""
    if seen.job is not None or not seen.was_started:
        return seen.attempt.state
    manifest = f"{attempt_prefix(seen.fine_tune.metadata.uid, seen.attempt_number)}{MANIFEST_FILE}"
    if await services.storage.etag(seen.account.models, manifest) is None:
        raise _failed(failures.deleted())
    return State.SUCCEEDED


async def _end(seen: Observed, record: Record, ended: FineTuneStatus, services: Services) -> FineTuneStatus:
    """Put the outcome on record before it is said: what was said is final, and is not looked at again."""
    await clean_up(seen.fine_tune, services)
    await services.records.put(seen.account.models, record.model_copy(update={"ended": ended}))
    return ended


def _active(
    seen: Observed, running: Verdict, now: datetime, stale: Verdict | None = None, job: Object | None = None
) -> FineTuneStatus:
    """Of a run that goes on; `job` is the one that has just followed the Job that was seen."""
    quota = kueue.quota(job or seen.job)
    return status.active(seen.fine_tune, running, seen.progress, seen.tried, now, stale, quota)


def _complete(seen: Observed, record: Record, manifest: RunManifest, now: datetime) -> FineTuneStatus:
    name = vectorizer_object_name(seen.fine_tune.spec.custom_vectorizer_name)
    tried = spent.with_this_attempt(seen, now)
    return status.complete(
        seen.fine_tune,
        Reason(manifest.outcome),
        _verdict_in_words(seen, manifest),
        _final_progress(seen, manifest, now),
        name,
        f"{published_prefix(name, record.uid)}{REPORT_FILE}",
        tried,
        spent.gpu_seconds(tried, record),
        now,
    )


def _failed(failed: AttemptFailure) -> RunFailed:
    return RunFailed(failed.reason, failed.failure)


def _verdict_in_words(seen: Observed, manifest: RunManifest) -> str:
    name, change = seen.fine_tune.spec.custom_vectorizer_name, status.score(manifest.metrics, manifest.outcome)
    told = f" ({status.HEADLINE} {change})" if change else ""
    if manifest.outcome is Outcome.IMPROVED:
        return f"The vectorizer {name} is better than its start{told}."
    return f"No improvement was found{told}: the vectorizer {name} holds the weights of its start."


def _final_progress(seen: Observed, manifest: RunManifest, now: datetime) -> RunProgress:
    last = (
        seen.progress.progress
        if seen.progress is not None
        else Progress(stage=Stage.DONE, percent=100, last_update_time=now)
    )
    done = last.model_copy(update={"stage": Stage.DONE, "percent": 100.0, "eta_seconds": None})
    return RunProgress(progress=done, dataset=manifest.dataset, metrics=manifest.metrics, outcome=manifest.outcome)


def _waits_too_long(seen: Observed, record: Record, now: datetime) -> bool:
    """Counted from when the cluster was allowed to run the Job."""
    allowed = ((seen.job or {}).get("status") or {}).get("startTime")
    longest = record.granted.pre_running_deadline_seconds
    return allowed is not None and (now - datetime.fromisoformat(allowed)).total_seconds() > longest


def _running_since(seen: Observed) -> datetime | None:
    running = seen.condition(ConditionType.RUNNING)
    return running.last_transition_time if running is not None and running.status == "True" else None


def _is_publishing(seen: Observed) -> bool:
    running = seen.condition(ConditionType.RUNNING)
    return running is not None and running.reason == Reason.PUBLISHING


async def _pods_now(seen: Observed, services: Services) -> list[Object]:
    """The Job's Pods as of now: the watch of Pods may be behind that of Jobs, and a failure is told only once."""
    selector = f"{RUN_UID_LABEL}={seen.fine_tune.metadata.uid}"
    return pods_of(seen.job or {}, [pod async for pod in services.kube.items(PODS, seen.namespace, selector)])


async def _say(fine_tune: FineTune, wanted: FineTuneStatus, services: Services) -> None:
    last, uid = fine_tune.status or FineTuneStatus(), fine_tune.metadata.uid
    if wanted == last or (_tells_only_progress(last, wanted) and not services.follower.may_mirror(uid)):
        return
    if not await _write(fine_tune, last, wanted, services):
        return
    services.follower.mirrored(uid)
    if wanted.completion_time is not None:
        services.follower.forget(uid)


async def _write(fine_tune: FineTune, last: FineTuneStatus, wanted: FineTuneStatus, services: Services) -> bool:
    """Write the status, count what it tells and post its Events; False where the object is gone."""
    metadata, said = fine_tune.metadata, wanted.model_dump(mode="json", by_alias=True, exclude_none=True)
    namespace, version = metadata.namespace or "", metadata.resource_version
    written = await services.kube.apply_status(FINE_TUNES, namespace, metadata.name, said, version)
    if written is None:
        return False
    services.known.update(FINE_TUNES, written)
    runs.told(fine_tune, services.known.account(namespace), last, wanted, datetime.now(UTC))
    await events.post(fine_tune, last, wanted, services.kube)
    return True


def _tells_only_progress(last: FineTuneStatus, wanted: FineTuneStatus) -> bool:
    without = dict.fromkeys(_MIRRORED)
    return last.model_copy(update=without) == wanted.model_copy(update=without)
