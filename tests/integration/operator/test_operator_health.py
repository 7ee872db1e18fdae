"""The operator's own health: it is seen from outside, and a watch that has died ends it rather than leaves it idle."""

import asyncio
import os
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import pytest
import yaml
from kubernetes import client
from prometheus_client.parser import text_string_to_metric_families
from vectorizer_api.names import ACCOUNT_LABEL
from vectorizer_dev.platform import Platform, operator_environment
from vectorizer_dev.ports import free_port
from vectorizer_dev.tenant import RunningOperator, Tenant
from vectorizer_dev.waiting import eventually

DIMENSION = 384
Operator = tuple[subprocess.Popen[bytes], str, Path]


class Start(Protocol):
    def __call__(self, namespace: str, **settings: str) -> Operator: ...


def fetch(address: str, path: str) -> str:
    with urllib.request.urlopen(f"http://{address}{path}", timeout=5) as answer:
        return str(answer.read().decode())


class FreezingProxy:
    """Passes bytes to the API server; `freeze` has it swallow whatever comes on the connections of that moment."""

    def __init__(self, target: str) -> None:
        parts = urlsplit(target)
        self._target = (parts.hostname, parts.port)
        self._frozen: set[asyncio.Event] = set()
        self._open: set[asyncio.Event] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.port = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)

    async def _listen(self) -> int:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return int(self._server.sockets[0].getsockname()[1])

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        frozen = asyncio.Event()
        self._open.add(frozen)
        there, back = await asyncio.open_connection(*self._target)
        await asyncio.gather(self._pass(reader, back, frozen), self._pass(there, writer, frozen))

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, frozen: asyncio.Event) -> None:
        try:
            while data := await reader.read(65536):
                if not frozen.is_set():
                    writer.write(data)
                    await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()

    def freeze(self) -> None:
        def set_all() -> None:
            for connection in self._open:
                connection.set()

        self._loop.call_soon_threadsafe(set_all)


Proxied = tuple[Start, FreezingProxy]


@pytest.fixture
def proxied(platform: Platform, tmp_path: Path) -> Iterator[Proxied]:
    """A second operator, for a namespace of its own, that reaches the API server through a proxy that can freeze."""
    cluster = platform.cluster
    kubeconfig = yaml.safe_load(
        cluster.kubeconfig_for_service_account("vectorizer-system", "vectorizer-operator").read_text()
    )
    server = kubeconfig["clusters"][0]["cluster"]["server"]
    proxy = FreezingProxy(server)
    kubeconfig["clusters"][0]["cluster"]["server"] = f"https://127.0.0.1:{proxy.port}"
    path = tmp_path / "kubeconfig"
    path.write_text(yaml.safe_dump(kubeconfig))
    started = []

    def start(namespace: str, **settings: str) -> Operator:
        address, log = f"127.0.0.1:{free_port()}", tmp_path / "operator.log"
        told = operator_environment(cluster, platform.operator_account, address)
        environment = {**os.environ, **told, "KUBECONFIG": str(path), "VECTORIZER_NAMESPACES": namespace, **settings}
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "vectorizer_operator"], env=environment, stdout=output, stderr=output
            )
        started.append(process)
        eventually(lambda: is_healthy(address) and figure(address, "vectorizer_watch_events_total"), 60)
        return process, address, log

    yield start, proxy
    for process in started:
        process.kill()
        process.wait()


def is_healthy(address: str) -> bool:
    try:
        return fetch(address, "/healthz") == "ok\n"
    except OSError:
        return False


def touch(core: client.CoreV1Api, namespace: str) -> None:
    """Something for the watch to deliver that nobody acts upon."""
    core.patch_namespace(namespace, {"metadata": {"annotations": {"touched": uuid.uuid4().hex}}})


def test_a_frozen_watch_that_owes_an_event_ends_the_process_with_an_error(
    proxied: Proxied, core: client.CoreV1Api, namespace: str
) -> None:
    start, proxy = proxied
    process, _, log = start(
        namespace,
        VECTORIZER_WATCH_INACTIVITY="600",
        VECTORIZER_WATCH_GRACE="2",
        VECTORIZER_RESYNC_INTERVAL="1",
        VECTORIZER_REQUEST_TIMEOUT="2",
    )
    proxy.freeze()
    touch(core, namespace)
    assert process.wait(60) == 1
    assert "the watch has not delivered" in log.read_text()


def test_a_frozen_watch_is_opened_again_after_its_silence(
    proxied: Proxied, core: client.CoreV1Api, namespace: str
) -> None:
    start, proxy = proxied
    process, address, _ = start(
        namespace,
        VECTORIZER_WATCH_INACTIVITY="3",
        VECTORIZER_WATCH_GRACE="30",
        VECTORIZER_RESYNC_INTERVAL="1",
        VECTORIZER_REQUEST_TIMEOUT="2",
    )
    before = figure(address, "vectorizer_watch_events_total")
    proxy.freeze()
    touch(core, namespace)
    eventually(lambda: figure(address, "vectorizer_watch_events_total") > before, 40)
    assert process.poll() is None
    assert is_healthy(address)


def figure(address: str, name: str, **labels: str) -> float:
    """The sum of the series of that name that have these labels."""
    families = text_string_to_metric_families(fetch(address, "/metrics"))
    samples = [sample for family in families for sample in family.samples if sample.name == name]
    return sum(sample.value for sample in samples if labels.items() <= sample.labels.items())


def test_metrics_tell_of_requests_reconciles_and_how_fine_tunes_ended(
    operator: RunningOperator, tenant: Tenant, name: str
) -> None:
    tenant.run_of(tenant.ask(name)).end(64)
    tenant.until(name, "Failed", "True")

    def read(figure_name: str, **labels: str) -> float:
        return figure(operator.address, f"vectorizer_{figure_name}", **labels)

    account = tenant.account.name
    eventually(lambda: read("account_fine_tunes_ended_total", account=account, outcome="Failed") == 1)
    assert read("account_fine_tunes_ended_total", account=account) == 1
    assert read("fine_tunes_ended_total", content_type="Text", outcome="Failed", reason="BadInput") >= 1
    assert read("fine_tune_duration_seconds_count", content_type="Text", outcome="Failed") >= 1
    assert read("first_job_delay_seconds_count", waited="false") >= 1
    assert read("phase_duration_seconds_count", content_type="Text", phase="Pending") >= 1
    assert read("attempts_started_total", content_type="Text") >= 1
    assert read("attempts_ended_total", outcome="failed", reason="BadInput") >= 1
    assert read("fine_tunes", phase="Failed") >= 1
    assert read("reconcile_duration_seconds_count", kind="VectorizerFineTune") >= 1
    assert read("work_queue_wait_seconds_count") >= 1
    assert read("api_requests_total", verb="create", resource="jobs", code="201") >= 1
    assert read("api_requests_total", verb="patch", resource="vectorizerfinetunes/status", code="200") >= 1
    assert read("storage_requests_total", operation="AssumeRole", outcome="success") >= 1
    assert read("storage_requests_total", operation="GetObject", outcome="not_found") >= 1
    assert read("last_resync_timestamp_seconds") > time.time() - 60


def test_what_ended_is_not_counted_again_after_a_restart_nor_when_it_is_restored(
    operator: RunningOperator, tenant: Tenant, name: str
) -> None:
    tenant.run_of(tenant.ask(name)).succeed(DIMENSION)
    tenant.ended(name)
    account, ended = tenant.account.name, "vectorizer_account_fine_tunes_ended_total"
    eventually(lambda: figure(operator.address, ended, account=account, outcome="Improved") == 1)
    operator.stop()
    operator.start()
    tenant.vanish("vectorizerfinetunes", name)
    tenant.ask(name)
    tenant.until(name, "Complete", "True")
    seen = "vectorizer_reconcile_duration_seconds_count"
    before = figure(operator.address, seen, kind="VectorizerFineTune")
    eventually(lambda: figure(operator.address, seen, kind="VectorizerFineTune") > before, 60)
    assert figure(operator.address, ended, account=account) == 0


def test_one_that_is_deleted_while_it_runs_is_counted_as_deleted(
    operator: RunningOperator, new_tenant: Callable[[], Tenant], name: str
) -> None:
    tenant = new_tenant()
    tenant.run_of(tenant.ask(name)).run()
    tenant.until(name, "Running", "True")
    tenant.vanish("vectorizerfinetunes", name)
    ended, account = "vectorizer_account_fine_tunes_ended_total", tenant.account.name
    eventually(lambda: figure(operator.address, ended, account=account, outcome="Deleted") == 1)
    assert figure(operator.address, ended, account=account) == 1


def test_an_unknown_path_is_not_found(operator: RunningOperator) -> None:
    with pytest.raises(urllib.error.HTTPError, match="404"):
        fetch(operator.address, "/secret")


def test_a_namespace_goes_although_a_vectorizer_in_it_has_finalizers(
    core: client.CoreV1Api, new_tenant: Callable[[], Tenant], name: str
) -> None:
    """The operator's RoleBinding goes first: what it needs to let go of a vectorizer it holds everywhere."""
    tenant = new_tenant()
    tenant.run_of(tenant.ask(name)).succeed(DIMENSION)
    tenant.ended(name)
    tenant.objects.patch_namespaced_custom_object(
        "vectorizers.dev",
        "v1alpha1",
        tenant.namespace,
        "customvectorizers",
        name,
        {"spec": {"deletionPolicy": "Delete"}},
    )
    eventually(lambda: tenant.vectorizer(name)["metadata"].get("finalizers"))
    core.delete_namespace(tenant.namespace)
    selector = f"{ACCOUNT_LABEL}={tenant.account.name}"
    eventually(lambda: core.list_namespace(label_selector=selector).items == [], 60)
