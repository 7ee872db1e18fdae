"""Which of several operators works: the one that holds a Lease. Who cannot prove that it holds it, does nothing.

A process goes by its own clock alone, from the moments at which it saw the Lease change: clocks of two machines may be
minutes apart, and the times in the Lease are for people. The holder stops `HELD_SECONDS` after its last renewal was
sent; others take the Lease once they have seen no renewal for `LEASE_SECONDS`. What lies between is for what the holder
has sent already.
"""

import asyncio
import logging
import math
import time
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Protocol

from vectorizer_operator.errors import Denied, LeadershipLost, SettingsError, Stale, Unavailable
from vectorizer_operator.kube import LEASES, Kube, Object

__all__ = ["Alone", "Election", "Leadership", "boot_seconds", "while_kept"]

LEASE_SECONDS = 10
"""How long others wait for a renewal."""
HELD_SECONDS = 7.0
"""How long a renewal lets its sender work."""
PAUSE_SECONDS = 1.5
"""Between two attempts to take or to renew."""
REQUEST_SECONDS = 3.0
"""For one request about the Lease, so that a renewal which hangs leaves time for another one."""

log = logging.getLogger(__name__)


class Leadership(Protocol):
    """The right to write."""

    @property
    def held(self) -> bool:
        """Whether it is held at this moment."""

    def assert_held(self) -> None:
        """Raises LeadershipLost where it is not: called before each write."""

    async def win(self) -> None:
        """Return once it is held."""

    async def keep(self) -> None:
        """Hold it for as long as possible, then raise LeadershipLost."""

    async def release(self) -> None:
        """Let another one have it at once."""


class Alone:
    """The leadership of an operator beside which there is no other."""

    held = True

    def assert_held(self) -> None:
        """Always."""

    async def win(self) -> None:
        """At once."""

    async def keep(self) -> None:
        """For ever."""
        await asyncio.Event().wait()

    async def release(self) -> None:
        """To nobody."""


async def while_kept(keeping: asyncio.Task[None], work: Coroutine[None, None, None]) -> None:
    """Do the work; `keeping` is what holds the leadership meanwhile.

    Raises:
        LeadershipLost: where that has ended; the work is not gone on with.

    """
    doing = asyncio.create_task(work)
    await asyncio.wait({doing, keeping}, return_when=asyncio.FIRST_COMPLETED)
    if keeping.done():
        doing.cancel()
        keeping.result()
    await doing


def boot_seconds() -> float:
    """Seconds since the machine started, those included in which it slept."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Election:
    """The leadership that goes with a Lease."""

    def __init__(
        self, kube: Kube, namespace: str, name: str, identity: str, clock: Callable[[], float] = boot_seconds
    ) -> None:
        """Takes a connection of its own, since that of the work is closed to those who do not lead."""
        self._kube = kube
        self._namespace = namespace
        self._name = name
        self._identity = identity
        self._clock = clock
        self._until = -math.inf
        self._seen: str | None = None
        """The version of the Lease that another one held when it was last seen to change."""
        self._seen_at = -math.inf

    @property
    def held(self) -> bool:
        """See Leadership."""
        return self._clock() < self._until

    def assert_held(self) -> None:
        """See Leadership."""
        if not self.held:
            raise LeadershipLost(f"the Lease {self._namespace}/{self._name} is not held any more")

    async def win(self) -> None:
        """See Leadership; an API server that does not answer is waited for.

        Raises:
            SettingsError: where the API server does not let this operator have the Lease at all.

        """
        log.info("%s waits for the Lease %s/%s", self._identity, self._namespace, self._name)
        try:
            while True:
                if await self._taken():
                    break
                await asyncio.sleep(PAUSE_SECONDS)
        except Denied as error:
            raise SettingsError(f"the Lease {self._namespace}/{self._name}: {error}") from error
        log.info("%s leads", self._identity)

    async def keep(self) -> None:
        """See Leadership."""
        while True:
            await asyncio.sleep(PAUSE_SECONDS)
            self.assert_held()  # A process that was frozen must not renew what another one may have had meanwhile.
            await self._taken()
            self.assert_held()

    async def release(self) -> None:
        """See Leadership; nothing is written from here on."""
        if not self.held:
            return
        self._until = -math.inf
        try:
            while not await self._given_up():
                pass
        except Unavailable as error:
            log.warning("the Lease was not released: %s", error)

    async def _given_up(self) -> bool:
        """Try once to make it nobody's; False where a renewal that was cut off arrived in between."""
        lease = await self._kube.get(LEASES, self._namespace, self._name)
        if lease is None or _holder(lease) != self._identity:
            return True
        try:
            await self._write(lease, {"holderIdentity": "", "renewTime": _now()})
        except Stale:
            return False
        return True

    async def _taken(self) -> bool:
        """Try once to take or renew the Lease; whether it is held now."""
        began = self._clock()
        try:
            if not await self._write_own():
                self._until = -math.inf
                return False
        except Stale:  # Another one was quicker.
            return False
        except Unavailable as error:
            log.warning("the Lease: %s", error)
            return False
        self._until = began + HELD_SECONDS
        return self.held

    async def _write_own(self) -> bool:
        lease = await self._kube.get(LEASES, self._namespace, self._name)
        if lease is None:
            metadata = {"name": self._name, "namespace": self._namespace}
            spec = self._spec({})
            body = {"apiVersion": LEASES.api_version, "kind": LEASES.kind, "metadata": metadata, "spec": spec}
            await self._kube.create(LEASES, body)
            return True
        if not self._may_take(lease):
            return False
        return await self._write(lease, self._spec(lease["spec"])) is not None

    def _may_take(self, lease: Object) -> bool:
        """Whether it is free, its own, or has seen no renewal for as long as it promised one."""
        if _holder(lease) in ("", self._identity):
            return True
        version = str(lease["metadata"]["resourceVersion"])
        if version != self._seen:
            self._seen, self._seen_at = version, self._clock()
        promised = max(LEASE_SECONDS, int(lease["spec"].get("leaseDurationSeconds") or 0))
        return self._clock() - self._seen_at >= promised

    def _spec(self, before: Object) -> Object:
        own = before.get("holderIdentity") == self._identity
        changes = int(before.get("leaseTransitions") or 0)
        return {
            "holderIdentity": self._identity,
            "leaseDurationSeconds": LEASE_SECONDS,
            "acquireTime": before.get("acquireTime") if own else _now(),
            "renewTime": _now(),
            "leaseTransitions": changes if own or not before else changes + 1,
        }

    async def _write(self, lease: Object, spec: Object) -> Object | None:
        """Only where nobody wrote since it was read."""
        patch = {"metadata": {"resourceVersion": lease["metadata"]["resourceVersion"]}, "spec": spec}
        return await self._kube.merge(LEASES, self._namespace, self._name, patch)


def _holder(lease: Object) -> str:
    return str((lease.get("spec") or {}).get("holderIdentity") or "")


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
