from typing import Any

from vectorizer_dev.process_node.capacity import Capacity, requests
from vectorizer_dev.process_node.pod import Pod

TWO_CORES = Capacity({"cpu": 2.0, "memory": 8.0 * 2**30, "pods": 3.0}, {"disk": "fast"})


def pod(**spec: Any) -> Pod:
    resources = spec.pop("resources", {})
    container = {"name": "main", "resources": resources}
    metadata = {"name": "p", "namespace": "n", "uid": "u"}
    return Pod.model_validate({"metadata": metadata, "spec": {"containers": [container], **spec}})


class TestObstacle:
    def test_is_none_where_a_pod_fits_exactly(self) -> None:
        one_core = pod(resources={"requests": {"cpu": "1"}})
        assert TWO_CORES.obstacle(one_core, [one_core]) == ""

    def test_names_the_resource_that_others_have_taken(self) -> None:
        one_core = pod(resources={"requests": {"cpu": "1"}})
        assert TWO_CORES.obstacle(one_core, [one_core, one_core]) == "Insufficient cpu"

    def test_names_a_resource_that_the_node_does_not_have(self) -> None:
        assert (
            TWO_CORES.obstacle(pod(resources={"limits": {"nvidia.com/gpu": "1"}}), []) == "Insufficient nvidia.com/gpu"
        )

    def test_counts_pods(self) -> None:
        assert TWO_CORES.obstacle(pod(), [pod()] * 3) == "Too many pods"

    def test_heeds_the_node_selector(self) -> None:
        assert TWO_CORES.obstacle(pod(nodeSelector={"disk": "fast"}), []) == ""
        assert "node affinity/selector" in TWO_CORES.obstacle(pod(nodeSelector={"disk": "slow"}), [])


class TestRequests:
    def test_take_a_limit_for_a_request_that_is_missing(self) -> None:
        asked = requests(pod(resources={"limits": {"cpu": "2", "memory": "1Gi"}, "requests": {"cpu": "500m"}}))
        assert asked == {"pods": 1.0, "cpu": 0.5, "memory": 2.0**30}

    def test_leave_out_disk_which_the_node_does_not_ration(self) -> None:
        assert requests(pod(resources={"limits": {"ephemeral-storage": "20Gi"}})) == {"pods": 1.0}
