"""When a watch first showed what, in seconds of the monotonic clock of this process."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from vectorizer_api.conditions import ConditionType
from vectorizer_api.names import FINE_TUNE_LABEL
from vectorizer_operator.known import condition, is_true
from vectorizer_operator.kube import FINE_TUNES, JOBS

from scale.api_server import ApiServer, Body

__all__ = ["Sightings"]

_PATIENCE = 600.0
_JOBS_OF_RUNS = "app.kubernetes.io/managed-by=vectorizer-operator"


@dataclass
class Sightings:
    """By the name of the fine-tune: no two of a measurement share one, in whatever account they are."""

    job: dict[str, float] = field(default_factory=dict)
    """Its first Job was there."""
    started: dict[str, float] = field(default_factory=dict)
    """Its first Job was unsuspended: then the credentials are minted and in place."""
    running: dict[str, float] = field(default_factory=dict)
    """Its status said that it runs."""
    ended: dict[str, float] = field(default_factory=dict)
    """Its status said how it ended."""
    gone: dict[str, float] = field(default_factory=dict)
    """It was deleted."""
    failed: dict[str, str] = field(default_factory=dict)
    """Why, of those that failed."""
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    @asynccontextmanager
    async def watching(self, api: ApiServer) -> AsyncIterator[None]:
        """Watch all fine-tunes and their Jobs while the context lasts."""
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._follow_fine_tunes(api)), group.create_task(self._follow_jobs(api))]
            try:
                yield
            finally:
                for task in tasks:
                    task.cancel()

    async def until(self, name: str, moments: dict[str, float]) -> float:
        """Wait until a fine-tune is in one of the tables above; the moment. Raises TimeoutError after ten minutes."""
        async with asyncio.timeout(_PATIENCE), self._changed:
            await self._changed.wait_for(lambda: name in moments)
        return moments[name]

    async def _follow_fine_tunes(self, api: ApiServer) -> None:
        async for type_, body in api.follow(FINE_TUNES.path()):
            now, name, status = time.monotonic(), body["metadata"]["name"], body.get("status") or {}
            if type_ == "DELETED":
                self.gone.setdefault(name, now)
            if is_true(body, ConditionType.RUNNING):
                self.running.setdefault(name, now)
            if "completionTime" in status:
                self.ended.setdefault(name, now)
                if (failed := condition(body, ConditionType.FAILED)) is not None:
                    self.failed[name] = failed["message"]
            await self._tell()

    async def _follow_jobs(self, api: ApiServer) -> None:
        async for _, job in api.follow(JOBS.path(), labelSelector=_JOBS_OF_RUNS):
            self._note_job(job, time.monotonic())
            await self._tell()

    def _note_job(self, job: Body, now: float) -> None:
        name = job["metadata"]["labels"][FINE_TUNE_LABEL]
        self.job.setdefault(name, now)
        if not job["spec"].get("suspend"):
            self.started.setdefault(name, now)

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()
