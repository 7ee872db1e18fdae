"""The product in real containers: real kubelet, containerd and runc, its images, its chart by the real Helm."""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client
from minio import Minio
from vectorizer_api.content import ContentType
from vectorizer_dev.helm import CHART, Helm
from vectorizer_dev.images.building import OPERATOR as OPERATOR_IMAGE
from vectorizer_dev.images.building import TRAINER as TRAINER_IMAGE
from vectorizer_dev.images.building import Recipe, reference
from vectorizer_dev.inspection import Kubectl
from vectorizer_dev.interruption import end_on_first_signal
from vectorizer_dev.platform import OPERATOR, SYSTEM_NAMESPACE, create_operator_account, publish_bases
from vectorizer_dev.real_node.cluster import RealCluster, real_cluster
from vectorizer_dev.real_node.machine import obstacle
from vectorizer_trainer.bases import ensure_base

SECRET = "object-store"
RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted"}


@pytest.fixture(scope="session")
def cluster() -> Iterator[RealCluster]:
    """A cluster whose node is this machine."""
    if found := obstacle():
        pytest.exit(f"This cannot run here: {found}", returncode=1)
    end_on_first_signal()
    with real_cluster() as started:
        yield started


@pytest.fixture(scope="session")
def api(cluster: RealCluster) -> client.ApiClient:
    return cluster.api_client()


@pytest.fixture(scope="session")
def core(api: client.ApiClient) -> client.CoreV1Api:
    return client.CoreV1Api(api)


@pytest.fixture(scope="session")
def store(cluster: RealCluster) -> Minio:
    return cluster.object_store.client()


@pytest.fixture(scope="session")
def kubectl(cluster: RealCluster) -> Kubectl:
    return Kubectl.of(cluster)


@pytest.fixture(scope="session")
def release(cluster: RealCluster, core: client.CoreV1Api, store: Minio) -> Helm:
    """The chart, installed as a person would; Helm waits until the Deployment's probes say that it works."""
    cluster.take(reference(OPERATOR_IMAGE))
    base = ensure_base(ContentType.TEXT)
    publish_bases(store, [base])
    labels = client.V1ObjectMeta(name=SYSTEM_NAMESPACE, labels=RESTRICTED)
    core.create_namespace(client.V1Namespace(metadata=labels))
    user = create_operator_account(cluster)
    data = {"access_key": user.access_key, "secret_key": user.secret_key}
    metadata = client.V1ObjectMeta(name=SECRET)
    core.create_namespaced_secret(SYSTEM_NAMESPACE, client.V1Secret(metadata=metadata, string_data=data))
    helm = Helm.of(cluster)
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        file.write(_values(cluster, base.name))
        file.flush()
        helm(
            *("upgrade", OPERATOR, str(CHART), "--install", f"--values={file.name}", "--wait", "--timeout=5m"),
            f"--namespace={SYSTEM_NAMESPACE}",
        )
    return helm


def _values(cluster: RealCluster, base: str) -> str:
    limits = {"cpu": "1", "memory": "4Gi"}
    values: dict[str, Any] = {
        "image": _image(OPERATOR_IMAGE),
        "trainer": {"image": _image(TRAINER_IMAGE)},
        "storage": {"endpoint": cluster.object_store.endpoint, "secure": False, "existingSecret": SECRET},
        "bases": {"Text": base},
        "profiles": {
            "profiles": {
                "default": {"resources": {"requests": {"cpu": "100m", "memory": "1Gi"}, "limits": limits}},
                "tight": {"resources": {"requests": {"memory": "64Mi"}, "limits": {"memory": "64Mi"}}},
            }
        },
        "settings": {
            "VECTORIZER_PROGRESS_INTERVAL": 1,
            "VECTORIZER_STATUS_INTERVAL": 1,
            "VECTORIZER_FIRST_BACK_OFF": 1,
        },
    }
    return json.dumps(values)


def _image(recipe: Recipe) -> dict[str, str]:
    repository, _, tag = reference(recipe).rpartition(":")
    return {"repository": repository, "tag": tag}


@pytest.fixture(scope="session")
def trainer(cluster: RealCluster) -> None:
    """The trainer's image on the node."""
    cluster.take(reference(TRAINER_IMAGE))


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty one."""
    return tmp_path_factory.mktemp("data")
