"""The chart, installed by the real Helm: the operator is the Deployment's Pod, and the tests play trainers."""

from collections.abc import Callable
from typing import Any

import pytest
from kubernetes import client
from minio import Minio
from minio.minioadmin import MinioAdmin
from vectorizer_api.content import ContentType
from vectorizer_dev.acted_run import PARKED
from vectorizer_dev.chart_release import LONG, Release
from vectorizer_dev.cluster import DevelopmentCluster
from vectorizer_dev.helm import Helm
from vectorizer_dev.inspection import Kubectl
from vectorizer_dev.object_store import S3Account
from vectorizer_dev.platform import SYSTEM_NAMESPACE, create_operator_account, publish_bases
from vectorizer_dev.tenant import Tenant, make_tenant
from vectorizer_dev.waiting import eventually
from vectorizer_trainer.bases import ensure_base

SECRET = "object-store"


@pytest.fixture(scope="session")
def helm(cluster: DevelopmentCluster) -> Helm:
    return Helm.of(cluster)


@pytest.fixture(scope="session")
def kubectl(cluster: DevelopmentCluster) -> Kubectl:
    return Kubectl.of(cluster)


@pytest.fixture(scope="session")
def system(core: client.CoreV1Api) -> str:
    """The namespace that the chart is installed into."""
    core.create_namespace(client.V1Namespace(metadata=client.V1ObjectMeta(name=SYSTEM_NAMESPACE)))
    eventually(lambda: core.list_namespaced_service_account(SYSTEM_NAMESPACE).items)
    return SYSTEM_NAMESPACE


@pytest.fixture(scope="session")
def storage_user(cluster: DevelopmentCluster) -> S3Account:
    """The operator's own user of the object store."""
    return create_operator_account(cluster)


@pytest.fixture(scope="session")
def values(cluster: DevelopmentCluster, store: Minio) -> dict[str, Any]:
    """What the development cluster's platform says."""
    base = ensure_base(ContentType.TEXT)
    publish_bases(store, [base])
    return {
        "storage": {"endpoint": cluster.object_store.endpoint, "secure": False, "existingSecret": SECRET},
        "bases": {"Text": base.name},
        "profiles": {"profiles": {"parked": {"nodeSelector": PARKED, "maxDurationSeconds": 1800}}},
        "settings": {
            "VECTORIZER_PROGRESS_INTERVAL": 1,
            "VECTORIZER_STATUS_INTERVAL": 1,
            "VECTORIZER_RESYNC_INTERVAL": 10,
            "VECTORIZER_FIRST_BACK_OFF": 1,
        },
    }


@pytest.fixture(scope="session")
def waiting_release(
    helm: Helm,
    system: str,
    values: dict[str, Any],
    tmp_path_factory: pytest.TempPathFactory,
) -> Release:
    """The chart, installed before its Secret is there."""
    release = Release(helm, values, tmp_path_factory.mktemp("values"))
    release.notes = release.install()
    return release


@pytest.fixture(scope="session")
def release(waiting_release: Release, core: client.CoreV1Api, storage_user: S3Account) -> Release:
    """The chart with its operator at work."""
    eventually(lambda: [event for event in _events(core) if SECRET in event], LONG)
    data = {"access_key": storage_user.access_key, "secret_key": storage_user.secret_key}
    secret = client.V1Secret(metadata=client.V1ObjectMeta(name=SECRET), string_data=data)
    core.create_namespaced_secret(SYSTEM_NAMESPACE, secret)
    waiting_release.until_it_leads()
    return waiting_release


def _events(core: client.CoreV1Api) -> list[str]:
    return [str(event.message) for event in core.list_namespaced_event(SYSTEM_NAMESPACE).items]


@pytest.fixture(scope="session")
def new_tenant(api: client.ApiClient, store: Minio, store_admin: MinioAdmin) -> Callable[[], Tenant]:
    """Makes an account, by `vectorizer account create` as it is."""
    return lambda: make_tenant(api, store, store_admin)


@pytest.fixture(scope="session")
def tenant(release: Release, new_tenant: Callable[[], Tenant]) -> Tenant:
    return new_tenant()
