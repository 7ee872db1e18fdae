"""Two operators at once: one works, the other stands by, and whatever happens to the one that works costs nothing."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

import pytest
from kubernetes import client
from prometheus_client.parser import text_string_to_metric_families
from vectorizer_dev.platform import Platform, operator_environment
from vectorizer_dev.ports import free_port
from vectorizer_dev.tenant import RunningOperator, Tenant
from vectorizer_dev.waiting import eventually

SYSTEM, LEASE, DIMENSION = "vectorizer-system", "vectorizer-operator", 384


@dataclass(frozen=True)
class Process:
    """One of two operators."""

    process: subprocess.Popen[bytes]
    address: str
    log: Path

    @property
    def leads(self) -> bool:
        try:
            with urlopen(f"http://{self.address}/metrics", timeout=5) as answer:
                families = text_string_to_metric_families(answer.read().decode())
        except OSError:
            return False
        samples = [sample for family in families for sample in family.samples]
        return any(sample.name == "vectorizer_operator_leads" and sample.value == 1 for sample in samples)

    @property
    def is_healthy(self) -> bool:
        try:
            with urlopen(f"http://{self.address}/healthz", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False


@pytest.fixture
def pair(platform: Platform, operator: RunningOperator, tmp_path: Path) -> Iterator[tuple[Process, Process]]:
    """Two operators in place of the one of the platform: the one that leads, and the one that stands by."""
    operator.stop()
    started: list[Process] = []
    for number in (1, 2):
        address, log = f"127.0.0.1:{free_port()}", tmp_path / f"operator-{number}.log"
        told = operator_environment(platform.cluster, platform.operator_account, address)
        environment = {**os.environ, **told, "VECTORIZER_LEASE": f"{SYSTEM}/{LEASE}"}
        with log.open("wb") as output:
            command = [sys.executable, "-m", "vectorizer_operator"]
            process = subprocess.Popen(command, env=environment, stdout=output, stderr=output)
        started.append(Process(process, address, log))
        eventually(lambda: started[-1].is_healthy, 60)
    eventually(lambda: any(one.leads for one in started), 60)
    first, second = sorted(started, key=lambda one: not one.leads)
    yield first, second
    for one in started:
        one.process.kill()
        one.process.wait()
    operator.start()


def test_one_works_the_other_stands_by_and_takes_over_when_that_one_is_killed(
    pair: tuple[Process, Process], tenant: Tenant, name: str
) -> None:
    leader, other = pair
    run = tenant.run_of(tenant.ask(name))
    run.run()
    tenant.until(name, "Running", "True")
    assert not other.leads
    assert other.is_healthy
    leader.process.kill()
    eventually(lambda: other.leads, 60)
    run.succeed(DIMENSION)
    assert tenant.ended(name)["status"]["phase"] == "Succeeded"
    assert len(tenant.jobs(name)) == 1


def _holder(api: client.ApiClient) -> str | None:
    spec = client.CoordinationV1Api(api).read_namespaced_lease(LEASE, SYSTEM).spec
    assert spec is not None
    return spec.holder_identity


def test_one_that_is_asked_to_end_lets_go_of_the_lease(pair: tuple[Process, Process], api: client.ApiClient) -> None:
    leader, other = pair
    before = _holder(api)
    leader.process.terminate()
    assert leader.process.wait(30) == 0
    assert _holder(api) != before
    eventually(lambda: other.leads, 60)


def test_one_that_is_asked_to_end_as_soon_as_it_leads_lets_go_of_the_lease_too(
    pair: tuple[Process, Process], api: client.ApiClient
) -> None:
    """It has not looked at anything yet, and its watch has not begun."""
    leader, other = pair
    leader.process.kill()
    before = _holder(api)
    eventually(lambda: _holder(api) not in {before, ""}, 60)
    holder = _holder(api)
    other.process.terminate()
    assert other.process.wait(30) == 0
    assert _holder(api) != holder


def test_one_that_stands_by_ends_when_it_is_asked_to(pair: tuple[Process, Process]) -> None:
    leader, other = pair
    other.process.terminate()
    assert other.process.wait(30) == 0
    assert leader.leads


def test_a_leader_that_was_frozen_past_its_lease_writes_nothing_and_ends(
    pair: tuple[Process, Process], tenant: Tenant, name: str
) -> None:
    leader, other = pair
    run = tenant.run_of(tenant.ask(name))
    run.run()
    tenant.until(name, "Running", "True")
    leader.process.send_signal(signal.SIGSTOP)
    eventually(lambda: other.leads, 60)
    later = tenant.ask(f"{name}-later")
    tenant.run_of(later)
    run.succeed(DIMENSION)
    ended = tenant.ended(name)
    leader.process.send_signal(signal.SIGCONT)
    assert leader.process.wait(60) == 1
    assert "is not held any more" in leader.log.read_text()
    assert tenant.fine_tune(name)["metadata"]["resourceVersion"] == ended["metadata"]["resourceVersion"]
    assert [len(tenant.jobs(one)) for one in (name, f"{name}-later")] == [1, 1]
