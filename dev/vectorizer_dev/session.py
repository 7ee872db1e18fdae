"""A whole platform for the time of one command: bases, cluster, operator."""

import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text
from vectorizer_api.content import ContentType
from vectorizer_trainer.bases import ensure_base

from vectorizer_dev.cluster import DevelopmentCluster
from vectorizer_dev.platform import Platform, access, set_up


def ready_bases(served: Sequence[ContentType], console: Console) -> dict[ContentType, Path]:
    """Return the folder of each content type's base, making small ones that are missing."""
    bases = {}
    with console.status("Looking for the bases ...") as now:
        for kind in served:
            now.update(f"Looking for the base for {kind} (a small one is made once, in up to two minutes) ...")
            bases[kind] = ensure_base(kind)
    return bases


@contextmanager
def development_platform(folder: Path, bases: Mapping[ContentType, Path], console: Console) -> Iterator[Platform]:
    """Start everything that serves the bases' content types and stop it on leaving the context, telling both."""
    with (
        console.status("Starting etcd, kube-apiserver, kube-controller-manager, MinIO and the process node ...") as now,
        DevelopmentCluster.start(folder, console.print) as cluster,
    ):
        now.update("Installing the API and starting the operator ...")
        platform = set_up(cluster, bases)
        now.stop()
        yield platform
        now.update("Stopping the cluster ...")
        now.start()


def how_to_use(platform: Platform) -> RenderableType:
    """Return what a person needs to know to use the running cluster."""
    cluster, store = platform.cluster, platform.cluster.object_store
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="dim", no_wrap=True)
    facts.add_column(overflow="fold")
    facts.add_row("MinIO", f"http://{store.endpoint}")
    facts.add_row("FTP", f"ftp://{store.ftp_address}")
    facts.add_row("operator", f"http://{platform.metrics_address}/metrics")
    facts.add_row("kubectl", str(cluster.tools.kubectl))
    facts.add_row("logs", f"{cluster.folder}/*.log, kubectl logs")
    steps = (
        f"source {_write_environment(platform)}",
        "vectorizer account create demo",
        "kubectl --namespace demo apply --filename examples/text.yaml",
    )
    first = Text("\n").join(Text(f"  {step}", "bold") for step in steps)
    parts = Group(facts, "", "In another terminal:", first, "", "Ctrl-C stops everything and removes its data.")
    return Panel(parts, title="The development cluster runs", title_align="left", padding=(1, 2))


def _write_environment(platform: Platform) -> Path:
    """Write a file for the shell that gives kubectl and `vectorizer` the administrator's access."""
    path = platform.cluster.folder / "environment"
    path.touch(mode=0o600)
    programs = [Path(sys.executable).parent, platform.cluster.tools.kubectl.parent]
    first = shlex.quote(":".join(map(str, programs)))
    lines = [f"export {name}={shlex.quote(value)}" for name, value in access(platform).items()]
    path.write_text("\n".join([*lines, f'export PATH={first}:"$PATH"', ""]))
    return path
