"""Plays every node and every training of the cluster, as a process of its own.

python -m scale.acting --url … --authority … --certificate … --key … --dimension 384

A Pod of a training is told to run, then the smallest honest result is written with the run's own credentials, then the
Pod is told to have succeeded. What is not played takes its real course: Jobs, Pods, Secrets, credentials, files. A run
whose fine-tune is called `held-…` goes on, with a word of progress every ten seconds, until this process gets SIGUSR1.
"""

import argparse
import asyncio
import signal
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import urllib3
from vectorizer_api.run import RunDescription, Stage
from vectorizer_dev.acted_run import ActedTraining, as_run

from scale.api_server import Access, ApiServer, Body

__all__ = ["HELD"]

HELD = "held-"
"""How the names of fine-tunes begin whose runs go on until they are told to end."""
_TRAININGS = "app.kubernetes.io/component=train"
_WORD_EVERY = 10.0
"""Seconds between two words of progress of a run that is held."""
_THREADS = 8


class Actors:
    """The Pods that are played, and the runs that wait to be told to end."""

    def __init__(self, api: ApiServer, dimension: int) -> None:
        self._api = api
        self._dimension = dimension
        self._connections = urllib3.PoolManager(maxsize=_THREADS)
        self._threads = ThreadPoolExecutor(_THREADS)
        self._playing: dict[str, asyncio.Task[None]] = {}
        self._end = asyncio.Event()

    def end_held(self) -> None:
        """Let the runs end that are held now."""
        self._end.set()
        self._end = asyncio.Event()

    def see(self, type_: str, pod: Body) -> None:
        """Begin to play a Pod that nobody plays yet."""
        uid = pod["metadata"]["uid"]
        if type_ == "DELETED":
            self._playing.pop(uid, None)
        elif uid not in self._playing and pod["status"].get("phase") == "Pending":
            task = asyncio.create_task(self._play(pod["metadata"]))
            task.add_done_callback(_tell_of_failure)
            self._playing[uid] = task

    async def _play(self, metadata: Body) -> None:
        namespace = f"/api/v1/namespaces/{metadata['namespace']}"
        shared = metadata["labels"]["job-name"]
        status = f"{namespace}/pods/{metadata['name']}/status"
        told, secret = await asyncio.gather(
            self._api.get(f"{namespace}/configmaps/{shared}"), self._api.get(f"{namespace}/secrets/{shared}")
        )
        if not told or not secret:
            return  # The run was deleted meanwhile.
        training = self._training(told["data"]["run.json"], secret["data"])
        await self._api.merge(status, _status("Running", {"running": {"startedAt": _now()}}))
        if training.description.fine_tune.startswith(HELD):
            await self._hold(training)
        await self._aside(training)
        ended = {"exitCode": 0, "reason": "Completed", "finishedAt": _now()}
        await self._api.merge(status, _status("Succeeded", {"terminated": ended}))

    def _training(self, description: str, secret: Mapping[str, str]) -> ActedTraining:
        run = RunDescription.model_validate_json(description)
        return ActedTraining(run, as_run(run.s3, secret, self._connections))

    async def _hold(self, training: ActedTraining) -> None:
        end, loop, percent = self._end, asyncio.get_running_loop(), 0.0
        while not end.is_set():
            percent = min(99.0, percent + 0.5)
            await loop.run_in_executor(self._threads, training.say, Stage.ADAPTING, percent)
            try:
                await asyncio.wait_for(end.wait(), _WORD_EVERY)
            except TimeoutError:
                continue

    async def _aside(self, training: ActedTraining) -> None:
        """The files, written in a thread."""
        files = training.files(self._dimension)
        manifest = training.manifest(files, self._dimension)
        await asyncio.get_running_loop().run_in_executor(self._threads, training.leave, files, manifest)


def _status(phase: str, state: Body) -> Body:
    container = {"name": "train", "image": "", "imageID": "", "ready": False, "restartCount": 0, "state": state}
    return {"status": {"phase": phase, "containerStatuses": [container]}}


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _tell_of_failure(task: "asyncio.Task[None]") -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        print(f"a Pod was not played to its end: {type(error).__name__}: {error}", file=sys.stderr, flush=True)


async def _act(access: Access, dimension: int) -> None:
    async with ApiServer.open(access) as api:
        actors = Actors(api, dimension)
        asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, actors.end_held)
        async for type_, pod in api.follow("/api/v1/pods", labelSelector=_TRAININGS):
            actors.see(type_, pod)


def main() -> None:
    """Act until ended."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", required=True)
    for file in ("authority", "certificate", "key"):
        parser.add_argument(f"--{file}", type=Path, required=True)
    parser.add_argument("--dimension", type=int, required=True)
    given = parser.parse_args()
    asyncio.run(_act(Access(given.url, given.authority, given.certificate, given.key), given.dimension))


if __name__ == "__main__":
    main()
