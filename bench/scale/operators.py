"""The operator's process as it is shipped, elected by the Lease, and what it tells of itself."""

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import aiohttp
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample
from vectorizer_api.content import ContentType
from vectorizer_dev.cluster import DevelopmentCluster
from vectorizer_dev.component import Component, ComponentError
from vectorizer_dev.object_store import S3Account
from vectorizer_dev.platform import OPERATOR, SYSTEM_NAMESPACE, operator_environment
from vectorizer_dev.ports import free_port

from scale.process import cpu_seconds, resident_mib
from scale.waiting import until

__all__ = ["Figures", "Operator", "Operators"]

T = TypeVar("T")
_PATIENCE = 120.0
_OWN_KINDS = ("VectorizerFineTune", "CustomVectorizer")
_WRITING_VERBS = ("create", "patch", "delete")
_WRITING_OPERATIONS = ("PutObject", "CopyObject", "DeleteObjects")
_LEASES = "leases"


@dataclass(frozen=True)
class Figures:
    """What the operator's metrics told at one moment; counters count from its start."""

    samples: tuple[Sample, ...]

    @classmethod
    def read(cls, text: str) -> "Figures":
        """Read Prometheus' text format."""
        return cls(tuple(sample for family in text_string_to_metric_families(text) for sample in family.samples))

    def total(self, name: str, fits: Callable[[dict[str, str]], Any] = lambda _: True) -> float:
        """The sum over the series of a name whose labels fit."""
        return sum(sample.value for sample in self._of(name) if fits(sample.labels))

    @property
    def api_calls(self) -> dict[str, float]:
        """Requests to the API server by verb and resource, those for the Lease left out."""
        found: dict[str, float] = {}
        for sample in self._of("vectorizer_api_requests_total"):
            if sample.labels["resource"] != _LEASES:
                what = f"{sample.labels['verb']} {sample.labels['resource']}"
                found[what] = found.get(what, 0.0) + sample.value
        return found

    @property
    def s3_calls(self) -> dict[str, float]:
        """Requests to the object store and its STS by action."""
        found: dict[str, float] = {}
        for sample in self._of("vectorizer_storage_requests_total"):
            action = sample.labels["operation"]
            found[action] = found.get(action, 0.0) + sample.value
        return found

    @property
    def writes(self) -> float:
        """Writes to the API server and to the object store, the renewals of the Lease left out."""
        api = sum(count for what, count in self.api_calls.items() if what.partition(" ")[0] in _WRITING_VERBS)
        return api + sum(count for action, count in self.s3_calls.items() if action in _WRITING_OPERATIONS)

    @property
    def leads(self) -> bool:
        """Whether it holds the Lease."""
        return self.total("vectorizer_operator_leads") == 1

    @property
    def known(self) -> float:
        """The fine-tunes and vectorizers that it knows of."""
        return self.total("vectorizer_known_objects", lambda labels: labels["kind"] in _OWN_KINDS)

    @property
    def reconciles(self) -> float:
        """The reconciles that it has finished."""
        return self.total("vectorizer_reconcile_duration_seconds_count")

    @property
    def queued(self) -> float:
        """The objects that wait for a reconcile, or are in one."""
        return self.total("vectorizer_work_queue_depth") + self.total("vectorizer_work_queue_active")

    def _of(self, name: str) -> Iterator[Sample]:
        return (sample for sample in self.samples if sample.name == name)


@dataclass(frozen=True)
class Operator:
    """One process of it."""

    component: Component
    address: str
    started: float
    """When it was started, in seconds of the monotonic clock."""

    @property
    def rss(self) -> float:
        """MiB of memory that it holds."""
        return resident_mib(self.component.pid)

    @property
    def peak(self) -> float:
        """MiB of memory that it held at most."""
        return resident_mib(self.component.pid, "VmHWM")

    @property
    def cpu(self) -> float:
        """Seconds that it has computed."""
        return cpu_seconds(self.component.pid)

    async def figures(self) -> Figures:
        """What it tells now; empty where it does not answer, as before its start is done.

        Raises ComponentError where it has ended.
        """
        if self.component.exit_code is not None:
            raise ComponentError(f"the operator ended:\n{self.component.log_tail()}")
        try:
            async with aiohttp.request("GET", f"http://{self.address}/metrics") as answer:
                return Figures.read(await answer.text())
        except aiohttp.ClientError:
            return Figures(())

    async def until_standing_by(self) -> None:
        """Wait until it waits for the Lease that another one holds."""

        async def waits() -> bool:
            return "waits for the Lease" in self.component.log.read_text()

        await until("the operator waits for the Lease", waits, _PATIENCE)

    async def until_ended(self) -> None:
        """Wait until the process is gone."""

        async def ended() -> bool:
            return self.component.exit_code is not None

        await until("the operator ended", ended, _PATIENCE)

    async def until_leading(self) -> float:
        """Wait until it holds the Lease; the moment."""

        async def leads() -> bool:
            return (await self.figures()).leads

        await until("the operator leads", leads, _PATIENCE, every=0.05)
        return time.monotonic()

    async def until_reconciled(self, objects: int) -> float:
        """Wait until each of so many objects was reconciled and none waits; the moment.

        A look costs the operator time, too: there are two a second, so that the answer may be half a second late.
        """

        async def done() -> bool:
            told = await self.figures()
            return told.known >= objects and told.reconciles >= objects and not told.queued

        await until(f"{objects} objects are reconciled", done, 900, every=0.5)
        return time.monotonic()

    async def while_it_runs(self, work: Awaitable[T]) -> T:
        """What the work gives.

        Raises ComponentError where the process ends before that; the work is not gone on with.
        """
        doing = asyncio.ensure_future(work)
        while not doing.done():
            await asyncio.wait({doing}, timeout=1)
            if self.component.exit_code is not None and not doing.done():
                doing.cancel()
                await asyncio.wait({doing})
                raise ComponentError(f"the operator ended with {self.component.exit_code}")
        return doing.result()

    def kill(self) -> None:
        """End it by SIGKILL."""
        os.kill(self.component.pid, signal.SIGKILL)

    def ask_to_end(self) -> None:
        """Send it SIGTERM."""
        self.component.terminate()


class Operators:
    """Starts operators beside each other, one after the other, each with the settings that the chart gives it."""

    def __init__(self, cluster: DevelopmentCluster, account: S3Account, base: str) -> None:
        self._cluster, self._account, self._base = cluster, account, base
        self._count = 0

    def start(self) -> Operator:
        """Start one more, without waiting for anything."""
        self._count += 1
        address = f"127.0.0.1:{free_port()}"
        environment = {
            **operator_environment(self._cluster, self._account, address),
            "VECTORIZER_BASES": json.dumps({ContentType.TEXT.value: self._base}),
            "VECTORIZER_LEASE": f"{SYSTEM_NAMESPACE}/{OPERATOR}",
            "VECTORIZER_MAX_RUNS": "",
        }
        command = [sys.executable, "-m", "vectorizer_operator"]
        component = self._cluster.components.start(f"operator-{self._count}", command, environment)
        return Operator(component, address, time.monotonic())
