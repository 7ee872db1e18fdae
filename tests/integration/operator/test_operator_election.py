"""Who may write: the holder of a Lease of the real API server, by clocks that stand still until they are told."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from kubernetes.aio import config
from kubernetes.aio.client import ApiClient, Configuration
from vectorizer_dev.platform import BASES_BUCKET, Platform
from vectorizer_operator.election import HELD_SECONDS, LEASE_SECONDS, Election
from vectorizer_operator.errors import LeadershipLost, SettingsError
from vectorizer_operator.kube import LEASES, SECRETS, Kind, Kube, Object
from vectorizer_operator.settings import Settings
from vectorizer_operator.storage import Storage

SYSTEM = "vectorizer-system"


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


async def _connected(kubeconfig: Path) -> Kube:
    configuration = Configuration()
    await config.load_kube_config(str(kubeconfig), client_configuration=configuration)  # type: ignore[no-untyped-call]
    return Kube(ApiClient(configuration), 10, lambda: None)


class TestLease:
    @pytest.fixture
    async def kube(self, platform: Platform) -> AsyncIterator[Kube]:
        kube = await _connected(platform.cluster.kubeconfig)
        yield kube
        await kube.close()

    @pytest.fixture
    def lease(self) -> str:
        return f"lease-{uuid.uuid4().hex[:8]}"

    def _candidate(self, kube: Kube, lease: str, name: str) -> tuple[Election, Clock]:
        clock = Clock()
        return Election(kube, SYSTEM, lease, name, clock), clock

    async def test_of_many_who_want_a_new_lease_one_gets_it(self, kube: Kube, lease: str) -> None:
        candidates = [self._candidate(kube, lease, f"c{number}")[0] for number in range(8)]
        waiting = [asyncio.create_task(candidate.win()) for candidate in candidates]
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        assert [candidate.held for candidate in candidates].count(True) == 1
        for task in waiting:
            task.cancel()

    async def test_the_holder_may_write_for_a_while_after_its_last_renewal_and_no_longer(
        self, kube: Kube, lease: str
    ) -> None:
        holder, clock = self._candidate(kube, lease, "holder")
        await holder.win()
        clock.now += HELD_SECONDS - 0.1
        holder.assert_held()
        clock.now += 0.1
        with pytest.raises(LeadershipLost, match=f"{SYSTEM}/{lease}"):
            holder.assert_held()

    async def test_one_that_was_frozen_does_not_renew(self, kube: Kube, lease: str) -> None:
        holder, clock = self._candidate(kube, lease, "holder")
        await holder.win()
        before = await kube.get(LEASES, SYSTEM, lease)
        clock.now += HELD_SECONDS
        with pytest.raises(LeadershipLost):
            await holder.keep()
        assert await kube.get(LEASES, SYSTEM, lease) == before

    async def test_others_wait_as_long_as_a_renewal_holds_from_when_they_saw_it(self, kube: Kube, lease: str) -> None:
        holder, _ = self._candidate(kube, lease, "holder")
        other, clock = self._candidate(kube, lease, "other")
        await holder.win()
        assert not await other._taken()
        clock.now += LEASE_SECONDS - 0.1
        assert not await other._taken()
        assert await holder._taken(), "a renewal"
        clock.now += 0.1
        assert not await other._taken()
        clock.now += LEASE_SECONDS
        assert await other._taken()
        assert not await holder._taken()
        assert not holder.held
        there = await kube.get(LEASES, SYSTEM, lease)
        assert there is not None
        assert (there["spec"]["holderIdentity"], there["spec"]["leaseTransitions"]) == ("other", 1)

    @pytest.mark.parametrize("renewed", ["2001-01-01T00:00:00.000000Z", "2101-01-01T00:00:00.000000Z"])
    async def test_what_another_clock_wrote_into_the_lease_decides_nothing(
        self, renewed: str, kube: Kube, lease: str
    ) -> None:
        spec = {"holderIdentity": "elsewhere", "leaseDurationSeconds": LEASE_SECONDS, "renewTime": renewed}
        metadata = {"name": lease, "namespace": SYSTEM}
        await kube.create(
            LEASES, {"apiVersion": LEASES.api_version, "kind": "Lease", "metadata": metadata, "spec": spec}
        )
        other, clock = self._candidate(kube, lease, "other")
        assert not await other._taken()
        clock.now += LEASE_SECONDS
        assert await other._taken()

    async def test_what_is_released_is_taken_at_once(self, kube: Kube, lease: str) -> None:
        holder, _ = self._candidate(kube, lease, "holder")
        other, _ = self._candidate(kube, lease, "other")
        await holder.win()
        assert not await other._taken()
        await holder.release()
        assert not holder.held
        assert await other._taken()

    async def test_a_renewal_that_arrives_late_keeps_nothing_that_is_released(
        self, kube: Kube, lease: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        holder, _ = self._candidate(kube, lease, "holder")
        await holder.win()
        get, late = kube.get, [{"spec": {"renewTime": "2026-01-01T00:00:00.000000Z"}}]

        async def get_just_before_it(kind: Kind, namespace: str | None, name: str) -> Object | None:
            there = await get(kind, namespace, name)
            if late:
                await kube.merge(LEASES, SYSTEM, lease, late.pop())
            return there

        monkeypatch.setattr(kube, "get", get_just_before_it)
        await holder.release()
        there = await get(LEASES, SYSTEM, lease)
        assert there is not None
        assert there["spec"]["holderIdentity"] == ""

    async def test_who_does_not_hold_it_releases_nothing(self, kube: Kube, lease: str) -> None:
        holder, _ = self._candidate(kube, lease, "holder")
        other, _ = self._candidate(kube, lease, "other")
        await holder.win()
        await other.release()
        there = await kube.get(LEASES, SYSTEM, lease)
        assert there is not None
        assert there["spec"]["holderIdentity"] == "holder"

    async def test_a_role_that_is_missing_is_an_error_of_the_configuration(
        self, platform: Platform, lease: str
    ) -> None:
        kube = await _connected(platform.cluster.kubeconfig_for_service_account(SYSTEM, "vectorizer-operator"))
        candidate, _ = self._candidate(kube, lease, "no role for this one")
        with pytest.raises(SettingsError, match=f"{lease}.*403"):
            await candidate.win()
        await kube.close()

    async def test_a_connection_of_one_that_does_not_lead_reads_and_does_not_write(
        self, platform: Platform, kube: Kube, lease: str
    ) -> None:
        candidate, _ = self._candidate(kube, lease, "candidate")
        closed = Kube(kube._api, 10, candidate.assert_held)
        name = {"name": lease, "namespace": SYSTEM}
        secret = {"apiVersion": "v1", "kind": "Secret", "metadata": name}
        with pytest.raises(LeadershipLost):
            await closed.create(SECRETS, secret)
        assert await closed.get(SECRETS, SYSTEM, lease) is None

    async def test_nor_does_it_write_to_the_object_store(self, platform: Platform, kube: Kube, lease: str) -> None:
        candidate, _ = self._candidate(kube, lease, "candidate")
        user = platform.operator_account
        settings = Settings(
            s3_endpoint=platform.cluster.object_store.endpoint,
            s3_access_key=user.access_key,
            s3_secret_key=user.secret_key,
            s3_secure=False,
            trainer_image="image",
        )
        storage = Storage(settings, candidate.assert_held)
        there = await storage.keys(BASES_BUCKET, "")
        for write in (
            storage.put(BASES_BUCKET, "new", b""),
            storage.copy(BASES_BUCKET, there[0], "new"),
            storage.remove(BASES_BUCKET, there[:1]),
        ):
            with pytest.raises(LeadershipLost):
                await write
        assert await storage.keys(BASES_BUCKET, "") == there
        storage.close()
