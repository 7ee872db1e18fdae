"""One pod's life on the node, from the mounting of its volumes to its final status."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

from vectorizer_dev.process_node import status
from vectorizer_dev.process_node.api import ApiError, KubernetesApi, persistently
from vectorizer_dev.process_node.container import ContainerProcess, StartError, termination_message
from vectorizer_dev.process_node.environment import Invocation, invocation
from vectorizer_dev.process_node.login import with_login
from vectorizer_dev.process_node.mounts import PathTranslation
from vectorizer_dev.process_node.pod import Pod
from vectorizer_dev.process_node.references import MissingReference, References
from vectorizer_dev.process_node.volumes import make_volumes, mount_places

MISSING_REFERENCE_DELAY = 1.0
"""Seconds between two looks for a Secret or ConfigMap that is not there."""
RESTART_DELAY = 1.0
"""Seconds before a container that ended is started again; a kubelet waits longer each time."""
CONFLICT, NOT_FOUND = 409, 404


class PodLife:
    """Runs one pod. The node tells it when the object's deletion is asked for and when the object is gone."""

    def __init__(self, pod: Pod, api: KubernetesApi, folder: Path) -> None:
        self._pod = pod
        self._api = api
        self._references = References(api, pod)
        self._folder = folder
        self._since = pod.status.start_time or status.now()
        self._deletion = asyncio.Event()
        self._grace = pod.spec.termination_grace_period_seconds
        self._process: ContainerProcess | None = None
        self._over = pod.is_finished
        self._outlived = False

    @property
    def log(self) -> Path:
        """Return the file that holds what the container writes."""
        return self._folder / "container.log"

    @property
    def is_over(self) -> bool:
        """Tell whether nothing more will be written to the log."""
        return self._over

    def ask_to_end(self, grace_seconds: int) -> None:
        """Take note that the object's deletion was asked for."""
        self._grace = grace_seconds
        self._deletion.set()

    def vanish(self) -> None:
        """End at once: the object is gone, so nobody may keep running in its name."""
        self.ask_to_end(0)
        if self._process:
            self._process.kill()

    async def run(self) -> None:
        """Run the pod to its end, report it, and remove the object where its deletion was asked for."""
        if not self._pod.is_finished:
            final_status = await self._final_status()
            self._over = True
            await self._report(final_status)
        await asyncio.to_thread(shutil.rmtree, self._folder / "volumes", ignore_errors=True)
        await self._deletion.wait()
        await self._tell(self._remove_object)

    async def _final_status(self) -> dict[str, Any]:
        if problem := unsupported(self._pod):
            return status.refused(self._since, problem)
        if self._pod.status.phase == "Running":
            message = "The node was restarted and its containers ended with it."
            return self._finished(status.UNKNOWN_END, "ContainerStatusUnknown", message)
        await self._report(status.waiting(self._pod, self._since, "ContainerCreating"))
        prepared = await self._unless_deleted(self._prepare())
        if prepared is None:
            return self._finished(status.UNKNOWN_END, "ContainerStatusUnknown", "Deleted before the container started.")
        return await self._run_container(prepared)

    async def _prepare(self) -> Invocation:
        """Make the volumes and the command line, however long what they refer to takes to appear."""
        told: set[str] = set()
        while True:
            try:
                return await persistently(self._try_to_prepare)
            except MissingReference as missing:
                if str(missing) not in told:
                    await self._tell(partial(self._post_mount_failure, str(missing)))
                told.add(str(missing))
            await asyncio.sleep(MISSING_REFERENCE_DELAY)

    async def _try_to_prepare(self) -> Invocation:
        volumes = await make_volumes(self._pod, self._references, self._folder / "volumes")
        self._message_file.touch()
        # A kubelet mounts the message file into the container as well, above the volumes.
        message_place = {self._pod.container.termination_message_path: self._message_file}
        places = PathTranslation({**mount_places(self._pod, volumes), **message_place})
        home = self._folder / "home"
        home.mkdir(exist_ok=True)
        prepared = await invocation(self._pod, self._references, places, home)
        return with_login(prepared, self._api.server, self._pod, volumes)

    async def _run_container(self, prepared: Invocation) -> dict[str, Any]:
        """Run the container until it may not run any more; return the pod's final status."""
        restarts = status.NO_RESTARTS
        while True:
            ended = await self._run_once(prepared, restarts)
            if self._pod.spec.restart_policy != "Always" or self._deletion.is_set():
                return ended
            terminated = ended["containerStatuses"][0]["state"]["terminated"]
            restarts = status.Restarts(restarts.count + 1, terminated)
            await self._report(status.backing_off(self._pod, self._since, restarts))
            if await self._unless_deleted(asyncio.sleep(RESTART_DELAY, prepared)) is None:
                return ended

    async def _run_once(self, prepared: Invocation, restarts: status.Restarts) -> dict[str, Any]:
        started = status.now()
        try:
            self._process = await ContainerProcess.start(prepared, self.log)
        except StartError as error:
            return self._finished(status.START_FAILED, "StartError", str(error))
        await self._report(status.running(self._pod, self._since, started, self._process.pid, restarts))
        stopping = asyncio.create_task(self._stop_in_time(self._process))
        outcome = await self._process.wait()
        stopping.cancel()
        policy = self._pod.container.termination_message_policy
        message = termination_message(self._message_file, policy, self.log, outcome.exit_code)
        ended = self._finished(outcome.exit_code, outcome.reason, message, started)
        return status.outlived(ended) if self._outlived else ended

    async def _stop_in_time(self, process: ContainerProcess) -> None:
        """End the process when its deletion is asked for, or when the pod's time on the node is over."""
        try:
            await asyncio.wait_for(self._deletion.wait(), self._pod.spec.active_deadline_seconds)
        except TimeoutError:
            self._outlived = True
        process.terminate()
        await asyncio.sleep(self._grace)
        process.kill()

    def _finished(self, exit_code: int, reason: str, message: str, started: str | None = None) -> dict[str, Any]:
        ending = status.Ending(exit_code, reason, message, started, status.now())
        return status.finished(self._pod, self._since, ending)

    @property
    def _message_file(self) -> Path:
        return self._folder / "termination-message"

    async def _unless_deleted(self, work: Awaitable[Invocation]) -> Invocation | None:
        preparing = asyncio.ensure_future(work)
        deleted = asyncio.create_task(self._deletion.wait())
        await asyncio.wait([preparing, deleted], return_when=asyncio.FIRST_COMPLETED)
        deleted.cancel()
        if preparing.done():
            return preparing.result()
        preparing.cancel()
        return None

    async def _report(self, new_status: dict[str, Any]) -> None:
        body = {"metadata": {"uid": self._pod.metadata.uid}, "status": new_status}
        await self._tell(lambda: self._api.patch(f"{self._pod.path}/status", body))

    async def _tell(self, call: Callable[[], Awaitable[object]]) -> None:
        """Make a call about the pod's object, which may be gone or replaced by another of its name by now."""
        try:
            await persistently(call)
        except ApiError as error:
            if error.status not in {NOT_FOUND, CONFLICT}:
                raise

    async def _remove_object(self) -> None:
        # What the kubelet does last: until then the API server keeps a deleted pod's object.
        options = {"gracePeriodSeconds": 0, "preconditions": {"uid": self._pod.metadata.uid}}
        await self._api.delete(self._pod.path, options)

    async def _post_mount_failure(self, message: str) -> None:
        metadata, moment = self._pod.metadata, status.now()
        event = {
            "metadata": {"generateName": f"{metadata.name}."},
            "involvedObject": {
                "kind": "Pod",
                "apiVersion": "v1",
                "name": metadata.name,
                "namespace": metadata.namespace,
                "uid": metadata.uid,
            },
            "type": "Warning",
            "reason": "FailedMount",
            "message": message,
            "firstTimestamp": moment,
            "lastTimestamp": moment,
            "count": 1,
            "source": {"component": "process-node", "host": self._pod.spec.node_name},
        }
        await self._api.create(f"/api/v1/namespaces/{metadata.namespace}/events", event)


def unsupported(pod: Pod) -> str:
    """Return why this node cannot run the pod, an empty string where it can."""
    spec = pod.spec
    if len(spec.containers) != 1 or spec.init_containers:
        return "The process node runs pods with exactly one container and no init containers."
    if spec.restart_policy not in {"Never", "Always"}:
        return "The process node runs pods with restartPolicy Never or Always only."
    if not pod.container.command:
        return "The process node has no images, so a container must set its command."
    if pod.container.env_from:
        return "The process node does not know envFrom."
    return ""
