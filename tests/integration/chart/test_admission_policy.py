"""What the operator itself could be made to do: the API server refuses what is not its work."""

import copy
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from kubernetes import client
from vectorizer_dev.chart_release import Release
from vectorizer_dev.cluster import DevelopmentCluster, api_client
from vectorizer_dev.inspection import Kubectl
from vectorizer_dev.platform import OPERATOR, SYSTEM_NAMESPACE
from vectorizer_dev.tenant import Tenant
from vectorizer_dev.waiting import eventually

Body = dict[str, Any]
Change = Callable[[Body], None]


@pytest.fixture(scope="module")
def job(tenant: Tenant, api: client.ApiClient) -> Body:
    """The Job that the operator made, as it could make it again."""
    tenant.run_of(tenant.ask("policed"))
    (name,) = tenant.jobs("policed")
    found = client.BatchV1Api(api).read_namespaced_job(name, tenant.namespace)
    body: Body = api.sanitize_for_serialization(found)  # type: ignore[no-untyped-call]
    spec = body["spec"]
    del spec["selector"]
    spec["template"]["metadata"]["labels"] = {}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "again"}, "spec": spec}


@pytest.fixture(scope="module")
def as_operator(release: Release, cluster: DevelopmentCluster) -> client.BatchV1Api:
    return client.BatchV1Api(api_client(cluster.kubeconfig_for_service_account(SYSTEM_NAMESPACE, OPERATOR)))


def asked(batch: Any, tenant: Tenant, body: Body) -> None:
    batch.create_namespaced_job(tenant.namespace, body, dry_run="All")


def pod_of(body: Body) -> Body:
    spec: Body = body["spec"]["template"]["spec"]
    return spec


def other_image(body: Body) -> None:
    pod_of(body)["containers"][0]["image"] = "miner:latest"


def other_init_image(body: Body) -> None:
    pod_of(body)["initContainers"] = [{**pod_of(body)["containers"][0], "name": "first", "image": "miner:latest"}]


def other_account(body: Body) -> None:
    pod_of(body)["serviceAccountName"] = pod_of(body)["serviceAccount"] = "default"


def with_token(body: Body) -> None:
    pod_of(body)["automountServiceAccountToken"] = True


def host_path(body: Body) -> None:
    pod_of(body)["volumes"].append({"name": "host", "hostPath": {"path": "/"}})


def host_network(body: Body) -> None:
    pod_of(body)["hostNetwork"] = True


def privileged(body: Body) -> None:
    pod_of(body)["containers"][0]["securityContext"] = {"privileged": True}


REFUSED: dict[Change, str] = {
    other_image: "runs the image vectorizer-trainer:0.1.0 alone",
    other_init_image: "runs the image vectorizer-trainer:0.1.0 alone",
    other_account: "runs as the service account vectorizer-run",
    with_token: "gets no token",
    host_path: "mounts nothing of its node",
    host_network: "shares no network",
    privileged: "is not privileged",
}


def test_the_operators_own_job_passes(as_operator: client.BatchV1Api, tenant: Tenant, job: Body) -> None:
    asked(as_operator, tenant, job)


@pytest.mark.parametrize("change", REFUSED, ids=lambda change: change.__name__)
def test_what_it_never_does_is_refused_with_the_reason(
    as_operator: client.BatchV1Api, tenant: Tenant, job: Body, change: Change
) -> None:
    body = copy.deepcopy(job)
    change(body)
    with pytest.raises(client.ApiException) as refused:
        asked(as_operator, tenant, body)
    assert REFUSED[change] in str(refused.value.body)


def test_others_are_not_meant(batch: client.BatchV1Api, tenant: Tenant, job: Body) -> None:
    body = copy.deepcopy(job)
    other_image(body)
    asked(batch, tenant, body)


def test_it_changes_no_container_of_a_pod(cluster: DevelopmentCluster, tenant: Tenant, job: Body) -> None:
    core: Any = client.CoreV1Api(api_client(cluster.kubeconfig_for_service_account(SYSTEM_NAMESPACE, OPERATOR)))
    (pod,) = [
        pod.metadata.name for pod in core.list_namespaced_pod(tenant.namespace).items if "policed" in pod.metadata.name
    ]
    change = {"spec": {"containers": [{"name": "train", "image": "miner:latest"}]}}
    with pytest.raises(client.ApiException) as refused:
        core.patch_namespaced_pod(pod, tenant.namespace, change)
    assert "changes no container of a Pod" in str(refused.value.body)
    core.patch_namespaced_pod(pod, tenant.namespace, {"metadata": {"labels": {"seen": "true"}}})


def test_the_policies_are_well_typed(release: Release, kubectl: Kubectl) -> None:
    for name in ("jobs", "pods"):
        policy = f"validatingadmissionpolicy/{OPERATOR}-{name}"
        eventually(partial(kubectl, "get", policy, "--output=jsonpath={.status.observedGeneration}"))
        assert kubectl("get", policy, "--output=jsonpath={.status.typeChecking.expressionWarnings}") == ""
