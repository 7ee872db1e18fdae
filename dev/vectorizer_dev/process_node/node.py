"""The node: registers itself and gives each of its pods a life."""

import asyncio
import logging
import platform
from collections.abc import Callable, Iterable
from pathlib import Path

from vectorizer_dev.process_node import status
from vectorizer_dev.process_node.api import ApiError, Change, KubernetesApi, persistently
from vectorizer_dev.process_node.capacity import Capacity
from vectorizer_dev.process_node.pod import Pod
from vectorizer_dev.process_node.pod_life import PodLife

logger = logging.getLogger(__name__)

CONFLICT = 409


class ProcessNode:
    """Follows the pods that are bound to it."""

    def __init__(self, name: str, api: KubernetesApi, folder: Path, capacity: Capacity, log_port: int) -> None:
        self._name = name
        self._api = api
        self._folder = folder
        self._capacity = capacity
        self._log_port = log_port
        self._pods: dict[str, Pod] = {}
        self._lives: dict[str, PodLife] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.room_changed: Callable[[], None] = lambda: None

    def pods(self) -> Iterable[Pod]:
        """Return the pods bound to this node as they were last seen."""
        return list(self._pods.values())

    def life(self, namespace: str, name: str) -> PodLife | None:
        """Return the life of a pod of this node."""
        for uid, pod in self._pods.items():
            if (pod.metadata.namespace, pod.metadata.name) == (namespace, name):
                return self._lives[uid]
        return None

    async def register(self) -> None:
        """Create the Node object, or take over the one that an earlier process made, and report it ready."""
        node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": self._name, "labels": self._capacity.labels}}
        try:
            await persistently(lambda: self._api.create("/api/v1/nodes", node))
        except ApiError as error:
            if error.status != CONFLICT:
                raise
        ready = {"type": "Ready", "status": "True", "reason": "ProcessNodeReady", "message": "takes pods"}
        quantities = self._capacity.as_quantities()
        report = {
            "capacity": quantities,
            "allocatable": quantities,
            "addresses": [{"type": "InternalIP", "address": status.ADDRESS}],
            "conditions": [{**ready, "lastHeartbeatTime": status.now(), "lastTransitionTime": status.now()}],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": self._log_port}},
            "nodeInfo": _node_info(),
        }
        await persistently(lambda: self._api.patch(f"/api/v1/nodes/{self._name}/status", {"status": report}))

    async def follow_pods(self) -> None:
        """Run the pods bound to this node, for ever."""
        query = {"fieldSelector": f"spec.nodeName={self._name}"}
        async for change in self._api.follow("/api/v1/pods", query):
            self._take(change)
            self.room_changed()

    def _take(self, change: Change) -> None:
        pod = Pod.model_validate(change.item)
        uid = pod.metadata.uid
        if change.is_gone:
            self._pods.pop(uid, None)
            if life := self._lives.pop(uid, None):
                life.vanish()
            return
        self._pods[uid] = pod
        life = self._lives.get(uid) or self._begin(pod)
        if pod.metadata.deletion_timestamp:
            life.ask_to_end(pod.metadata.deletion_grace_period_seconds or 0)

    def _begin(self, pod: Pod) -> PodLife:
        metadata = pod.metadata
        folder = self._folder / f"{metadata.namespace}_{metadata.name}_{metadata.uid}"
        folder.mkdir(parents=True, exist_ok=True)
        life = self._lives[metadata.uid] = PodLife(pod, self._api, folder)
        task = asyncio.create_task(_to_the_end(life, pod))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return life


async def _to_the_end(life: PodLife, pod: Pod) -> None:
    try:
        await life.run()
    except Exception:
        # One pod that the node cannot handle must not end those beside it.
        logger.exception("the life of pod %s broke off", pod.path)


def _node_info() -> dict[str, str]:
    machine = platform.uname()
    return {
        "kubeletVersion": "process-node, not a kubelet",
        "kubeProxyVersion": "",
        "containerRuntimeVersion": "process://1",
        "osImage": platform.platform(),
        "kernelVersion": machine.release,
        "operatingSystem": "linux",
        "architecture": machine.machine,
        **dict.fromkeys(("machineID", "systemUUID", "bootID"), ""),
    }
