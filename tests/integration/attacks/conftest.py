"""Accounts whose names are parts of each other, on a platform whose operator is at work."""

import uuid
from collections.abc import Callable

import pytest
from kubernetes import client
from minio import Minio
from minio.minioadmin import MinioAdmin
from vectorizer_dev.accounts import create_account
from vectorizer_dev.cluster import DevelopmentCluster
from vectorizer_dev.inspection import Kubectl
from vectorizer_dev.platform import Platform
from vectorizer_dev.tenant import RunningOperator, Tenant, offer


@pytest.fixture(scope="session")
def kubectl(cluster: DevelopmentCluster) -> Kubectl:
    """The real kubectl, as the administrator."""
    return Kubectl.of(cluster)


@pytest.fixture(scope="session")
def operator(platform: Platform) -> RunningOperator:
    return RunningOperator(platform)


@pytest.fixture(scope="session")
def parked(platform: Platform) -> str:
    """A profile that no node serves, offered to the running operator."""
    (platform.cluster.folder / "profiles.yaml").write_text(offer("parked"))
    return "parked"


@pytest.fixture(scope="session")
def tenant_named(parked: str, api: client.ApiClient, store: Minio, store_admin: MinioAdmin) -> Callable[[str], Tenant]:
    """Makes an account of a name."""
    return lambda name: Tenant(create_account(name, api=api, store=store, admin=store_admin), api, store)


@pytest.fixture(scope="session")
def tenant(tenant_named: Callable[[str], Tenant]) -> Tenant:
    """The account that is attacked from."""
    return tenant_named(f"acme-{uuid.uuid4().hex[:6]}")


@pytest.fixture(scope="session")
def neighbours(tenant: Tenant, tenant_named: Callable[[str], Tenant]) -> dict[str, Tenant]:
    """Accounts whose names begin as the attacker's, end it, or are one of its buckets'."""
    name = tenant.account.name
    names = {"longer": f"{name}-2", "shorter": name[:-1], "as its bucket": f"{name}-batch", "models": f"{name}-models"}
    return {how: tenant_named(other) for how, other in names.items()}


@pytest.fixture
def name() -> str:
    """A name that nothing has yet."""
    return f"n-{uuid.uuid4().hex[:8]}"
