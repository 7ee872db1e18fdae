"""Bind pending pods to the one node that there is, while they fit."""

import asyncio
import logging
from collections.abc import Callable, Iterable

from vectorizer_dev.process_node.api import ApiError, KubernetesApi, persistently
from vectorizer_dev.process_node.capacity import Capacity
from vectorizer_dev.process_node.pod import Pod
from vectorizer_dev.process_node.status import now

logger = logging.getLogger(__name__)


class Scheduler:
    """Keeps the pending pods and binds the oldest that fit, whenever something changes."""

    def __init__(self, api: KubernetesApi, node: str, capacity: Capacity, on_node: Callable[[], Iterable[Pod]]) -> None:
        self._api = api
        self._node = node
        self._capacity = capacity
        self._on_node = on_node
        self._pending: dict[str, Pod] = {}
        self._bound: dict[str, Pod] = {}
        self._told: dict[str, str] = {}
        self._something_changed = asyncio.Event()

    def look_again(self) -> None:
        """Take note that room may have become free."""
        self._something_changed.set()

    async def follow_pending(self) -> None:
        """Keep the pending pods up to date, for ever."""
        query = {"fieldSelector": "spec.nodeName=,spec.schedulerName=default-scheduler,status.phase=Pending"}
        async for change in self._api.follow("/api/v1/pods", query):
            pod = Pod.model_validate(change.item)
            if change.is_gone or pod.metadata.deletion_timestamp or pod.spec.scheduling_gates:
                self._pending.pop(pod.metadata.uid, None)
                self._told.pop(pod.metadata.uid, None)
            else:
                self._pending[pod.metadata.uid] = pod
            self._something_changed.set()

    async def bind(self) -> None:
        """Bind what fits after each change, for ever."""
        while True:
            await self._something_changed.wait()
            self._something_changed.clear()
            for pod in list(self._pending.values()):
                await self._consider(pod)

    async def _consider(self, pod: Pod) -> None:
        neighbours = self._neighbours()
        if pod.metadata.uid in neighbours:
            return
        obstacle = self._capacity.obstacle(pod, neighbours.values())
        try:
            await persistently(lambda: self._explain(pod, obstacle) if obstacle else self._bind(pod))
        except ApiError as error:
            # Deleted or bound meanwhile: the watch tells.
            logger.info("pod %s was not bound: %s", pod.path, error)

    def _neighbours(self) -> dict[str, Pod]:
        """Return the unfinished pods of the node, those included whose binding the node has not heard of yet."""
        seen = {pod.metadata.uid: pod for pod in self._on_node()}
        self._bound = {uid: pod for uid, pod in self._bound.items() if uid not in seen and uid in self._pending}
        return self._bound | {uid: pod for uid, pod in seen.items() if not pod.is_finished}

    async def _bind(self, pod: Pod) -> None:
        metadata = {"name": pod.metadata.name, "namespace": pod.metadata.namespace, "uid": pod.metadata.uid}
        target = {"apiVersion": "v1", "kind": "Node", "name": self._node}
        binding = {"apiVersion": "v1", "kind": "Binding", "metadata": metadata, "target": target}
        await self._api.create(f"{pod.path}/binding", binding)
        self._bound[pod.metadata.uid] = pod

    async def _explain(self, pod: Pod, obstacle: str) -> None:
        if self._told.get(pod.metadata.uid) == obstacle:
            return
        condition = {
            "type": "PodScheduled",
            "status": "False",
            "reason": "Unschedulable",
            "message": f"0/1 nodes are available: 1 {obstacle}.",
            "lastTransitionTime": now(),
        }
        await self._api.patch(f"{pod.path}/status", {"status": {"conditions": [condition]}})
        self._told[pod.metadata.uid] = obstacle
