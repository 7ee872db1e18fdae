"""One attempt's life, whatever it does: suspended Job, credentials, Secret, ConfigMap, Service, unsuspend.

A Job with a queue is unsuspended by Kueue, and gets its credentials then.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from vectorizer_api.conditions import Reason

from vectorizer_operator import credentials, jobs, kueue
from vectorizer_operator.errors import Refused, Stale
from vectorizer_operator.jobs import AttemptPlan
from vectorizer_operator.known import condition, is_true
from vectorizer_operator.kube import CONFIG_MAPS, JOBS, PODS, SECRETS, SERVICES, AlreadyExists, Kind, Kube, Object
from vectorizer_operator.storage import Storage

_STUCK = frozenset(
    {"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "CreateContainerConfigError", "CreateContainerError"}
)


class State(StrEnum):
    """Where an attempt is."""

    UNSTARTED = "Unstarted"
    """There is no Job, or it is still suspended."""
    QUEUED = "Queued"
    """Its Job waits to be admitted by its queue, for the first time or again."""
    PENDING = "Pending"
    """The Job is there, its process not yet."""
    RUNNING = "Running"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"


@dataclass(frozen=True)
class Attempt:
    """How far an attempt is, and a sentence about it."""

    state: State
    message: str = ""


async def start(plan: AttemptPlan, kube: Kube, storage: Storage) -> Object:
    """Bring an attempt to run. Each step finds what an interrupted start has left and goes on from there.

    The Secret comes before the Job runs, since a late one costs a minute of mount back-off; it belongs to the Job, so
    the Job comes first.
    """
    job = await _own_job(plan, kube)
    if not _is_held(job) or kueue.queue_of(job):
        return job
    await _equip(plan, job, kube, storage)
    template = {"spec": kueue.without_gate(job["spec"]["template"])}
    wanted = {"suspend": False, "parallelism": job["spec"]["completions"], "template": template}
    started = await kube.merge(JOBS, plan.namespace, plan.name, {"spec": wanted})
    if started is None:
        raise Stale(f"the Job {plan.name} went while it was started")
    return started


async def admit(plan: AttemptPlan, job: Object, pods: Sequence[Object], kube: Kube, storage: Storage) -> None:
    """Give a Job that its queue has admitted what it needs, then let its Pods be scheduled."""
    await _equip(plan, job, kube, storage)
    for pod in filter(kueue.is_gated, pods):
        metadata = pod["metadata"]
        let_go = {"metadata": {"resourceVersion": metadata["resourceVersion"]}, "spec": kueue.without_gate(pod)}
        await kube.merge(PODS, plan.namespace, metadata["name"], let_go)


def observe(job: Object | None, pods: Iterable[Object]) -> Attempt:
    """How far the attempt is."""
    if job is not None and kueue.waits(job):
        return Attempt(State.QUEUED)
    if job is None or (_is_held(job) and not is_true(job, "Complete") and not is_true(job, "Failed")):
        return Attempt(State.UNSTARTED, "the run is being prepared")
    if is_true(job, "Complete"):
        return Attempt(State.SUCCEEDED)
    if is_true(job, "Failed"):
        return Attempt(State.FAILED)
    said = [_pod_state(pod) for pod in pods]
    # Those that run already wait for the one that does not.
    return min(said, key=lambda attempt: attempt.state is State.RUNNING, default=Attempt(State.PENDING, "no Pod yet"))


def started_at(pods: Iterable[Object]) -> datetime | None:
    """When the attempt's process began, as far as its Pods still tell."""
    containers = [item for pod in pods for item in (pod.get("status") or {}).get("containerStatuses") or []]
    states = [state for item in containers for state in (item.get("state") or {}).values()]
    return min((datetime.fromisoformat(state["startedAt"]) for state in states if state.get("startedAt")), default=None)


async def _equip(plan: AttemptPlan, job: Object, kube: Kube, storage: Storage) -> None:
    """The credentials, minted now, and the run description."""
    uid = str(job["metadata"]["uid"])
    minted = await credentials.mint(plan.assignment.grant, plan.deadline_seconds, plan.settings, storage)
    await _replace(kube, SECRETS, jobs.secret(plan, uid, minted))
    await _own(plan, CONFIG_MAPS, jobs.config_map(plan, uid), uid, kube)
    if plan.spans_nodes:
        await _own(plan, SERVICES, jobs.service(plan, uid), uid, kube)


def _is_held(job: Object) -> bool:
    """Whether it has no Pod because it is to have none: not started yet, or suspended or scaled down by somebody."""
    scaled_down = job["spec"].get("parallelism") == 0 and not kueue.queue_of(job)
    return bool(job["spec"].get("suspend")) or scaled_down


async def _own_job(plan: AttemptPlan, kube: Kube) -> Object:
    try:
        return await kube.create(JOBS, jobs.job(plan))
    except AlreadyExists:
        there = await kube.get(JOBS, plan.namespace, plan.name)
    if there is None:
        raise Stale(f"the Job {plan.name} came and went")
    if jobs.owner_uid(there) != plan.fine_tune.metadata.uid:
        raise _conflict(JOBS, plan.name)
    return there


async def _own(plan: AttemptPlan, kind: Kind, body: Object, job_uid: str, kube: Kube) -> None:
    try:
        await kube.create(kind, body)
    except AlreadyExists:
        there = await kube.get(kind, plan.namespace, body["metadata"]["name"])
        if there is not None and jobs.owner_uid(there) != job_uid:
            await kube.delete(JOBS, plan.namespace, plan.name, uid=job_uid)
            raise _conflict(kind, body["metadata"]["name"]) from None
        if there is None or "data" not in body or there.get("data") != body["data"]:
            await _replace(kube, kind, body)


async def _replace(kube: Kube, kind: Kind, body: Object) -> None:
    """Create, in place of one of the same name: a Secret is never read, so nothing tells whether the old one holds."""
    try:
        await kube.create(kind, body)
    except AlreadyExists:
        await kube.delete(kind, body["metadata"]["namespace"], body["metadata"]["name"])
        await kube.create(kind, body)


def _conflict(kind: Kind, name: str) -> Refused:
    return Refused(
        Reason.NAME_CONFLICT,
        f"A {kind.kind} named {name} is in the namespace and does not belong to this request. Delete it, and "
        "apply the request again under a new object name.",
    )


def _pod_state(pod: Object) -> Attempt:
    status = pod.get("status") or {}
    # One that has ended is still at work for people, until the Job says how it ended.
    if status.get("phase") in ("Running", "Succeeded", "Failed"):
        return Attempt(State.RUNNING)
    for container in status.get("containerStatuses") or []:
        waiting = (container.get("state") or {}).get("waiting") or {}
        if waiting.get("reason") in _STUCK:
            return Attempt(State.PENDING, f"{waiting['reason']}: {waiting.get('message', '')}"[:500])
    scheduled = condition(pod, "PodScheduled") or {}
    if scheduled.get("status") == "False":
        return Attempt(State.PENDING, f"no node yet: {scheduled.get('message', '')}"[:500])
    return Attempt(State.PENDING, "the container is being prepared")
