"""The real Kueue beside the real operator, and quota for one run at a time."""

import uuid
from collections.abc import Callable

import pytest
import yaml
from kubernetes import client
from minio import Minio
from minio.minioadmin import MinioAdmin
from vectorizer_dev.acted_run import PARKED
from vectorizer_dev.inspection import Kubectl
from vectorizer_dev.kueue import start_kueue
from vectorizer_dev.platform import Platform
from vectorizer_dev.quota import ClusterQueue
from vectorizer_dev.tenant import Tenant, make_tenant
from vectorizer_dev.tools import find_queueing_tools

ONE_PROCESSOR = {"resources": {"requests": {"cpu": "1", "memory": "1Gi"}}, "maxDurationSeconds": 3600}
URGENT = "urgent"
OFFER = {
    "default": "default",
    "profiles": {
        "default": ONE_PROCESSOR,
        "parked": {**ONE_PROCESSOR, "nodeSelector": PARKED},
        URGENT: {**ONE_PROCESSOR, "nodeSelector": PARKED, "priorityClassName": URGENT},
    },
}


@pytest.fixture(scope="session")
def kueue(platform: Platform, api: client.ApiClient) -> Platform:
    """The platform with Kueue, profiles that ask for one processor each, and one of a higher priority."""
    start_kueue(find_queueing_tools(), platform.cluster)
    (platform.cluster.folder / "profiles.yaml").write_text(yaml.safe_dump(OFFER))
    urgent = client.V1PriorityClass(metadata=client.V1ObjectMeta(name=URGENT), value=1000)
    client.SchedulingV1Api(api).create_priority_class(urgent)
    return platform


@pytest.fixture
def tenant(kueue: Platform, api: client.ApiClient, store: Minio, store_admin: MinioAdmin) -> Tenant:
    """An account of the test's own."""
    return make_tenant(api, store, store_admin)


@pytest.fixture
def queue_of(kueue: Platform, api: client.ApiClient) -> Callable[..., ClusterQueue]:
    """Makes quota of a tenant's own, and the LocalQueue by which its runs come to it."""

    def make(tenant: Tenant, processors: int, name: str = "gpus") -> ClusterQueue:
        queue = ClusterQueue.make(api, f"quota-{uuid.uuid4().hex[:8]}", processors)
        queue.open_in(tenant.namespace, name)
        return queue

    return make


@pytest.fixture(scope="session")
def kubectl(platform: Platform) -> Kubectl:
    """The real kubectl, as the administrator."""
    return Kubectl.of(platform.cluster)
