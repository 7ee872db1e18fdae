"""containerd with runc, apart from any other on this machine; what it has unpacked stays in the cache."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from vectorizer_dev.cache import cache_folder
from vectorizer_dev.component import Component, ComponentError, Components
from vectorizer_dev.images.engine import Engine
from vectorizer_dev.real_node.machine import PLUGINS

NAMESPACE = "k8s.io"
"""Where the kubelet's images and containers are."""
START_TIMEOUT = 60.0
_OTHER_SNAPSHOTTERS = [f"io.containerd.snapshotter.v1.{name}" for name in ("aufs", "btrfs", "devmapper", "zfs")]


@dataclass(frozen=True)
class Containerd:
    """A running containerd."""

    socket: Path
    component: Component

    def ctr(self, *arguments: str) -> str:
        """What its own client answers; raises ComponentError where it fails."""
        command = ["ctr", f"--address={self.socket}", f"--namespace={NAMESPACE}", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise ComponentError(f"ctr {' '.join(arguments)}: {done.stderr[-2000:]}")
        return done.stdout

    def take(self, engine: Engine, image: str) -> None:
        """Copy an image from Podman's store, where it is not there in this very version."""
        label = f"vectorizers.dev/image-id={engine.inspect(image)['Id']}"
        if label in self.ctr("images", "list", f"name=={image}"):
            return
        with subprocess.Popen([str(engine.program), "save", image], stdout=subprocess.PIPE) as saving:
            command = ["ctr", f"--address={self.socket}", f"--namespace={NAMESPACE}", "images", "import", "-"]
            done = subprocess.run(command, stdin=saving.stdout, capture_output=True, text=True, check=False)
        if done.returncode or saving.returncode:
            raise ComponentError(f"{image} was not taken into containerd: {done.stderr[-2000:]}")
        self.ctr("images", "label", image, label)

    def end_all(self) -> None:
        """End and remove every container that is left."""
        for container in self.ctr("containers", "list", "--quiet").split():
            subprocess.run(
                [
                    *("ctr", f"--address={self.socket}", f"--namespace={NAMESPACE}"),
                    *("tasks", "delete", "--force", container),
                ],
                capture_output=True,
                check=False,
            )
            self.ctr("containers", "delete", container)


def start_containerd(folder: Path, components: Components, sandbox_image: str) -> Containerd:
    """Start it, its state below `folder`; raises ComponentError where it does not answer."""
    socket = folder / "containerd.sock"
    configuration = folder / "containerd.toml"
    configuration.write_text(_configuration(folder, socket, sandbox_image))
    component = components.start("containerd", ["containerd", f"--config={configuration}"])
    started = Containerd(socket, component)
    component.wait_ready(lambda: _answers(started), START_TIMEOUT)
    started.end_all()
    return started


def _answers(containerd: Containerd) -> bool:
    try:
        return bool(containerd.ctr("version"))
    except ComponentError:
        return False


def _configuration(folder: Path, socket: Path, sandbox_image: str) -> str:
    root = (cache_folder() / "real-node" / "containerd").resolve()
    cri = '[plugins."io.containerd.grpc.v1.cri"'
    return "\n".join(
        [
            "version = 2",
            f"root = {json.dumps(str(root))}",
            f"state = {json.dumps(str(folder / 'containerd'))}",
            f"disabled_plugins = {json.dumps(_OTHER_SNAPSHOTTERS)}",
            "[grpc]",
            f"address = {json.dumps(str(socket))}",
            f"{cri}]",
            f"sandbox_image = {json.dumps(sandbox_image)}",
            # A machine in a machine may not lower the score of a container below its own.
            "restrict_oom_score_adj = true",
            f"{cri}.cni]",
            f"bin_dir = {json.dumps(str(PLUGINS))}",
            f"conf_dir = {json.dumps(str(folder / 'cni'))}",
            f"{cri}.containerd]",
            'snapshotter = "overlayfs"',
            'default_runtime_name = "runc"',
            f"{cri}.containerd.runtimes.runc]",
            'runtime_type = "io.containerd.runc.v2"',
            "",
        ]
    )
