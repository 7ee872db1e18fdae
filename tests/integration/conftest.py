"""One development cluster for a whole pytest session, and what tests need of it."""

import uuid
from collections.abc import Callable, Iterator

import pytest
from kubernetes import client
from minio import Minio
from minio.minioadmin import MinioAdmin
from vectorizer_api.content import ContentType
from vectorizer_dev.accounts import Account, create_account
from vectorizer_dev.cluster import DevelopmentCluster
from vectorizer_dev.downloads import Downloads, open_downloads
from vectorizer_dev.platform import Platform, apply_manifests, set_up
from vectorizer_dev.waiting import eventually
from vectorizer_trainer.bases import ensure_base

MakeAccount = Callable[..., Account]


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DevelopmentCluster]:
    """The running cluster, without the operator."""
    with DevelopmentCluster.start(tmp_path_factory.mktemp("cluster")) as running:
        yield running


@pytest.fixture(scope="session")
def crds(cluster: DevelopmentCluster) -> None:
    """Both kinds and the operator's rights, served by the API server."""
    apply_manifests(cluster)


@pytest.fixture(scope="session")
def downloads(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Downloads]:
    """A server of files that the platform lets requests download from."""
    with open_downloads(tmp_path_factory.mktemp("downloads")) as opened:
        yield opened


@pytest.fixture(scope="session")
def platform(cluster: DevelopmentCluster, downloads: Downloads) -> Platform:
    """The operator at work, under its own service account, with a base of every content type."""
    return set_up(cluster, {kind: ensure_base(kind) for kind in ContentType}, url_rules=downloads.rules)


@pytest.fixture(scope="session")
def api(cluster: DevelopmentCluster) -> Iterator[client.ApiClient]:
    """The administrator's Kubernetes client."""
    with cluster.api_client() as opened:
        yield opened


@pytest.fixture(scope="session")
def core(api: client.ApiClient) -> client.CoreV1Api:
    """Pods, Secrets, ConfigMaps and Namespaces as the administrator."""
    return client.CoreV1Api(api)


@pytest.fixture(scope="session")
def batch(api: client.ApiClient) -> client.BatchV1Api:
    """Jobs as the administrator."""
    return client.BatchV1Api(api)


@pytest.fixture(scope="session")
def store(cluster: DevelopmentCluster) -> Minio:
    """The object store as its root user."""
    return cluster.object_store.client()


@pytest.fixture(scope="session")
def store_admin(cluster: DevelopmentCluster) -> MinioAdmin:
    """The object store's administrative interface."""
    return cluster.object_store.admin()


@pytest.fixture(scope="session")
def make_account(platform: Platform, api: client.ApiClient, store: Minio, store_admin: MinioAdmin) -> MakeAccount:
    """Makes an account as `vectorizer account create` does, under the given name or one that no other test has."""

    def make(name: str = "") -> Account:
        return create_account(name or f"test-{uuid.uuid4().hex[:8]}", api=api, store=store, admin=store_admin)

    return make


@pytest.fixture
def account(make_account: MakeAccount) -> Account:
    """An account of the test's own."""
    return make_account()


@pytest.fixture
def namespace(core: client.CoreV1Api) -> Iterator[str]:
    """A namespace of the test's own, ready to take pods."""
    name = f"test-{uuid.uuid4().hex[:8]}"
    core.create_namespace(client.V1Namespace(metadata=client.V1ObjectMeta(name=name)))
    eventually(lambda: core.list_namespaced_service_account(name).items)
    yield name
    core.delete_namespace(name)
