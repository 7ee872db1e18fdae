"""The real kubelet, in the cgroup and on the bridge of this node."""

import subprocess
from pathlib import Path

import yaml

from vectorizer_dev.component import Component, Components
from vectorizer_dev.control_plane import ControlPlane
from vectorizer_dev.ports import free_port
from vectorizer_dev.real_node.containerd import Containerd
from vectorizer_dev.real_node.network import GATEWAY
from vectorizer_dev.tools import NodeTools

NODE_NAME = "real-node"


def start_kubelet(
    tools: NodeTools, control_plane: ControlPlane, containerd: Containerd, cgroup: str, components: Components, at: Path
) -> Component:
    """Start it with its folders below `at`, without waiting for the node to be ready."""
    authority, api = control_plane.authority, control_plane.api
    identity = authority.client(f"system:node:{NODE_NAME}", "system:nodes")
    serving = authority.server(NODE_NAME, [NODE_NAME], [GATEWAY])
    configuration = {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": GATEWAY,
        "port": free_port(),
        "healthzPort": 0,
        "tlsCertFile": str(serving.certificate),
        "tlsPrivateKeyFile": str(serving.key),
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": str(authority.certificate_file)},
        },
        "authorization": {"mode": "Webhook"},
        "containerRuntimeEndpoint": f"unix://{containerd.socket}",
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": cgroup,
        "failCgroupV1": False,
        "failSwapOn": False,
        # What a machine in a machine cannot give, and what would change the machine for everybody.
        "localStorageCapacityIsolation": False,
        "enforceNodeAllocatable": [],
        "makeIPTablesUtilChains": False,
        # A full disk of this machine is not what is tested, and no image may be collected in between.
        "evictionHard": {"memory.available": "50Mi", "nodefs.available": "1%", "imagefs.available": "1%"},
        "imageGCHighThresholdPercent": 100,
        "registerNode": True,
        "nodeStatusUpdateFrequency": "5s",
        "syncFrequency": "10s",
    }
    (at / "kubelet.yaml").write_text(yaml.safe_dump(configuration))
    kubeconfig = api.kubeconfig_with_certificate(at / "kubelet.kubeconfig", identity)
    command = [
        str(tools.kubelet),
        *(f"--config={at / 'kubelet.yaml'}", f"--kubeconfig={kubeconfig}", f"--root-dir={at / 'kubelet'}"),
        *(f"--cert-dir={at / 'kubelet' / 'pki'}", f"--hostname-override={NODE_NAME}", f"--node-ip={GATEWAY}"),
    ]
    return components.start("kubelet", command)


def start_scheduler(tools: NodeTools, control_plane: ControlPlane, components: Components, at: Path) -> Component:
    """Start the real scheduler."""
    identity = control_plane.authority.client("system:kube-scheduler")
    kubeconfig = control_plane.api.kubeconfig_with_certificate(at / "scheduler.kubeconfig", identity)
    command = [
        *(str(tools.kube_scheduler), f"--kubeconfig={kubeconfig}", "--leader-elect=false"),
        *("--bind-address=127.0.0.1", f"--secure-port={free_port()}"),
        # Also for looking up how it is asked about itself.
        *(f"--authentication-kubeconfig={kubeconfig}", f"--authorization-kubeconfig={kubeconfig}"),
    ]
    return components.start("kube-scheduler", command)


def unmount_below(folder: Path) -> None:
    """Take away what a kubelet or containerd that ended has mounted below a folder, the innermost first."""
    mounts = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    for mounted in sorted((path for path in mounts if Path(path).is_relative_to(folder)), reverse=True):
        subprocess.run(["umount", "--lazy", mounted], check=False, capture_output=True)
