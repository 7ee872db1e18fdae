"""What the node offers and whether a pod fits beside those that it runs."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from vectorizer_dev.process_node.pod import Pod
from vectorizer_dev.process_node.quantity import parse_quantity

MAX_PODS = 20


@dataclass(frozen=True)
class Capacity:
    """Allocatable resources and labels of the node."""

    resources: Mapping[str, float]
    """cpu in cores, memory in bytes, pods."""
    labels: Mapping[str, str]

    @classmethod
    def of_this_machine(cls, labels: Mapping[str, str]) -> "Capacity":
        """Return all that this machine has."""
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        return cls({"cpu": float(os.cpu_count() or 1), "memory": float(memory), "pods": float(MAX_PODS)}, labels)

    def as_quantities(self) -> dict[str, str]:
        """Return the resources as a Node's status has them."""
        return {name: f"{amount:.0f}" for name, amount in self.resources.items()}

    def obstacle(self, pod: Pod, beside: Iterable[Pod]) -> str:
        """Return in the scheduler's words why the pod does not fit, an empty string where it does."""
        if not pod.spec.node_selector.items() <= self.labels.items():
            return "node(s) didn't match Pod's node affinity/selector"
        neighbours = list(beside)
        for resource, wanted in requests(pod).items():
            taken = sum(requests(other).get(resource, 0.0) for other in neighbours)
            if taken + wanted > self.resources.get(resource, 0.0):
                return "Too many pods" if resource == "pods" else f"Insufficient {resource}"
        return ""


def requests(pod: Pod) -> dict[str, float]:
    """Return what a pod asks for in all, itself as one of `pods` included."""
    total = {"pods": 1.0}
    for container in pod.spec.containers:
        # A limit without a request counts as the request.
        for name, amount in (container.resources.limits | container.resources.requests).items():
            if name != "ephemeral-storage":
                total[name] = total.get(name, 0.0) + parse_quantity(amount)
    return total
