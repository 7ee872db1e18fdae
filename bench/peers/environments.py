"""The peers' environments: pinned with hashes, made once in the user's cache, out of files that uv links."""

import hashlib
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from vectorizer_trainer.user_cache import user_cache

__all__ = ["Environment", "ensure_environment"]

_PINS = Path(__file__).parent / "pins"
_BENCH = Path(__file__).parents[1]


@dataclass(frozen=True)
class Environment:
    """A Python with a peer's libraries, and none of ours."""

    python: Path

    def variables(self, threads: int) -> dict[str, str]:
        """What its processes are started with: as many threads as ours, models from folders alone."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
        return kept | {
            "PYTHONPATH": str(_BENCH),
            "OMP_NUM_THREADS": str(threads),
            "HF_HUB_OFFLINE": "1",
            "TOKENIZERS_PARALLELISM": "false",
        }


def ensure_environment(name: str) -> Environment:
    """The environment of bench/peers/pins/<name>.txt, made where it is missing; raises CalledProcessError."""
    pins = _PINS / f"{name}.txt"
    digest = hashlib.sha256(pins.read_bytes() + sys.version.encode()).hexdigest()[:12]
    folder = user_cache() / "peers" / f"{name}-{digest}"
    if not folder.exists():
        _make(folder, pins)
    return Environment(folder / "bin" / "python")


def _make(folder: Path, pins: Path) -> None:
    """A half-made one is never found under its name: the scripts' first lines alone still say where it was made."""
    uv = user_cache() / "uv" / "bin" / "uv"
    making = folder.with_name(f"{folder.name}.{os.getpid()}")
    try:
        subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, making], check=True)
        # Compiled now: the first run of a peer is not to pay for it.
        sync = ["pip", "sync", "--quiet", "--compile-bytecode", "--require-hashes", "--python", str(making)]
        subprocess.run([uv, *sync, pins], check=True)
        making.rename(folder)
    finally:
        shutil.rmtree(making, ignore_errors=True)
