"""A run without node and trainer: its Pod fits no node, and a test plays both, down to the run's own credentials.

For what no honest trainer does: forged results, exit codes on demand, a result that changes after its manifest.
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

from kubernetes import client
from minio import Minio
from urllib3 import PoolManager
from vectorizer_api.artifact import BaseReference, FileDigest, VectorizerDescription
from vectorizer_api.fetch import FetchDescription
from vectorizer_api.names import (
    ATTEMPT_LABEL,
    FETCH_REPORT_FILE,
    MANIFEST_FILE,
    PROGRESS_FILE,
    RUN_UID_LABEL,
    STAGED_FILES_FOLDER,
)
from vectorizer_api.run import (
    Dataset,
    Failure,
    Metric,
    Outcome,
    Progress,
    RunDescription,
    RunManifest,
    RunProgress,
    S3Endpoint,
    Stage,
)

from vectorizer_dev.object_store import REGION
from vectorizer_dev.waiting import eventually

PARKED = {"vectorizers.dev/parked": "true"}
"""A node selector that no node fits."""
_PATIENCE = 240.0
"""Seconds: before a Pod comes an operator may have to be started again, on a busy machine."""
_WEIGHTS = json.dumps({"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
WEIGHTS = len(_WEIGHTS).to_bytes(8, "little") + _WEIGHTS + b"\0\0\0\0"
"""A whole safetensors file with one number in it."""


@dataclass(frozen=True)
class ActedTraining:
    """What a training was told, and what it would leave in the object store."""

    description: RunDescription
    store: Minio
    """The object store, as the run itself."""

    @property
    def bucket(self) -> str:
        """The account's models bucket."""
        return self.description.output.removeprefix("s3://").partition("/")[0]

    @property
    def prefix(self) -> str:
        """Where the attempt writes."""
        return self.description.output.removeprefix("s3://").partition("/")[2]

    @property
    def _base(self) -> BaseReference:
        base = self.description.base
        return BaseReference(name=base.name, digest=base.digest or "")

    def put(self, path: str, body: bytes) -> None:
        """Write a file of the attempt."""
        self.store.put_object(
            bucket_name=self.bucket, object_name=self.prefix + path, data=BytesIO(body), length=len(body)
        )

    def say(self, stage: Stage, percent: float, dataset: Dataset | None = None, at: datetime | None = None) -> None:
        """Write progress.json, as of now or of another time."""
        moment = at or datetime.now(UTC)
        progress = Progress(stage=stage, percent=percent, eta_seconds=60, last_update_time=moment)
        self.put(PROGRESS_FILE, RunProgress(progress=progress, dataset=dataset).model_dump_json(by_alias=True).encode())

    def files(self, dimension: int) -> dict[str, bytes]:
        """The smallest honest result."""
        description = VectorizerDescription(
            name=self.description.custom_vectorizer_name,
            content_type=self.description.content_type,
            architecture="acted",
            dimension=dimension,
            licence="Apache-2.0",
            base=self._base,
            files={"weights.safetensors": digest(WEIGHTS)},
        )
        return {
            "model/vectorizer.json": description.model_dump_json(by_alias=True, exclude_none=True).encode(),
            "model/weights.safetensors": WEIGHTS,
            "report/report.json": b'{"outcome": "Improved"}',
        }

    def manifest(self, files: Mapping[str, bytes], dimension: int) -> RunManifest:
        """The manifest of these files."""
        return RunManifest(
            run_uid=self.description.run_uid,
            attempt=self.description.attempt,
            outcome=Outcome.IMPROVED,
            content_type=self.description.content_type,
            dimension=dimension,
            base=self._base,
            metrics=[Metric(name="NDCG@10", start=0.5, tuned=0.625, low=0.1, high=0.15)],
            dataset=Dataset(files=120, examples=120, labels=5, selected=120, digest="0" * 64),
            seed=self.description.training.seed,
            trainer_version="acted",
            files={path: digest(body) for path, body in files.items()},
        )

    def leave(self, files: Mapping[str, bytes], manifest: RunManifest) -> None:
        """Write the result, the manifest last."""
        for path, body in files.items():
            self.put(path, body)
        self.put(MANIFEST_FILE, manifest.model_dump_json(by_alias=True, exclude_none=True).encode())


@dataclass(frozen=True)
class ActedRun(ActedTraining):
    """The Pod of a parked run, beside what its training was told."""

    api: client.ApiClient
    pod: str
    namespace: str

    @classmethod
    def find(cls, api: client.ApiClient, namespace: str, run_uid: str, attempt: int = 1) -> "ActedRun":
        """Wait until the Pod of a run's attempt may be scheduled, and read what is mounted into it."""
        selector = f"app.kubernetes.io/component=train,{RUN_UID_LABEL}={run_uid},{ATTEMPT_LABEL}={attempt}"
        told = _mounted(api, namespace, selector)
        description = RunDescription.model_validate_json(told.description)
        return cls(description, as_run(description.s3, told.secret), api, told.pod, namespace)

    def succeed(self, dimension: int) -> None:
        """Leave an honest result and end well."""
        files = self.files(dimension)
        self.leave(files, self.manifest(files, dimension))
        self.end(0)

    def fail(self, failure: Failure) -> None:
        """End with the failure as the last word."""
        self.end(failure.exit_code, failure.model_dump_json(by_alias=True))

    def run(self) -> None:
        """Report the container as running, as a kubelet does."""
        _report(self, {"phase": "Running", "containerStatuses": [_container({"running": {"startedAt": _now()}})]})

    def end(self, exit_code: int, message: str = "", reason: str = "", *conditions: Mapping[str, str]) -> None:
        """Report the container as ended, as a kubelet does."""
        default = "Completed" if exit_code == 0 else "Error"
        ended = {"exitCode": exit_code, "reason": reason or default, "message": message, "finishedAt": _now()}
        status: dict[str, object] = {
            "phase": "Succeeded" if exit_code == 0 else "Failed",
            "containerStatuses": [_container({"terminated": ended})],
        }
        if conditions:
            status["conditions"] = [dict(condition) for condition in conditions]
        _report(self, status)


@dataclass(frozen=True)
class ActedFetch:
    """The Pod of a parked download, and what it was told."""

    api: client.ApiClient
    pod: str
    namespace: str
    description: FetchDescription
    store: Minio
    """The object store, as the download itself."""

    @classmethod
    def find(cls, api: client.ApiClient, namespace: str, run_uid: str) -> "ActedFetch":
        """Wait until the Pod of a run's first download may be scheduled, and read what is mounted into it."""
        told = _mounted(api, namespace, f"app.kubernetes.io/component=fetch,{RUN_UID_LABEL}={run_uid}")
        description = FetchDescription.model_validate_json(told.description)
        return cls(api, told.pod, namespace, description, as_run(description.s3, told.secret))

    def run(self) -> None:
        """Report the container as running, as a kubelet does."""
        _report(self, {"phase": "Running", "containerStatuses": [_container({"running": {"startedAt": _now()}})]})

    def succeed(self) -> None:
        """Leave the files, then the report on them, and end well."""
        for path, body in {f"{STAGED_FILES_FOLDER}a.txt": b"a", FETCH_REPORT_FILE: b"[]"}.items():
            bucket, _, prefix = self.description.output.removeprefix("s3://").partition("/")
            self.store.put_object(bucket_name=bucket, object_name=prefix + path, data=BytesIO(body), length=len(body))
        ended = {"exitCode": 0, "reason": "Completed", "message": "", "finishedAt": _now()}
        _report(self, {"phase": "Succeeded", "containerStatuses": [_container({"terminated": ended})]})


@dataclass(frozen=True)
class _Mounted:
    """What a Pod finds in its volumes."""

    pod: str
    description: str
    secret: Mapping[str, str]


def _mounted(api: client.ApiClient, namespace: str, selector: str) -> _Mounted:
    core = client.CoreV1Api(api)

    def let_go() -> list[client.V1Pod]:
        pods: list[client.V1Pod] = core.list_namespaced_pod(namespace, label_selector=selector).items
        return [pod for pod in pods if pod.spec is not None and not pod.spec.scheduling_gates]

    found = eventually(let_go, _PATIENCE)[0]
    pod: dict[str, Any] = api.sanitize_for_serialization(found)  # type: ignore[no-untyped-call]
    shared = str(pod["metadata"]["labels"]["job-name"])
    config_map, secret = (
        api.sanitize_for_serialization(read(shared, namespace))  # type: ignore[no-untyped-call]
        for read in (core.read_namespaced_config_map, core.read_namespaced_secret)
    )
    return _Mounted(str(pod["metadata"]["name"]), str(config_map["data"]["run.json"]), secret["data"])


def _report(acted: ActedRun | ActedFetch, status: Mapping[str, object]) -> None:
    client.CoreV1Api(acted.api).patch_namespaced_pod_status(acted.pod, acted.namespace, {"status": dict(status)})


def digest(body: bytes) -> FileDigest:
    """What a file must be to be believed."""
    return FileDigest(sha256=hashlib.sha256(body).hexdigest(), size=len(body))


def _container(state: Mapping[str, object]) -> dict[str, object]:
    return {"name": "train", "image": "", "imageID": "", "ready": False, "restartCount": 0, "state": dict(state)}


def as_run(s3: S3Endpoint | None, secret: Mapping[str, str], connections: PoolManager | None = None) -> Minio:
    """The object store with a run's own credentials, as its Secret's data has them; by connections that are shared."""
    said = {name: base64.b64decode(value).decode() for name, value in secret.items()}
    return Minio(
        s3.endpoint if s3 is not None else "",
        access_key=said["access_key"],
        secret_key=said["secret_key"],
        session_token=said["session_token"],
        secure=False,
        region=REGION,
        http_client=connections,
    )


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
