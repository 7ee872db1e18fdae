"""The real servers as binaries: found where installed, taken from the cache, or built once from pinned Go modules."""

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from vectorizer_dev.cache import cache_folder, locked
from vectorizer_dev.toolchain import find_go

MODULES = Path(__file__).parent.parent / "tools"
_MANIFESTS = "config"
"""The folder in which projects made with kubebuilder keep their manifests."""

Report = Callable[[str], None]
"""Takes one line for the person who waits."""


class ToolError(RuntimeError):
    """A tool is neither installed nor could it be built; the message holds the end of the compiler's output."""


@dataclass(frozen=True)
class Binary:
    """One program of a module and how to recognise an installed one that does as well."""

    name: str
    version_arguments: tuple[str, ...]
    fitting_version: str
    """Regular expression that the output of `version_arguments` has to contain."""
    built_as: str = ""
    """The name that `go build` gives it, where that is another."""


@dataclass(frozen=True)
class Module:
    """A Go module below `dev/tools` whose `tool` directives name the programs to build."""

    name: str
    binaries: tuple[Binary, ...]
    minutes: str
    """How long a cold build takes on two cores."""
    linker_variables: Mapping[str, str] = field(default_factory=dict)
    build_tags: tuple[str, ...] = ()
    manifests_of: str = ""
    """The Go module whose manifests are kept beside the programs; an installed program, which has none, is no match."""

    @property
    def folder(self) -> Path:
        """Return where `go.mod` and `go.sum` are."""
        return MODULES / self.name

    @property
    def built(self) -> Path:
        """Return the cache folder of the binaries, named by a digest of every pin that went into them."""
        pins = b"".join((self.folder / name).read_bytes() for name in ("go.mod", "go.sum"))
        return cache_folder() / "bin" / f"{self.name}-{hashlib.sha256(pins).hexdigest()[:16]}"


def _kubernetes_version() -> str:
    pinned = re.search(r"k8s\.io/kubernetes (v1\.\d+\.\d+)", (MODULES / "kubernetes" / "go.mod").read_text())
    if pinned is None:
        raise ToolError("dev/tools/kubernetes/go.mod names no version of k8s.io/kubernetes")
    return pinned[1]


def _kubernetes() -> Module:
    version = _kubernetes_version()
    major, minor, _ = version.removeprefix("v").split(".")
    same_minor = rf"v{major}\.{minor}\."
    close_minor = rf"v{major}\.({int(minor) - 1}|{minor}|{int(minor) + 1})\."
    base = "k8s.io/component-base/version"
    return Module(
        name="kubernetes",
        binaries=(
            Binary("kube-apiserver", ("--version",), same_minor),
            Binary("kube-controller-manager", ("--version",), same_minor),
            Binary("kubectl", ("version", "--client"), close_minor),
        ),
        minutes="6 minutes",
        # Without these the server calls itself v0.0.0, and clients believe it.
        linker_variables={f"{base}.gitVersion": version, f"{base}.gitMajor": major, f"{base}.gitMinor": minor},
    )


def modules() -> tuple[Module, ...]:
    """Return every module that the development cluster needs."""
    return (
        Module("etcd", (Binary("etcd", ("--version",), r"etcd Version: 3\.[6-9]\.", built_as="server"),), "1 minute"),
        _kubernetes(),
        Module("minio", (Binary("minio", ("--version",), r"RELEASE\.202[5-9]"),), "3 minutes"),
    )


def node() -> Module:
    """Return the module of a real node: only the test in real containers needs it."""
    exactly = rf"{re.escape(_kubernetes_version())}\s*$"
    return replace(
        _kubernetes(),
        name="kubernetes-node",
        binaries=tuple(Binary(name, ("--version",), exactly) for name in ("kubelet", "kube-scheduler")),
        minutes="2 to 10 minutes",
    )


def monitoring() -> Module:
    """Return the module of what reads the operator's metrics: only the tests of alerts and dashboard need it."""
    return Module(
        name="prometheus",
        binaries=tuple(
            Binary(name, ("--version",), rf"{name}, version 3\.([5-9]|\d\d)") for name in ("prometheus", "promtool")
        ),
        minutes="5 minutes",
        # Of the ways to find what to scrape, a file is enough; the others bring the clients of every cloud.
        build_tags=("remove_all_sd",),
    )


def queueing() -> Module:
    """Return the module of Kueue, which only the tests of queued runs need."""
    return Module(
        name="kueue",
        binaries=(Binary("kueue", (), ""),),
        minutes="10 to 30 minutes",
        manifests_of="sigs.k8s.io/kueue",
    )


def charting() -> Module:
    """Return the module of Helm: only the tests of the chart need it."""
    return Module("helm", (Binary("helm", ("version", "--short"), r"v3\.(1[4-9]|[2-9]\d)\."),), "1 minute")


def scripting() -> Module:
    """Return the module of the Lua that Argo CD runs: only the tests of its health checks need it."""
    return Module("lua", (Binary("glua", ("-v",), r"GopherLua 0\.1"),), "1 minute")


@dataclass(frozen=True)
class Tools:
    """Paths of the programs that make up the development cluster."""

    etcd: Path
    kube_apiserver: Path
    kube_controller_manager: Path
    kubectl: Path
    minio: Path


@dataclass(frozen=True)
class NodeTools:
    """Paths of what makes a machine a node, and of what fills it."""

    kubelet: Path
    kube_scheduler: Path


@dataclass(frozen=True)
class MonitoringTools:
    """Paths of Prometheus and of what checks its rules."""

    prometheus: Path
    promtool: Path


@dataclass(frozen=True)
class QueueingTools:
    """Path of Kueue's manager."""

    kueue: Path

    @property
    def manifests(self) -> Path:
        """Where the manifests of exactly this Kueue are, for kustomize."""
        return self.kueue.parent / _MANIFESTS / "default"


def find_tools(report: Report = print) -> Tools:
    """Return all tools, building once those that are neither installed in a fitting version nor cached.

    Raises ToolError where a build fails.
    """
    return Tools(**_programs(modules(), report))


def find_node_tools(report: Report = print) -> NodeTools:
    """Return kubelet and scheduler, found or built alike; raises alike."""
    return NodeTools(**_programs((node(),), report))


def find_monitoring_tools(report: Report = print) -> MonitoringTools:
    """Return Prometheus and promtool, found or built alike; raises alike."""
    return MonitoringTools(**_programs((monitoring(),), report))


def find_queueing_tools(report: Report = print) -> QueueingTools:
    """Return Kueue, built once; raises alike."""
    return QueueingTools(**_programs((queueing(),), report))


def find_helm(report: Report = print) -> Path:
    """Return Helm, found or built alike; raises alike."""
    return _programs((charting(),), report)["helm"]


def find_lua(report: Report = print) -> Path:
    """Return an interpreter of Lua, found or built alike; raises alike."""
    return _programs((scripting(),), report)["glua"]


def _programs(wanted: Sequence[Module], report: Report) -> dict[str, Path]:
    """Return a path for every binary of the modules, by its name as an identifier."""
    missing = [module for module in wanted if not _resolved(module)]
    if missing:
        with locked("go-build"):
            # Another process may have built them while this one waited for the lock.
            _build_all([module for module in missing if not _resolved(module)], report)
    paths = {name: path for module in wanted for name, path in _resolved(module).items()}
    return {name.replace("-", "_"): path for name, path in paths.items()}


def _resolved(module: Module) -> dict[str, Path]:
    """Return a path for every binary of the module, or nothing at all where one is missing."""
    found = {binary.name: _found(module, binary) for binary in module.binaries}
    return {name: path for name, path in found.items() if path} if all(found.values()) else {}


def _found(module: Module, binary: Binary) -> Path | None:
    """An installed program comes without manifests."""
    installed = None if module.manifests_of else _installed(binary)
    return installed or _cached(module, binary)


def _installed(binary: Binary) -> Path | None:
    for folder in (os.environ.get("KUBEBUILDER_ASSETS"), os.environ.get("PATH")):
        path = shutil.which(binary.name, path=folder) if folder else None
        if path and _fits(binary, path):
            return Path(path)
    return None


def _fits(binary: Binary, path: str) -> bool:
    try:
        answer = subprocess.run(
            [path, *binary.version_arguments], capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return re.search(binary.fitting_version, answer.stdout) is not None


def _cached(module: Module, binary: Binary) -> Path | None:
    path = module.built / binary.name
    return path if path.is_file() else None


def _build_all(missing: list[Module], report: Report) -> None:
    if not missing:
        return
    go = find_go(report)
    finished = cache_folder() / "bin"
    finished.mkdir(parents=True, exist_ok=True)
    for left_by_a_killed_build in finished.glob("go-build-*"):
        shutil.rmtree(left_by_a_killed_build)
    # Go's build cache grows to 5 GB here, far more than the binaries: it lives as long as this build.
    with tempfile.TemporaryDirectory(prefix="go-build-", dir=finished) as work:
        for module in missing:
            _build(module, go, Path(work), report)


def _build(module: Module, go: Path, work: Path, report: Report) -> None:
    names = ", ".join(binary.name for binary in module.binaries)
    report(f"Building {names} from pinned Go modules, once (about {module.minutes} on two cores) ...")
    started = time.monotonic()
    fresh = work / module.name
    fresh.mkdir()
    _compile(module, go, fresh, work / "gocache")
    for binary in module.binaries:
        if binary.built_as:
            (fresh / binary.built_as).rename(fresh / binary.name)
    if module.manifests_of:
        _keep_manifests(module, go, fresh / _MANIFESTS)
    # The rename makes the folder appear whole or not at all.
    fresh.rename(module.built)
    report(f"Built {names} in {time.monotonic() - started:.0f} s.")


def _compile(module: Module, go: Path, target: Path, build_cache: Path) -> None:
    flags = " ".join(["-s", "-w", *(f"-X {name}={value}" for name, value in module.linker_variables.items())])
    options = ["-trimpath", "-buildvcs=false", f"-tags={','.join(module.build_tags)}", f"-ldflags={flags}"]
    command = [str(go), "build", *options, "-o", f"{target}/", "tool"]
    environment = {**os.environ, "GOCACHE": str(build_cache), "CGO_ENABLED": "0"}
    result = subprocess.run(command, cwd=module.folder, env=environment, capture_output=True, text=True, check=False)
    if result.returncode:
        raise ToolError(f"go build of {module.name} failed:\n{result.stderr[-4000:]}")


def _keep_manifests(module: Module, go: Path, target: Path) -> None:
    """Copy the manifests out of Go's module cache, whose folders nobody may write to, nor remove."""
    command = [str(go), "list", "-m", "-f", "{{.Dir}}", module.manifests_of]
    answer = subprocess.run(command, cwd=module.folder, capture_output=True, text=True, check=False)
    if answer.returncode:
        raise ToolError(f"go list of {module.manifests_of} failed:\n{answer.stderr[-4000:]}")
    source = Path(answer.stdout.strip()) / _MANIFESTS
    for file in filter(Path.is_file, source.rglob("*")):
        kept = target / file.relative_to(source)
        kept.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, kept)
