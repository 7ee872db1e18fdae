"""A base image where no registry is reached: Debian's smallest root file system with Python, made by debootstrap."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from vectorizer_dev.cache import cache_folder, locked
from vectorizer_dev.images.engine import Engine, ImageError

SUITE = "bookworm"
"""The Debian whose Python the constraints are made for."""
NAME = f"localhost/vectorizer-base:{SUITE}"
_PACKAGES = ("ca-certificates", "python3", "python3-venv")
_LEFT_OVER = ("var/cache/apt", "var/lib/apt/lists", "var/log", "usr/share/doc", "usr/share/locale", "usr/share/man")
"""What is of use to nobody in a container; Debian's copyright files are kept."""


def ensure_base_image(engine: Engine, report: Callable[[str], None]) -> str:
    """Return the name of the base image, making it once; raises ImageError where that cannot be."""
    with locked("base-image"):
        if not engine.has(NAME):
            engine("import", '--change=CMD=["/bin/sh"]', str(_archive(report)), NAME)
    return NAME


def _archive(report: Callable[[str], None]) -> Path:
    """The root file system as a tar archive, from the cache where it is there."""
    kept = cache_folder() / "images" / f"{SUITE}.tar"
    if not kept.exists():
        _check(shutil.which("debootstrap"))
        report(f"Making a base image of Debian {SUITE}, once (half a minute to some minutes) ...")
        kept.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="root-", dir=kept.parent) as work:
            _make(Path(work), kept)
    return kept


def _check(debootstrap: str | None) -> None:
    if debootstrap is None:
        raise ImageError("no BASE_IMAGE is given, and debootstrap, which makes one, is not installed")
    if os.geteuid():
        raise ImageError("no BASE_IMAGE is given, and debootstrap, which makes one, needs root")


def _make(work: Path, kept: Path) -> None:
    root, archive = work / "root", work / "root.tar"
    _run("debootstrap", "--variant=minbase", f"--include={','.join(_PACKAGES)}", SUITE, str(root))
    for folder in _LEFT_OVER:
        for path in (root / folder).rglob("*"):
            if not path.is_dir() and path.name != "copyright":
                path.unlink()
    _run("tar", "--create", "--numeric-owner", f"--file={archive}", f"--directory={root}", ".")
    archive.rename(kept)


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ImageError(f"{command[0]} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
