"""What a Job says while Kueue has it: the queue's label, the suspension that Kueue ends, and the gate on its Pods.

Kueue admits a Job by ending its suspension, and takes its quota back by suspending it again; nothing else of Kueue is
asked. The Pods of an admitted Job are held by a gate until their credentials are there, so that these are minted on
admission and yet never come late: what is gated is on no node, and no kubelet waits to mount what is not there. Every
Job is created with the gate: Kueue may give it the namespace's default queue on its way, and admit it at once.
"""

from collections.abc import Sequence

from vectorizer_api.conditions import Reason

from vectorizer_operator.kube import Object
from vectorizer_operator.status import Verdict

QUEUE_LABEL = "kueue.x-k8s.io/queue-name"
GATE = "vectorizers.dev/credentials"


def queue_of(job: Object) -> str:
    """The queue that the Job waits in or was admitted by, whoever put it there; empty for none."""
    return str((job["metadata"].get("labels") or {}).get(QUEUE_LABEL, ""))


def waits(job: Object) -> bool:
    """Whether the Job is its queue's to start."""
    return bool(queue_of(job)) and bool(job["spec"].get("suspend"))


def is_gated(pod: Object) -> bool:
    """Whether the Pod waits for its credentials."""
    return any(gate["name"] == GATE for gate in _gates(pod))


def awaits_credentials(job: Object, pods: Sequence[Object]) -> bool:
    """Whether all Pods of an admitted Job are there, and one of them is gated.

    All of them: a Secret that is replaced while another Pod mounts it would make that one wait.
    """
    live = [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]
    return len(live) >= job["spec"].get("parallelism", 1) and any(is_gated(pod) for pod in live)


def without_gate(pod: Object) -> Object:
    """What to change in the spec of a Pod, or of a Job's template, to let it be scheduled; gates of others stay."""
    return {"schedulingGates": [gate for gate in _gates(pod) if gate["name"] != GATE] or None}


def quota(job: Object | None) -> Verdict | None:
    """What QuotaReserved says; None where no queue has the Job."""
    if job is None or not (queue := queue_of(job)):
        return None
    if waits(job):
        return Verdict("False", Reason.QUEUED, _waiting(queue))
    return Verdict("True", Reason.ADMITTED, f"The queue {queue} has admitted the run.")


def queued(job: Object) -> Verdict:
    """What Running says of a Job that waits in its queue."""
    return Verdict("False", Reason.QUEUED, _waiting(queue_of(job)))


def _waiting(queue: str) -> str:
    return (
        f"The run waits in the queue {queue} until Kueue admits it. Where nothing ever does, the cluster has no Kueue, "
        f"the namespace no LocalQueue {queue}, or its ClusterQueue no quota for the profile."
    )


def _gates(pod: Object) -> list[Object]:
    found: list[Object] = (pod.get("spec") or {}).get("schedulingGates") or []
    return found
