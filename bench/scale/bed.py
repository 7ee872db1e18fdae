"""The cluster that is measured on: real servers, accounts, the actors that play the nodes, and requests of people."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml
from vectorizer_api import API_VERSION
from vectorizer_api.names import MAX_RUNS_LABEL, vectorizer_object_name
from vectorizer_dev.accounts import create_account
from vectorizer_dev.acted_run import PARKED
from vectorizer_dev.cluster import DevelopmentCluster
from vectorizer_dev.component import Component
from vectorizer_dev.platform import apply_manifests, create_operator_account, publish_bases
from vectorizer_operator.kube import FINE_TUNES, NAMESPACES, VECTORIZERS

from scale.acting import HELD
from scale.api_server import Access, ApiServer
from scale.operators import Operators
from scale.sightings import Sightings

__all__ = ["AT_ONCE", "Bed", "RunFailedError", "prepare"]

ACCOUNTS = 10
"""Among which the fine-tunes are spread."""
AT_ONCE = 50
"""Lives that are under way at a time where the throughput is measured."""
_DIMENSION = 384
_MANY_RUNS = {MAX_RUNS_LABEL: "1000"}
"""An account's usual limit of runs would be what is measured."""


class RunFailedError(Exception):
    """A run that was to succeed has failed: nothing that is measured of it counts."""


@dataclass(frozen=True)
class Stage:
    """What is prepared before the event loop starts."""

    cluster: DevelopmentCluster
    operators: Operators
    access: Access
    actors: Component


@dataclass(frozen=True)
class Bed:
    """What is measured on, from the event loop."""

    operators: Operators
    api: ApiServer
    sightings: Sightings
    actors: Component

    @classmethod
    @asynccontextmanager
    async def open(cls, stage: Stage) -> "AsyncIterator[Bed]":
        """Connect and watch until the context is left."""
        async with ApiServer.open(stage.access) as api:
            sightings = Sightings()
            async with sightings.watching(api):
                yield cls(stage.operators, api, sightings, stage.actors)

    async def ask(self, name: str, account: str = "", **spec: object) -> float:
        """Create a fine-tune in the account, by default in one of several by its name; when it was sent."""
        usual = {"contentType": "Text", "customVectorizerName": name, "downloadFromBatchCloudFolder": True}
        body = {
            "apiVersion": API_VERSION,
            "kind": FINE_TUNES.kind,
            "metadata": {"name": name},
            "spec": {**usual, **spec},
        }
        sent = time.monotonic()
        await self.api.create(FINE_TUNES.path(account or account_of(name)), body)
        return sent

    async def live(self, name: str) -> float:
        """Ask for a fine-tune and wait until it has ended well; the seconds. Raises RunFailedError."""
        sent = await self.ask(name)
        ended = await self.sightings.until(name, self.sightings.ended)
        self._check(name)
        return ended - sent

    async def live_and_go(self, name: str) -> None:
        """The same, and the fine-tune's end: it expires, and its vectorizer is deleted. Raises RunFailedError."""
        await self.ask(name, ttlSecondsAfterFinished=0)
        await self.sightings.until(name, self.sightings.gone)
        self._check(name)
        await self.api.delete(VECTORIZERS.path(account_of(name), vectorizer_object_name(name)))

    async def hold(self, names: list[str]) -> None:
        """Begin runs that go on until `let_go`, and wait until each is said to run."""
        for name in names:
            await self.ask(name)
        await asyncio.gather(*(self.sightings.until(name, self.sightings.running) for name in names))

    async def let_go(self, names: list[str]) -> None:
        """End the runs that are held, and wait until each has ended well. Raises RunFailedError."""
        os.kill(self.actors.pid, signal.SIGUSR1)
        await asyncio.gather(*(self.sightings.until(name, self.sightings.ended) for name in names))
        for name in names:
            self._check(name)

    async def allow_many_runs(self) -> None:
        """Lift the limit of runs of the accounts among which fine-tunes are spread."""
        for account in _accounts():
            await self.api.merge(NAMESPACES.path(None, account), {"metadata": {"labels": _MANY_RUNS}})

    async def there(self) -> int:
        """The fine-tunes and vectorizers that exist."""
        lists = [await self.api.get(kind.path()) for kind in (FINE_TUNES, VECTORIZERS)]
        return sum(len(found["items"]) for found in lists)

    def _check(self, name: str) -> None:
        if name in self.sightings.failed:
            raise RunFailedError(f"{name} failed: {self.sightings.failed[name]}")


def held(names: str, count: int) -> list[str]:
    """Names of so many fine-tunes that are held."""
    return [f"{HELD}{names}-{index}" for index in range(count)]


def account_of(name: str) -> str:
    """The account that a fine-tune is asked for in; those of one kind are spread evenly."""
    return f"scale-{int(name.rpartition('-')[2]) % ACCOUNTS}"


def prepare(cluster: DevelopmentCluster, base: Path, *more_accounts: str) -> Stage:
    """Install the API, the base of texts and the accounts, and start the actors; the operator is not started.

    Raises ComponentError where the actors do not start, CalledProcessError where a manifest is refused.
    """
    apply_manifests(cluster)
    publish_bases(cluster.object_store.client(), [base])
    offer = {"default": "parked", "profiles": {"parked": {"nodeSelector": PARKED}}}
    (cluster.folder / "profiles.yaml").write_text(yaml.safe_dump(offer))
    api, store = cluster.api_client(), cluster.object_store
    for name in (*_accounts(), *more_accounts):
        create_account(name, api=api, store=store.client(), admin=store.admin())
    operators = Operators(cluster, create_operator_account(cluster), base.name)
    plane = cluster.control_plane
    access = Access(plane.api.url, plane.authority.certificate_file, plane.admin.certificate, plane.admin.key)
    return Stage(cluster, operators, access, _start_actors(cluster, access))


def _accounts() -> list[str]:
    return [f"scale-{index}" for index in range(ACCOUNTS)]


def _start_actors(cluster: DevelopmentCluster, access: Access) -> Component:
    command = [
        sys.executable,
        "-m",
        "scale.acting",
        f"--url={access.url}",
        f"--authority={access.authority}",
        f"--certificate={access.certificate}",
        f"--key={access.key}",
        f"--dimension={_DIMENSION}",
    ]
    return cluster.components.start("actors", command, {"PYTHONPATH": str(Path(__file__).parents[1])})
