from typing import Any

import pytest
from vectorizer_dev.process_node.pod import Pod
from vectorizer_dev.process_node.pod_life import unsupported


def pod(**changes: Any) -> Pod:
    container = {"name": "main", "command": ["true"], **changes.pop("container", {})}
    spec = {"restartPolicy": "Never", "containers": [container], **changes}
    return Pod.model_validate({"metadata": {"name": "p", "namespace": "n", "uid": "u"}, "spec": spec})


class TestUnsupported:
    def test_is_empty_for_the_pod_of_a_job(self) -> None:
        assert unsupported(pod()) == ""

    def test_is_empty_for_the_pod_of_a_deployment(self) -> None:
        assert unsupported(pod(restartPolicy="Always")) == ""

    @pytest.mark.parametrize(
        ("changes", "reason"),
        [
            ({"restartPolicy": "OnFailure"}, "restartPolicy Never or Always"),
            ({"initContainers": [{"name": "first"}]}, "no init containers"),
            ({"container": {"command": []}}, "set its command"),
            ({"container": {"envFrom": [{"secretRef": {"name": "s"}}]}}, "envFrom"),
        ],
    )
    def test_says_what_the_node_cannot_do(self, changes: dict[str, Any], reason: str) -> None:
        assert reason in unsupported(pod(**changes))
