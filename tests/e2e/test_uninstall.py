"""The end of a release on a real node; this file is the last one, since all others need what it takes away."""

import pytest
from kubernetes import client
from vectorizer_dev.helm import Helm
from vectorizer_dev.platform import OPERATOR, SYSTEM_NAMESPACE
from vectorizer_dev.waiting import eventually

LONG = 300.0

pytestmark = pytest.mark.timeout(1500)


def test_helm_takes_the_operator_away_and_no_pod_is_left(release: Helm, core: client.CoreV1Api) -> None:
    release("uninstall", OPERATOR, f"--namespace={SYSTEM_NAMESPACE}", "--wait", "--timeout=5m")
    eventually(lambda: not core.list_namespaced_pod(SYSTEM_NAMESPACE).items, LONG)
