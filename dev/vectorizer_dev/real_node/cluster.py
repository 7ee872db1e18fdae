"""A cluster whose only node is this machine: what Pods run are containers of the product's images."""

import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from kubernetes import client

from vectorizer_dev.cache import locked
from vectorizer_dev.cluster import DevelopmentCluster
from vectorizer_dev.component import Components
from vectorizer_dev.control_plane import ApiAddress, start_control_plane
from vectorizer_dev.images.base_image import ensure_base_image
from vectorizer_dev.images.engine import Engine
from vectorizer_dev.object_store import start_object_store, wait_until_ready
from vectorizer_dev.real_node.containerd import Containerd, start_containerd
from vectorizer_dev.real_node.kubelet import start_kubelet, start_scheduler, unmount_below
from vectorizer_dev.real_node.machine import kernel_settings_kept, own_cgroup
from vectorizer_dev.real_node.network import API_SERVICE, GATEWAY, bridge, write_plugin_configuration
from vectorizer_dev.tools import find_node_tools, find_tools
from vectorizer_dev.waiting import eventually

HTTPS = 443
SANDBOX = "localhost/vectorizer-sandbox:1"
NODE_START_TIMEOUT = 180.0
PODS_GONE_TIMEOUT = 180.0


@dataclass(frozen=True)
class RealCluster(DevelopmentCluster):
    """A running cluster, and how its node gets images."""

    engine: Engine
    containerd: Containerd

    def take(self, image: str) -> None:
        """Copy an image of Podman's store to the node; what it has unpacked before is not copied again."""
        self.containerd.take(self.engine, image)


@contextmanager
def real_cluster(report: Callable[[str], None] = print) -> Iterator[RealCluster]:
    """A cluster without any image of the product; nothing of it is left when the context is left.

    Raises ToolError, ComponentError, ImageError or NetworkError.
    """
    tools, node_tools, engine = find_tools(report), find_node_tools(report), Engine.find()
    sandbox = _sandbox_image(engine, ensure_base_image(engine, report))
    with ExitStack() as stack:
        stack.enter_context(locked("real-node"))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="vectorizer-node-")))
        stack.callback(unmount_below, folder)
        stack.enter_context(kernel_settings_kept())
        cgroup = stack.enter_context(own_cgroup())
        stack.enter_context(bridge())
        components = stack.enter_context(Components(folder))
        write_plugin_configuration(folder / "cni", folder / "leases")
        containerd = start_containerd(folder, components, sandbox)
        containerd.take(engine, sandbox)
        store = start_object_store(tools, folder, components, GATEWAY)
        control_plane = start_control_plane(tools, folder, components, ApiAddress(API_SERVICE, HTTPS))
        kubeconfig = control_plane.api.kubeconfig_with_certificate(folder / "admin.kubeconfig", control_plane.admin)
        cluster = RealCluster(folder, tools, components, control_plane, store, kubeconfig, engine, containerd)
        start_scheduler(node_tools, control_plane, components, folder)
        stack.callback(containerd.end_all)
        kubelet = start_kubelet(node_tools, control_plane, containerd, cgroup, components, folder)
        stack.callback(kubelet.stop)
        stack.callback(_delete_pods, cluster)
        wait_until_ready(store)
        control_plane.wait_for_controllers()
        kubelet.wait_ready(cluster.node_is_ready, NODE_START_TIMEOUT)
        yield cluster


def _sandbox_image(engine: Engine, base: str) -> str:
    """The image of what holds a Pod's network."""
    with tempfile.TemporaryDirectory(prefix="vectorizer-sandbox-") as nothing:
        engine(
            *("build", "--isolation=chroot", f"--build-arg=BASE_IMAGE={base}", f"--tag={SANDBOX}"),
            *(f"--file={Path(__file__).with_name('sandbox.Containerfile')}", nothing),
        )
    return SANDBOX


def _delete_pods(cluster: DevelopmentCluster) -> None:
    """Have the kubelet end what runs, in order; what makes Pods goes first."""
    api = cluster.api_client()
    core = client.CoreV1Api(api)
    command = [str(cluster.tools.kubectl), f"--kubeconfig={cluster.kubeconfig}"]
    for kinds in ("deployments,jobs", "pods"):
        subprocess.run([*command, "delete", kinds, "--all", "--all-namespaces", "--wait=false"], check=False)
    eventually(lambda: not core.list_pod_for_all_namespaces().items, PODS_GONE_TIMEOUT)
