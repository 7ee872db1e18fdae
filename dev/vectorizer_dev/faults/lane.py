"""An account, and an operator for it alone: it talks through intermediaries, and is started again whenever it ends."""

import itertools
import json
import os
import signal
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from vectorizer_api.content import ContentType

from vectorizer_dev.cluster import DevelopmentCluster
from vectorizer_dev.component import bound_to_this_process
from vectorizer_dev.faults.intermediary import Background, Intermediary, Service, Treatment, pass_on
from vectorizer_dev.kubeconfig import ApiEndpoint
from vectorizer_dev.object_store import S3Account
from vectorizer_dev.platform import operator_environment
from vectorizer_dev.ports import free_port
from vectorizer_dev.tenant import FINE_TUNES, Tenant

STEADY = {
    "VECTORIZER_PROGRESS_INTERVAL": "0.3",
    "VECTORIZER_STATUS_INTERVAL": "0.3",
    "VECTORIZER_RESYNC_INTERVAL": "5",
    "VECTORIZER_FIRST_BACK_OFF": "0.3",
    "VECTORIZER_WATCH_GRACE": "10",
    "VECTORIZER_WATCH_INACTIVITY": "20",
    "VECTORIZER_REQUEST_TIMEOUT": "10",
    "VECTORIZER_STORAGE_THREADS": "8",
}
"""An operator that looks more often than it does by default, so that a life takes seconds."""
_PAUSE = 0.2
"""Seconds between an end and the next start: an operator that cannot start must not take the whole machine."""


class KeptOperator:
    """An operator's process that is started again whenever it ends, as a kubelet does."""

    def __init__(self, environment: Mapping[str, str], log: Path) -> None:
        self._environment = {**os.environ, **environment}
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None
        self._end = threading.Event()
        self._starts = 0
        self._more: Mapping[str, str] = {}
        # The kernel ends the process with the thread that started it: so the thread stays with it.
        self._keeper = threading.Thread(target=self._keep, name="keeper", daemon=True)
        self._keeper.start()

    @property
    def starts(self) -> int:
        """How often it was started."""
        return self._starts

    def kill(self) -> None:
        """SIGKILL: nothing is put in order."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)

    @contextmanager
    def told(self, environment: Mapping[str, str]) -> Iterator[None]:
        """Whenever it is started until the context is left, it has these variables beside its own."""
        self._more = environment
        try:
            yield
        finally:
            self._more = {}

    def close(self) -> None:
        """End it for good."""
        self._end.set()
        self.kill()
        self._keeper.join()

    def _keep(self) -> None:
        while not self._end.is_set():
            with self._log.open("ab") as log:
                self._process = subprocess.Popen(
                    bound_to_this_process([sys.executable, "-m", "vectorizer_operator"]),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    env={**self._environment, **self._more},
                    start_new_session=True,
                )
            self._starts += 1
            if self._end.is_set():
                self._process.kill()
            self._process.wait()
            self._end.wait(_PAUSE)


@dataclass(frozen=True)
class Lane:
    """Where one life after another is lived."""

    tenant: Tenant
    operator: KeptOperator
    intermediaries: tuple[Intermediary, ...]
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def new_name(self) -> str:
        """A name that no life of this lane had; all are of one length, as sizes are told of what holds a name."""
        return f"life-{next(self._numbers):03}"

    def clear(self, name: str) -> None:
        """Take away what a life that was stuck has left: it must not go on beside the next one."""
        if name in self.tenant.fine_tunes():
            self.tenant.vanish(FINE_TUNES, name)

    @contextmanager
    def treated(self, treatment: Treatment) -> Iterator[None]:
        """Treat every call like that until the context is left."""
        for one in self.intermediaries:
            one.treatment = treatment
        try:
            yield
        finally:
            for one in self.intermediaries:
                one.treatment = pass_on


@dataclass(frozen=True)
class Surroundings:
    """What all lanes share."""

    cluster: DevelopmentCluster
    account: S3Account
    """The operators' own S3 user."""
    bases: Mapping[ContentType, str]
    network: Background


@contextmanager
def open_lane(around: Surroundings, tenant: Tenant) -> Iterator[Lane]:
    """An operator for this account, until the context is left."""
    cluster, api, folder = around.cluster, around.cluster.control_plane.api, around.cluster.folder
    tls = ssl.create_default_context(cafile=str(api.authority))
    to_api = Intermediary(Service.API, api.url, tls)
    to_store = Intermediary(Service.STORE, f"http://{cluster.object_store.endpoint}")
    for one in (to_api, to_store):
        around.network.run(one.open())
    usual = operator_environment(cluster, around.account, f"127.0.0.1:{free_port()}")
    environment = {
        **usual,
        **STEADY,
        "KUBECONFIG": str(_through(to_api.address, Path(usual["KUBECONFIG"]), folder, tenant.namespace)),
        "VECTORIZER_NAMESPACES": tenant.namespace,
        "VECTORIZER_S3_ENDPOINT": to_store.address,
        "VECTORIZER_S3_RUN_ENDPOINT": cluster.object_store.endpoint,
        "VECTORIZER_BASES": json.dumps({kind.value: name for kind, name in around.bases.items()}),
    }
    operator = KeptOperator(environment, folder / f"operator-{tenant.namespace}.log")
    try:
        yield Lane(tenant, operator, (to_api, to_store))
    finally:
        operator.close()
        for one in (to_api, to_store):
            around.network.run(one.close())


def _through(address: str, kubeconfig: Path, folder: Path, name: str) -> Path:
    """The same login, over plain HTTP: the intermediary is on this machine."""
    token = str(yaml.safe_load(kubeconfig.read_text())["users"][0]["user"]["token"])
    authority = folder / "certificates" / "ca.crt"
    return ApiEndpoint(f"http://{address}", authority).kubeconfig_with_token(folder / f"{name}.kubeconfig", token)
