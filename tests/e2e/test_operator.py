"""The operator in a real container: installed by Helm, under the restricted Pod security standard."""

import urllib.request
from typing import Any

import pytest
from kubernetes import client
from vectorizer_dev.helm import Helm
from vectorizer_dev.platform import OPERATOR, SYSTEM_NAMESPACE
from vectorizer_dev.waiting import eventually

LONG = 300.0

pytestmark = pytest.mark.timeout(1500)


def test_it_is_ready_by_its_own_probes_and_holds_the_lease(
    release: Helm, core: client.CoreV1Api, api: client.ApiClient
) -> None:
    (pod,) = _pods(core)
    (state,) = pod.status.container_statuses
    assert (state.ready, state.restart_count) == (True, 0)
    leases: Any = client.CoordinationV1Api(api)

    def holder() -> str:
        return str(leases.read_namespaced_lease(OPERATOR, SYSTEM_NAMESPACE).spec.holder_identity)

    eventually(lambda: holder().startswith(pod.metadata.name), LONG)


def test_its_watch_hears_of_the_cluster_without_dns(release: Helm, core: client.CoreV1Api) -> None:
    (pod,) = _pods(core)
    metrics = f"http://{pod.status.pod_ip}:8080/metrics"

    def said() -> str:
        with urllib.request.urlopen(metrics, timeout=10) as answer:
            return str(answer.read().decode())

    eventually(lambda: "\nvectorizer_watch_events_total{" in said(), LONG)


def _pods(core: client.CoreV1Api) -> list[Any]:
    return list(core.list_namespaced_pod(SYSTEM_NAMESPACE).items)
