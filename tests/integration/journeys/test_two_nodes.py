"""A training on two nodes: an Indexed Job whose Pods meet by the headless Service, with the real trainer in both."""

from pathlib import Path

import pytest
import yaml
from kubernetes import client
from minio import Minio
from minio.minioadmin import MinioAdmin
from vectorizer_dev.datasets import image
from vectorizer_dev.platform import Platform
from vectorizer_dev.tenant import Tenant, make_tenant
from vectorizer_dev.waiting import eventually

PAIR = {"nodes": 2, "resources": {"requests": {"cpu": "500m", "memory": "1Gi"}}, "maxDurationSeconds": 3600}


@pytest.fixture
def tenant(platform: Platform, api: client.ApiClient, store: Minio, store_admin: MinioAdmin) -> Tenant:
    profiles = platform.cluster.folder / "profiles.yaml"
    offered = yaml.safe_load(profiles.read_text())
    profiles.write_text(yaml.safe_dump({**offered, "profiles": {**offered["profiles"], "pair": PAIR}}))
    return make_tenant(api, store, store_admin)


@pytest.mark.timeout(900)
def test_two_pods_make_one_vectorizer_and_leave_no_service(
    tenant: Tenant, core: client.CoreV1Api, batch: client.BatchV1Api, tmp_path: Path
) -> None:
    name = "two-nodes"
    image.make(tmp_path, train=100, test=1)
    for path in (tmp_path / "train").iterdir():
        tenant.upload(path.name, path.read_bytes())
    tenant.ask(name, contentType="Image", profile="pair")
    (job,) = eventually(lambda: tenant.jobs(name))
    (service,) = eventually(lambda: core.list_namespaced_service(tenant.namespace).items)
    assert service.spec is not None
    assert service.spec.cluster_ip == "None"
    tenant.until(name, "Complete", "True", timeout=600)
    pods = core.list_namespaced_pod(tenant.namespace, label_selector=f"job-name={job}").items
    assert sorted(str(pod.status.phase) for pod in pods if pod.status is not None) == ["Succeeded", "Succeeded"]
    assert tenant.status(name)["attempts"]["failures"] == 0
    batch.delete_namespaced_job(job, tenant.namespace, propagation_policy="Background")
    eventually(lambda: not core.list_namespaced_service(tenant.namespace).items)
