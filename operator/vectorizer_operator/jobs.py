"""The Job, Secret, ConfigMap and Service of one attempt: pure functions from what was granted to manifests."""

from dataclasses import dataclass

from vectorizer_api import API_VERSION
from vectorizer_api.fine_tune import FineTune
from vectorizer_api.names import ATTEMPT_LABEL, FINE_TUNE_LABEL, MANAGED_BY, RUN_SERVICE_ACCOUNT, RUN_UID_LABEL
from vectorizer_api.run import ExitCode

from vectorizer_operator.assignments import Assignment, Purpose
from vectorizer_operator.credentials import Minted
from vectorizer_operator.kube import JOBS, Object
from vectorizer_operator.kueue import GATE, QUEUE_LABEL
from vectorizer_operator.records import Granted
from vectorizer_operator.settings import Settings

USER = 65532
GRACE_SECONDS = 120
KEPT_SECONDS = 24 * 3600
"""How long a finished Job stays for people to look at; its outcome is in the status by then."""
MANAGED_BY_LABEL, COMPONENT_LABEL = "app.kubernetes.io/managed-by", "app.kubernetes.io/component"
SELECTOR = f"{MANAGED_BY_LABEL}={MANAGED_BY}"
RUN_FOLDER, CREDENTIALS_FOLDER, WORK_FOLDER = "/vectorizer/run", "/vectorizer/credentials", "/vectorizer/work"
TERMINATION_FILE = "/dev/termination-log"
RENDEZVOUS_PORT = 29400
SHARED_MEMORY = "/dev/shm"  # noqa: S108 - where NCCL looks for it
SHARED_MEMORY_SIZE = "1Gi"
"""For what the processes of one node hand each other; a container's own 64 MiB are too little."""


@dataclass(frozen=True)
class AttemptPlan:
    """Everything that the manifests of one Job of an attempt follow from."""

    fine_tune: FineTune
    granted: Granted
    attempt: int
    assignment: Assignment
    settings: Settings

    @property
    def name(self) -> str:
        """The name that its Job, Secret and ConfigMap share."""
        return self.assignment.name

    @property
    def namespace(self) -> str:
        """The account's namespace."""
        return self.fine_tune.metadata.namespace or ""

    @property
    def deadline_seconds(self) -> int:
        """When all of it must be over, the wait for a node included."""
        return self.granted.pre_running_deadline_seconds + self.assignment.seconds

    @property
    def spans_nodes(self) -> bool:
        """Whether its Pods have to find each other."""
        return self.assignment.profile.nodes > 1

    @property
    def service_name(self) -> str:
        """The name of its Service, which must begin with a letter where a Job's need not."""
        return f"run-{self.name}"

    @property
    def labels(self) -> dict[str, str]:
        """What its children are found by."""
        return {
            MANAGED_BY_LABEL: MANAGED_BY,
            COMPONENT_LABEL: self.assignment.purpose.value,
            FINE_TUNE_LABEL: self.fine_tune.metadata.name,
            RUN_UID_LABEL: self.fine_tune.metadata.uid,
            ATTEMPT_LABEL: str(self.attempt),
        }


def owned_by(kind: str, api_version: str, name: str, uid: str) -> Object:
    """An ownerReference: the child goes with its owner."""
    return {"apiVersion": api_version, "kind": kind, "name": name, "uid": uid, "controller": True}


def owner_uid(body: Object) -> str | None:
    """The UID of the object's controller."""
    references = body["metadata"].get("ownerReferences") or []
    return next((str(reference["uid"]) for reference in references if reference.get("controller")), None)


def purpose_of(job: Object) -> Purpose:
    """What the Job is for."""
    return Purpose(job["metadata"]["labels"][COMPONENT_LABEL])


def belongs_to(body: Object, run_uid: str) -> bool:
    """Whether it is a run's: by its owner, or by its label where somebody took the owner away."""
    owner = owner_uid(body)
    return owner == run_uid or (owner is None and (body["metadata"].get("labels") or {}).get(RUN_UID_LABEL) == run_uid)


def config_map(plan: AttemptPlan, job_uid: str) -> Object:
    """The run description, as the file that the Job mounts."""
    described = plan.assignment.description.model_dump_json(by_alias=True, indent=1)
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": _child_metadata(plan, job_uid),
        "immutable": True,
        "data": {"run.json": described},
    }


def secret(plan: AttemptPlan, job_uid: str, minted: Minted) -> Object:
    """The attempt's credentials, a file each."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": _child_metadata(plan, job_uid),
        "immutable": True,
        "type": "Opaque",
        "stringData": {
            "access_key": minted.access_key,
            "secret_key": minted.secret_key,
            "session_token": minted.session_token,
        },
    }


def job(plan: AttemptPlan) -> Object:
    """The Job, suspended: it starts when its credentials are there, or when its queue admits it."""
    owner = plan.fine_tune.metadata
    queue = {QUEUE_LABEL: plan.assignment.queue} if plan.assignment.queue else {}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": plan.name,
            "namespace": plan.namespace,
            "labels": {**plan.labels, **queue},
            "ownerReferences": [owned_by(plan.fine_tune.kind, API_VERSION, owner.name, owner.uid)],
        },
        "spec": {
            "suspend": True,
            "backoffLimit": 0,
            "completions": plan.assignment.profile.nodes,
            "parallelism": plan.assignment.profile.nodes,
            **({"completionMode": "Indexed"} if plan.spans_nodes else {}),
            "podReplacementPolicy": "Failed",
            "podFailurePolicy": {"rules": _failure_rules(plan)},
            "activeDeadlineSeconds": plan.deadline_seconds,
            "ttlSecondsAfterFinished": KEPT_SECONDS,
            "template": {"metadata": {"labels": plan.labels}, "spec": _pod(plan)},
        },
    }


def service(plan: AttemptPlan, job_uid: str) -> Object:
    """The headless Service that gives the Pods of an Indexed Job their names: `<job>-<index>.<service>`."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {**_child_metadata(plan, job_uid), "name": plan.service_name},
        "spec": {
            "clusterIP": "None",
            "selector": {"batch.kubernetes.io/job-name": plan.name},
            # They meet before they are ready for anything.
            "publishNotReadyAddresses": True,
            "ports": [{"name": "rendezvous", "port": RENDEZVOUS_PORT}],
        },
    }


def _failure_rules(plan: AttemptPlan) -> list[Object]:
    final = [int(ExitCode.BAD_INPUT), int(ExitCode.OVER_LIMIT)]
    return [
        {
            "action": "FailJob",
            "onExitCodes": {"containerName": plan.assignment.purpose.value, "operator": "In", "values": final},
        },
        {"action": "FailJob", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]},
    ]


def _pod(plan: AttemptPlan) -> Object:
    return {
        "restartPolicy": "Never",
        "schedulingGates": [{"name": GATE}],
        "serviceAccountName": RUN_SERVICE_ACCOUNT,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        # Counted on the node: what is spent waiting for one is no part of it.
        "activeDeadlineSeconds": plan.assignment.seconds,
        "terminationGracePeriodSeconds": GRACE_SECONDS,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER,
            "runAsGroup": USER,
            "fsGroup": USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "nodeSelector": plan.assignment.profile.node_selector,
        "tolerations": plan.assignment.profile.tolerations,
        **_classes(plan),
        **({"subdomain": plan.service_name} if plan.spans_nodes else {}),
        "containers": [_container(plan)],
        "volumes": [
            {"name": "run", "configMap": {"name": plan.name}},
            {"name": "credentials", "secret": {"secretName": plan.name, "defaultMode": 0o440}},
            {"name": "work", "emptyDir": {"sizeLimit": plan.assignment.profile.work_size}},
            *([_shared_memory()] if plan.assignment.profile.is_parallel else []),
        ],
    }


def _classes(plan: AttemptPlan) -> Object:
    profile = plan.assignment.profile
    named = {"runtimeClassName": profile.runtime_class_name, "priorityClassName": profile.priority_class_name}
    return {field: name for field, name in named.items() if name}


def _shared_memory() -> Object:
    return {"name": "shared-memory", "emptyDir": {"medium": "Memory", "sizeLimit": SHARED_MEMORY_SIZE}}


def _command(plan: AttemptPlan) -> list[str]:
    """One process, or torchrun over all GPUs of all nodes; they meet at the Pod of index 0."""
    profile, module = plan.assignment.profile, plan.assignment.module
    if not profile.is_parallel:
        return ["python", "-m", module]
    each = ["python", "-m", f"{module}.launch", f"--nproc-per-node={profile.processes}"]
    if not plan.spans_nodes:
        return [*each, "--standalone", "-m", module]
    return [
        *each,
        f"--nnodes={profile.nodes}",
        "--node-rank=$(JOB_COMPLETION_INDEX)",
        f"--master-addr={plan.name}-0.{plan.service_name}",
        f"--master-port={RENDEZVOUS_PORT}",
        *("-m", module),
    ]


def _container(plan: AttemptPlan) -> Object:
    return {
        "name": plan.assignment.purpose.value,
        "image": plan.settings.trainer_image,
        "imagePullPolicy": "IfNotPresent",
        "command": _command(plan),
        "args": [
            *("--run", f"{RUN_FOLDER}/run.json"),
            *("--credentials", CREDENTIALS_FOLDER),
            *("--work", WORK_FOLDER),
            *("--termination-message", TERMINATION_FILE),
        ],
        "env": [{"name": name, "value": WORK_FOLDER} for name in ("HOME", "TMPDIR")],
        "resources": plan.assignment.profile.resources.model_dump(),
        "terminationMessagePath": TERMINATION_FILE,
        "terminationMessagePolicy": "File",
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [
            {"name": "run", "mountPath": RUN_FOLDER, "readOnly": True},
            {"name": "credentials", "mountPath": CREDENTIALS_FOLDER, "readOnly": True},
            {"name": "work", "mountPath": WORK_FOLDER},
            *([{"name": "shared-memory", "mountPath": SHARED_MEMORY}] if plan.assignment.profile.is_parallel else []),
        ],
    }


def _child_metadata(plan: AttemptPlan, job_uid: str) -> Object:
    return {
        "name": plan.name,
        "namespace": plan.namespace,
        "labels": plan.labels,
        "ownerReferences": [owned_by(JOBS.kind, JOBS.api_version, plan.name, job_uid)],
    }
