"""Files that are nowhere but at URLs become a vectorizer, with the real download and the real training."""

from pathlib import Path

import pytest
from kubernetes import client
from minio import Minio
from minio.minioadmin import MinioAdmin
from vectorizer_dev.datasets import text
from vectorizer_dev.downloads import Downloads
from vectorizer_dev.platform import Platform
from vectorizer_dev.tenant import Tenant, make_tenant


@pytest.fixture
def tenant(platform: Platform, api: client.ApiClient, store: Minio, store_admin: MinioAdmin) -> Tenant:
    return make_tenant(api, store, store_admin)


def test_a_request_of_urls_alone_becomes_a_vectorizer(tenant: Tenant, downloads: Downloads, tmp_path: Path) -> None:
    """The labels come from a URL, too."""
    name = "from-urls"
    text.make(tmp_path, train=40, test=1)
    urls = [
        downloads.serve(f"/{name}/{path.name}", path.read_bytes()) for path in sorted((tmp_path / "train").iterdir())
    ]
    tenant.ask(name, fileUrls=urls, downloadFromBatchCloudFolder=False, profile="default")
    tenant.until(name, "Complete", "True", timeout=240)
    assert tenant.status(name)["dataset"]["selected"] == 40
    assert tenant.vectorizer(name)["spec"]["customVectorizerName"] == name
