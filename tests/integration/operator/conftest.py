"""Fine-tunes on the real API server and MinIO; where no node fits them, the test plays node and trainer."""

import uuid
from collections.abc import Callable

import pytest
from kubernetes import client
from minio import Minio
from minio.minioadmin import MinioAdmin
from vectorizer_dev.platform import Platform
from vectorizer_dev.tenant import RunningOperator, Tenant, make_tenant, offer


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
def operator(platform: Platform) -> RunningOperator:
    return RunningOperator(platform)


@pytest.fixture
def new_tenant(parked: str, api: client.ApiClient, store: Minio, store_admin: MinioAdmin) -> Callable[[], Tenant]:
    """Makes an account of the test's own."""
    return lambda: make_tenant(api, store, store_admin)
