"""A real Prometheus beside the real operator."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from kubernetes import client
from minio import Minio
from minio.minioadmin import MinioAdmin
from vectorizer_dev.component import Components
from vectorizer_dev.platform import REPOSITORY, Platform
from vectorizer_dev.prometheus import Prometheus, start_prometheus
from vectorizer_dev.tenant import Tenant, make_tenant, offer
from vectorizer_dev.tools import MonitoringTools, find_monitoring_tools

ALERTS = REPOSITORY / "helm" / "vectorizer-operator" / "files" / "alerts.yaml"


@pytest.fixture(scope="session")
def monitoring_tools() -> MonitoringTools:
    """Prometheus and promtool, built once for all sessions."""
    return find_monitoring_tools()


@pytest.fixture(scope="session")
def alerts() -> Path:
    """The file of the alert rules."""
    return ALERTS


@pytest.fixture(scope="session")
def prometheus(
    platform: Platform, monitoring_tools: MonitoringTools, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Prometheus]:
    """Prometheus, which has read the operator before anything happened."""
    folder = tmp_path_factory.mktemp("prometheus")
    with Components(folder) as components:
        yield start_prometheus(monitoring_tools, folder, components, platform.metrics_address, [ALERTS])


@pytest.fixture(scope="session")
def tenant(platform: Platform, api: client.ApiClient, store: Minio, store_admin: MinioAdmin) -> Tenant:
    """An account whose runs the test plays."""
    (platform.cluster.folder / "profiles.yaml").write_text(offer("parked"))
    return make_tenant(api, store, store_admin)
