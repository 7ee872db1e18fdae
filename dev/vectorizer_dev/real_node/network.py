"""The bridge between Pods and what they talk to: the API server and the object store listen on its addresses alone."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

BRIDGE = "vectorizer0"
GATEWAY = "10.88.240.1"
"""The bridge's own address: that of the object store and of the kubelet."""
SUBNET = "10.88.240.0/24"
API_SERVICE = "10.0.0.1"
"""The address of the Service `kubernetes`: the API server itself listens there, and no proxy is needed."""
MTU = 1500


class NetworkError(RuntimeError):
    """The bridge cannot be made; the message says why."""


@contextmanager
def bridge() -> Iterator[None]:
    """The bridge with both addresses; it is taken down at the end."""
    _take_down()
    if f" {API_SERVICE}/" in _ip("-brief", "address").replace("\n", " "):
        raise NetworkError(f"{API_SERVICE}, where Pods look for the API server, is an address of this machine already")
    try:
        _ip("link", "add", BRIDGE, "type", "bridge")
        _ip("address", "add", f"{GATEWAY}/24", "dev", BRIDGE)
        _ip("address", "add", f"{API_SERVICE}/32", "dev", BRIDGE)
        _ip("link", "set", BRIDGE, "up")
        yield
    finally:
        _take_down()


def write_plugin_configuration(folder: Path, leases: Path) -> None:
    """Write what containerd tells the CNI plugins. Nothing is forwarded: Pods reach the bridge, and nothing else."""
    folder.mkdir(parents=True)
    ranges = [[{"subnet": SUBNET, "gateway": GATEWAY}]]
    addresses = {"type": "host-local", "ranges": ranges, "routes": [{"dst": "0.0.0.0/0"}], "dataDir": str(leases)}
    plugin = {"type": "bridge", "bridge": BRIDGE, "isGateway": False, "ipMasq": False, "mtu": MTU, "ipam": addresses}
    configuration = {"cniVersion": "0.4.0", "name": "vectorizer", "plugins": [plugin]}
    (folder / "10-vectorizer.conflist").write_text(json.dumps(configuration))


def _take_down() -> None:
    present = subprocess.run(["ip", "link", "show", BRIDGE], capture_output=True, check=False)
    if not present.returncode:
        _ip("link", "delete", BRIDGE)


def _ip(*arguments: str) -> str:
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise NetworkError(f"ip {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout
