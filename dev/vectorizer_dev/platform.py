"""What a platform engineer sets up once: the API, the operator's rights and S3 user, the bases, and the operator."""

import json
import secrets
import subprocess
import sys
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from minio import Minio
from vectorizer_api.content import ContentType
from vectorizer_api.fetch import UrlRules

from vectorizer_dev.cluster import DevelopmentCluster
from vectorizer_dev.component import Component
from vectorizer_dev.object_store import ObjectStore, S3Account
from vectorizer_dev.ports import free_port
from vectorizer_dev.probing import answers_well

REPOSITORY = Path(__file__).parent.parent.parent
SYSTEM_NAMESPACE = "vectorizer-system"
OPERATOR = "vectorizer-operator"
"""Name of the operator's service account and of its S3 user."""
BASES_BUCKET = "vectorizer-bases"
START_TIMEOUT = 60.0
UPLOADS_AT_A_TIME = 8
_INDEX = "vectorizer.json"

OPERATOR_POLICY = json.loads((REPOSITORY / "helm" / OPERATOR / "files" / "object-store-policy.json").read_text())
"""The operator hands out parts of its own rights by AssumeRole, which every regular user may call."""

PROFILES = {
    "default": "default",
    "profiles": {"default": {"resources": {"requests": {"cpu": "1", "memory": "2Gi"}}, "maxDurationSeconds": 3600}},
}


@dataclass(frozen=True)
class Pace:
    """How often the operator looks and tells, in seconds."""

    progress: float
    """Between two looks at a run's progress."""
    status: float
    """Between two writes that tell nothing but progress."""
    resync: float
    """Between two lists of everything."""
    back_off: float
    """Between the first failure of a run and its next attempt."""


BRISK = Pace(progress=1, status=1, resync=10, back_off=1)
"""For few fine-tunes and people who watch."""
USUAL = Pace(progress=5, status=10, resync=60, back_off=10)
"""What the operator does unless it is told otherwise."""


_ONLY_PUBLIC = UrlRules()


@dataclass(frozen=True)
class Platform:
    """A development cluster that takes fine-tunes."""

    cluster: DevelopmentCluster
    operator: Component
    operator_account: S3Account
    bases: Mapping[ContentType, str]
    """The base of each content type that the operator serves."""
    pace: Pace
    url_rules: UrlRules
    """What requests may download from."""
    metrics_address: str


def set_up(
    cluster: DevelopmentCluster,
    bases: Mapping[ContentType, Path],
    pace: Pace = BRISK,
    url_rules: UrlRules = _ONLY_PUBLIC,
) -> Platform:
    """Install the API, publish the bases and start the operator under its own service account.

    Raises ComponentError where the operator does not start, CalledProcessError where a manifest is refused.
    """
    with ThreadPoolExecutor(1) as aside:
        publishing = aside.submit(publish_bases, cluster.object_store.client(), bases.values())
        apply_manifests(cluster)
        publishing.result()
    account = create_operator_account(cluster)
    return start_operator(cluster, account, {kind: folder.name for kind, folder in bases.items()}, pace, url_rules)


def apply_manifests(cluster: DevelopmentCluster) -> None:
    """Apply the CRDs and the operator's RBAC manifest, and wait until the API server serves the kinds."""
    crds = REPOSITORY / "crds"
    _kubectl(cluster, "apply", "--server-side", f"--filename={crds}")
    _kubectl(cluster, "apply", "--server-side", f"--filename={REPOSITORY / 'operator' / 'rbac.yaml'}")
    _kubectl(cluster, "wait", "--for=condition=Established", "--timeout=30s", f"--filename={crds}")


def publish_bases(client: Minio, folders: Iterable[Path]) -> None:
    """Upload base folders into the bases bucket, each below its name, `vectorizer.json` last."""
    if not client.bucket_exists(bucket_name=BASES_BUCKET):
        client.make_bucket(bucket_name=BASES_BUCKET)
    for folder in folders:
        files = [path for path in folder.rglob("*") if path.is_file() and path != folder / _INDEX]
        with ThreadPoolExecutor(UPLOADS_AT_A_TIME) as uploads:
            # The list waits for the uploads and raises what one of them raised.
            list(uploads.map(partial(_upload, client, folder), files))
        _upload(client, folder, folder / _INDEX)


def create_operator_account(cluster: DevelopmentCluster) -> S3Account:
    """Create the operator's own S3 user, a regular one that may administer nothing."""
    return create_operator_user(cluster.object_store)


def create_operator_user(store: ObjectStore) -> S3Account:
    """Create the operator's user of an object store."""
    account = S3Account(OPERATOR, secrets.token_urlsafe(24))
    admin = store.admin()
    admin.policy_add(OPERATOR, policy=OPERATOR_POLICY)
    admin.user_add(account.access_key, account.secret_key)
    admin.attach_policy([OPERATOR], user=OPERATOR)
    return account


def start_operator(
    cluster: DevelopmentCluster,
    account: S3Account,
    bases: Mapping[ContentType, str],
    pace: Pace,
    url_rules: UrlRules = _ONLY_PUBLIC,
    **settings: str,
) -> Platform:
    """Start the operator and wait until it says that it is healthy; `settings` are further `VECTORIZER_…` variables.

    Raises ComponentError where it does not.
    """
    profiles = cluster.folder / "profiles.yaml"
    profiles.write_text(json.dumps(PROFILES))
    metrics_address = f"127.0.0.1:{free_port()}"
    environment = {
        **operator_environment(cluster, account, metrics_address),
        "VECTORIZER_BASES": json.dumps({kind.value: name for kind, name in bases.items()}),
        "VECTORIZER_PROGRESS_INTERVAL": str(pace.progress),
        "VECTORIZER_STATUS_INTERVAL": str(pace.status),
        "VECTORIZER_RESYNC_INTERVAL": str(pace.resync),
        "VECTORIZER_FIRST_BACK_OFF": str(pace.back_off),
        "VECTORIZER_URL_RULES": url_rules.model_dump_json(by_alias=True),
        **settings,
    }
    operator = cluster.components.start("operator", [sys.executable, "-m", "vectorizer_operator"], environment)
    operator.wait_ready(lambda: answers_well(f"http://{metrics_address}/healthz"), START_TIMEOUT)
    return Platform(cluster, operator, account, bases, pace, url_rules, metrics_address)


def operator_environment(cluster: DevelopmentCluster, account: S3Account, metrics_address: str) -> dict[str, str]:
    """Return what every operator on this cluster has to be told."""
    return {
        "KUBECONFIG": str(cluster.kubeconfig_for_service_account(SYSTEM_NAMESPACE, OPERATOR)),
        "VECTORIZER_S3_ENDPOINT": cluster.object_store.endpoint,
        "VECTORIZER_S3_ACCESS_KEY": account.access_key,
        "VECTORIZER_S3_SECRET_KEY": account.secret_key,
        "VECTORIZER_S3_SECURE": "false",
        "VECTORIZER_BASES_BUCKET": BASES_BUCKET,
        "VECTORIZER_PROFILES": str(cluster.folder / "profiles.yaml"),
        # The process node has no images; this is what a run is recorded with.
        "VECTORIZER_TRAINER_IMAGE": "vectorizer-trainer:development",
        "VECTORIZER_METRICS_ADDRESS": metrics_address,
        # Tests leave runs behind that never end; what an account may have at once is told by its namespace there.
        "VECTORIZER_MAX_RUNS": "1000",
    }


def access(platform: Platform) -> dict[str, str]:
    """Return the environment in which kubectl and `vectorizer` act as the administrator of this platform."""
    store = platform.cluster.object_store
    return {
        "KUBECONFIG": str(platform.cluster.kubeconfig),
        "VECTORIZER_S3_ENDPOINT": store.endpoint,
        "VECTORIZER_S3_ADMIN_ACCESS_KEY": store.root.access_key,
        "VECTORIZER_S3_ADMIN_SECRET_KEY": store.root.secret_key,
        "VECTORIZER_S3_SCHEME": "http",
        "VECTORIZER_FTP": store.ftp_address,
    }


def _kubectl(cluster: DevelopmentCluster, *arguments: str) -> None:
    command = [str(cluster.tools.kubectl), f"--kubeconfig={cluster.kubeconfig}", *arguments]
    subprocess.run(command, check=True, capture_output=True, text=True)


def _upload(client: Minio, folder: Path, path: Path) -> None:
    name = f"{folder.name}/{path.relative_to(folder).as_posix()}"
    client.fput_object(bucket_name=BASES_BUCKET, object_name=name, file_path=str(path))
