"""Whether this machine can be a node, and what a kubelet changes on it, which is put back."""

import os
import platform
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PROGRAMS = ("containerd", "ctr", "runc", "podman", "ip")
PLUGINS = Path("/usr/lib/cni")
CGROUPS = Path("/sys/fs/cgroup")
CGROUP = "vectorizer-e2e"
"""Above the cgroups of all Pods."""
_KERNEL = Path("/proc/sys")
_SET_BY_KUBELET = ("vm/overcommit_memory", "vm/panic_on_oom", "kernel/panic", "kernel/panic_on_oops")
_MISSING = "`make e2e-packages` installs it on Debian"


def obstacle() -> str:
    """Why no real node can run here, in a sentence; empty where one can."""
    if platform.system() != "Linux" or os.geteuid():
        return "a real node needs root on Linux"
    for program in PROGRAMS:
        if shutil.which(program) is None:
            return f"{program} is not installed; {_MISSING}"
    for plugin in ("bridge", "host-local", "loopback"):
        if not (PLUGINS / plugin).exists():
            return f"{PLUGINS / plugin} is not installed; {_MISSING}"
    return _cgroup_obstacle()


def _cgroup_obstacle() -> str:
    trial = _hierarchies()[0] / f"{CGROUP}-trial-{os.getpid()}"
    try:
        trial.mkdir()
        trial.rmdir()
    except OSError as error:
        return f"no cgroup can be made below {trial.parent}: {error.strerror}"
    return ""


def _hierarchies() -> list[Path]:
    """The folders of cgroup v2, or one for each controller of v1."""
    if (CGROUPS / "cgroup.controllers").exists():
        return [CGROUPS]
    return sorted({path.resolve() for path in CGROUPS.iterdir() if (path / "cgroup.procs").exists()})


@contextmanager
def own_cgroup() -> Iterator[str]:
    """A cgroup for all Pods, in every hierarchy; it is removed with all below it."""
    places = [hierarchy / CGROUP for hierarchy in _hierarchies()]
    for place in places:
        _remove(place)
        place.mkdir()
        _take_over_cpus(place)
    try:
        yield f"/{CGROUP}"
    finally:
        for place in places:
            _remove(place)


def _take_over_cpus(place: Path) -> None:
    """A cpuset of v1 starts empty, and nothing can run in it."""
    for name in ("cpuset.cpus", "cpuset.mems"):
        above, own = place.parent / name, place / name
        if above.exists() and own.exists() and not own.read_text().strip():
            own.write_text(above.read_text())


def _remove(place: Path) -> None:
    if not place.exists():
        return
    for inner in [path for path in place.iterdir() if path.is_dir()]:
        _remove(inner)
    place.rmdir()


@contextmanager
def kernel_settings_kept() -> Iterator[None]:
    """Put back what a kubelet sets for the whole machine."""
    before = {path: path.read_text() for path in (_KERNEL / name for name in _SET_BY_KUBELET)}
    try:
        yield
    finally:
        for path, value in before.items():
            if path.read_text() != value:
                path.write_text(value)
