"""The operator's own health: it is seen from outside, and a watch that has died ends it rather than leaves it idle."""

import asyncio
import os
import subprocess
import sys
import threading
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
from vectorizer_api.names import ACCOUNT_LABEL
from vectorizer_dev.platform import Platform
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
        environment = {
            **os.environ,
            "KUBECONFIG": str(path),
            "VECTORIZER_S3_ENDPOINT": cluster.object_store.endpoint,
            "VECTORIZER_S3_ACCESS_KEY": platform.operator_account.access_key,
            "VECTORIZER_S3_SECRET_KEY": platform.operator_account.secret_key,
            "VECTORIZER_S3_SECURE": "false",
            "VECTORIZER_TRAINER_IMAGE": "image",
            "VECTORIZER_NAMESPACES": namespace,
            "VECTORIZER_METRICS_ADDRESS": address,
            **settings,
        }
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


def figure(address: str, name: str) -> float:
    lines = [line for line in fetch(address, "/metrics").splitlines() if line.startswith(name)]
    return sum(float(line.rpartition(" ")[2]) for line in lines)


def test_metrics_tell_of_reconciles_and_of_how_fine_tunes_ended(
    platform: Platform, operator: RunningOperator, tenant: Tenant, name: str
) -> None:
    tenant.run_of(tenant.ask(name)).end(64)
    tenant.until(name, "Failed", "True")
    ended = 'vectorizer_fine_tunes_ended_total{content_type="Text",reason="BadInput"}'
    eventually(lambda: ended in fetch(operator.address, "/metrics"))
    told = fetch(operator.address, "/metrics")
    assert 'vectorizer_reconcile_seconds_count{kind="VectorizerFineTune"}' in told
    assert 'vectorizer_fine_tunes{phase="Failed"}' in told
    assert 'vectorizer_api_requests_total{code="201",method="POST"}' in told
    assert 'vectorizer_storage_requests_total{outcome="answered"}' in told
    assert 'vectorizer_attempts_failed_total{reason="BadInput"}' in told
    assert 'vectorizer_fine_tune_seconds_count{content_type="Text"}' in told


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
