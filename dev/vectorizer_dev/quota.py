"""Quota as an administrator of Kueue gives it: a ClusterQueue of processors, and the LocalQueues that lead to it."""

from dataclasses import dataclass
from typing import Any

from kubernetes import client

from vectorizer_dev.waiting import eventually

GROUP, VERSION = "kueue.x-k8s.io", "v1beta2"
_FLAVOR = "any-node"
_CONFLICT = 409


@dataclass(frozen=True)
class ClusterQueue:
    """Quota for as many runs at a time as it has processors, where a run asks for one."""

    api: client.ApiClient
    name: str

    @classmethod
    def make(cls, api: client.ApiClient, name: str, processors: int) -> "ClusterQueue":
        """Create it; those of higher priority take the quota of others in it."""
        queue = cls(api, name)
        queue._create_flavor()
        spec = {
            "namespaceSelector": {},
            "preemption": {"withinClusterQueue": "LowerPriority"},
            "resourceGroups": _groups(processors),
        }
        queue._objects.create_cluster_custom_object(GROUP, VERSION, "clusterqueues", _body("ClusterQueue", name, spec))
        return queue

    def grant(self, processors: int) -> None:
        """Change the quota."""
        patch = {"spec": {"resourceGroups": _groups(processors)}}
        self._objects.patch_cluster_custom_object(GROUP, VERSION, "clusterqueues", self.name, patch)

    def open_in(self, namespace: str, name: str) -> None:
        """Create a LocalQueue that leads here, and wait until it does."""
        body = _body("LocalQueue", name, {"clusterQueue": self.name})
        self._objects.create_namespaced_custom_object(GROUP, VERSION, namespace, "localqueues", body)
        eventually(lambda: self._is_open(namespace, name))

    def reserved(self) -> int:
        """How many workloads hold quota of it now."""
        return int(self._status().get("reservingWorkloads", 0))

    @property
    def _objects(self) -> client.CustomObjectsApi:
        return client.CustomObjectsApi(self.api)

    def _status(self) -> dict[str, Any]:
        found: Any = self._objects.get_cluster_custom_object(GROUP, VERSION, "clusterqueues", self.name)
        status: dict[str, Any] = found.get("status", {})
        return status

    def _is_open(self, namespace: str, name: str) -> bool:
        found: Any = self._objects.get_namespaced_custom_object(GROUP, VERSION, namespace, "localqueues", name)
        conditions = found.get("status", {}).get("conditions", [])
        return any(item["type"] == "Active" and item["status"] == "True" for item in conditions)

    def _create_flavor(self) -> None:
        try:
            self._objects.create_cluster_custom_object(
                GROUP, VERSION, "resourceflavors", _body("ResourceFlavor", _FLAVOR, {})
            )
        except client.ApiException as error:
            if error.status != _CONFLICT:
                raise


def _body(kind: str, name: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": f"{GROUP}/{VERSION}", "kind": kind, "metadata": {"name": name}, "spec": spec}


def _groups(processors: int) -> list[dict[str, Any]]:
    quotas = [{"name": "cpu", "nominalQuota": processors}, {"name": "memory", "nominalQuota": "1Ti"}]
    flavors = [{"name": _FLAVOR, "resources": quotas}]
    return [{"coveredResources": ["cpu", "memory"], "flavors": flavors}]
