"""From an account to a vectorizer, in real containers under the restricted Pod security standard."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client
from minio import Minio
from vectorizer_dev.accounts import Account
from vectorizer_dev.cluster import DevelopmentCluster
from vectorizer_dev.datasets import text
from vectorizer_dev.demo.upload import FtpLogin, upload_folder
from vectorizer_dev.helm import Helm
from vectorizer_dev.inspection import Kubectl
from vectorizer_dev.platform import OPERATOR, SYSTEM_NAMESPACE
from vectorizer_dev.tenant import FINE_TUNES, VECTORIZERS, Tenant
from vectorizer_dev.waiting import eventually

ACCOUNT = "shop"
NAME = "docstrings"
EXAMPLES = 60
LONG = 600.0

pytestmark = pytest.mark.timeout(1500)


@pytest.fixture(scope="module")
def told(release: Helm, cluster: DevelopmentCluster) -> str:
    """What `vectorizer account create` says."""
    store = cluster.object_store
    environment = {
        **os.environ,
        "KUBECONFIG": str(cluster.kubeconfig),
        "VECTORIZER_S3_ENDPOINT": store.endpoint,
        "VECTORIZER_S3_SCHEME": "http",
        "VECTORIZER_S3_ADMIN_ACCESS_KEY": store.root.access_key,
        "VECTORIZER_S3_ADMIN_SECRET_KEY": store.root.secret_key,
        "VECTORIZER_FTP": store.ftp_address,
    }
    command = [sys.executable, "-m", "vectorizer_cli", "account", "create", ACCOUNT]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def tenant(told: str, api: client.ApiClient, store: Minio, core: client.CoreV1Api) -> Tenant:
    """The account; its namespace refuses every Pod that is not restricted."""
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    core.patch_namespace(ACCOUNT, {"metadata": {"labels": labels}})
    account = Account(ACCOUNT, ACCOUNT, f"{ACCOUNT}-batch", f"{ACCOUNT}-models", f"{ACCOUNT}-upload", None)
    return Tenant(account, api, store)


@pytest.fixture(scope="module")
def uploaded(told: str, tenant: Tenant, cluster: DevelopmentCluster, folder: Path) -> int:
    """Files that came by FTP, as the user whose password the command told."""
    text.make(folder, train=EXAMPLES, test=1)
    user, password = re.search(r"user +(\S+)", told), re.search(r"password +(\S+)", told)
    assert user, told
    assert password, told
    store = cluster.object_store
    login = FtpLogin(store.ftp_host, store.ftp_port, user[1], password[1])
    return upload_folder(login, f"{ACCOUNT}-batch", folder / "train", NAME, lambda: None)


@pytest.fixture(scope="module")
def ended(trainer: None, tenant: Tenant, uploaded: int) -> dict[str, Any]:
    """The fine-tune when it has ended."""
    tenant.ask(NAME, batchFolder=NAME, profile="default")
    return tenant.ended(NAME, LONG)


def pods(core: client.CoreV1Api, namespace: str) -> list[Any]:
    return list(core.list_namespaced_pod(namespace).items)


def test_the_vectorizer_is_ready_with_outcome_and_metrics(ended: dict[str, Any], tenant: Tenant) -> None:
    status = ended["status"]
    assert status["phase"] == "Succeeded", status
    assert status["outcome"] in ("Improved", "NoImprovement")
    assert {metric["name"] for metric in status["metrics"]} >= {"NDCG@10", "mAP@100", "retention"}
    conditions = {item["type"]: item["status"] for item in tenant.vectorizer(NAME)["status"]["conditions"]}
    assert conditions["Ready"] == "True"


def test_the_training_ran_under_the_restricted_standard_and_without_the_clusters_credentials(
    ended: dict[str, Any], core: client.CoreV1Api
) -> None:
    (pod,) = pods(core, ACCOUNT)
    (state,) = pod.status.container_statuses
    assert (state.state.terminated.exit_code, state.restart_count) == (0, 0)
    (container,) = pod.spec.containers
    assert (pod.spec.security_context.run_as_user or container.security_context.run_as_user) == 65532
    assert not [mount for mount in container.volume_mounts if "serviceaccount" in mount.mount_path]


def test_the_log_of_operator_and_training_is_read_by_kubectl(ended: dict[str, Any], kubectl: Kubectl) -> None:
    assert kubectl("logs", f"deployment/{OPERATOR}", f"--namespace={SYSTEM_NAMESPACE}")
    assert kubectl("logs", "--selector=vectorizers.dev/fine-tune", f"--namespace={ACCOUNT}")


def test_a_training_that_needs_too_much_memory_is_told_so(ended: dict[str, Any], tenant: Tenant) -> None:
    tenant.ask("hungry", batchFolder=NAME, profile="tight")
    status = tenant.ended("hungry", LONG)["status"]
    failed = tenant.condition("hungry", "Failed")
    assert (status["phase"], failed["status"], failed["reason"]) == ("Failed", "True", "OutOfMemory"), failed


def test_nothing_is_left_of_what_is_deleted(
    ended: dict[str, Any], tenant: Tenant, kubectl: Kubectl, core: client.CoreV1Api
) -> None:
    for name in tenant.fine_tunes():
        tenant.vanish(FINE_TUNES, name)
    tenant.vanish(VECTORIZERS, NAME)
    eventually(lambda: not pods(core, ACCOUNT), LONG)
    eventually(lambda: not kubectl.remains(ACCOUNT, ended["metadata"]["uid"]), LONG)
