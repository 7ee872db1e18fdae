"""Fine-tunes on the real API server and MinIO; where no node fits them, the test plays node and trainer."""

import uuid
from collections.abc import Callable

import pytest
from kubernetes import client
from minio import Minio
from minio.minioadmin import MinioAdmin
from vectorizer_dev.cluster import DevelopmentCluster
from vectorizer_dev.inspection import Kubectl
from vectorizer_dev.platform import Platform
from vectorizer_dev.tenant import RunningOperator, Tenant, make_tenant, offer
from vectorizer_dev.waiting import eventually


@pytest.fixture(scope="session")
def parked(platform: Platform) -> str:
    """A profile that no node serves, offered to the running operator."""
    (platform.cluster.folder / "profiles.yaml").write_text(offer("parked"))
    return "parked"


@pytest.fixture(scope="module")
def tenant(parked: str, api: client.ApiClient, store: Minio, store_admin: MinioAdmin) -> Tenant:
    """An account of the test module's own."""
    return make_tenant(api, store, store_admin)


@pytest.fixture(scope="module")
def other_tenant(parked: str, api: client.ApiClient, store: Minio, store_admin: MinioAdmin) -> Tenant:
    """Another account."""
    return make_tenant(api, store, store_admin)


@pytest.fixture
def name() -> str:
    """A name that nothing has yet."""
    return f"n-{uuid.uuid4().hex[:8]}"


@pytest.fixture(scope="session")
def kubectl(cluster: DevelopmentCluster) -> Kubectl:
    """The real kubectl, as the administrator."""
    return Kubectl.of(cluster)


@pytest.fixture(scope="session")
def operator(platform: Platform) -> RunningOperator:
    return RunningOperator(platform)


@pytest.fixture
def new_tenant(parked: str, api: client.ApiClient, store: Minio, store_admin: MinioAdmin) -> Callable[[], Tenant]:
    """Makes an account of the test's own."""
    return lambda: make_tenant(api, store, store_admin)


@pytest.fixture
def forbid_jobs(core: client.CoreV1Api) -> Callable[[str], Callable[[], None]]:
    """Forbids Jobs in a namespace by a quota that is in force; what it gives allows them again."""

    def forbid(namespace: str) -> Callable[[], None]:
        metadata = client.V1ObjectMeta(name="no-jobs")
        spec = client.V1ResourceQuotaSpec(hard={"count/jobs.batch": "0"})
        core.create_namespaced_resource_quota(namespace, client.V1ResourceQuota(metadata=metadata, spec=spec))
        eventually(lambda: is_in_force(namespace))
        return lambda: allow(namespace)

    def is_in_force(namespace: str) -> bool:
        status = core.read_namespaced_resource_quota("no-jobs", namespace).status
        return status is not None and bool(status.hard)

    def allow(namespace: str) -> None:
        core.delete_namespaced_resource_quota("no-jobs", namespace)

    return forbid
