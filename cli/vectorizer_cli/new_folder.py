"""A folder that a command writes: it appears whole or not at all."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vectorizer_trainer.errors import BadInput

__all__ = ["check_out", "new_folder"]


def check_out(out: Path) -> None:
    """Raise BadInput where the folder cannot be made, or holds something already."""
    if out.exists() and not out.is_dir():
        raise BadInput(f"--out {out} is a file.", hint="Name a folder that is new or empty.")
    if out.is_dir() and any(out.iterdir()):
        raise BadInput(f"--out {out} is not empty.", hint="Name a folder that is new or empty.")
    if out.is_mount():
        raise BadInput(f"--out {out} is a mount point.", hint="Name a folder inside it, new or empty.")
    above = _nearest_folder(out)
    if not above.is_dir() or not os.access(above, os.W_OK):
        raise BadInput(f"--out {out} cannot be written.", hint="Name a place where you may write.")


def _nearest_folder(path: Path) -> Path:
    """The closest folder above `path` that exists: what is missing below it will be made."""
    return next(parent for parent in path.absolute().parents if parent.exists())


@contextmanager
def new_folder(out: Path) -> Iterator[Path]:
    """A folder that becomes `out` in one step where the block ends well; else nothing of it is left."""
    out = out.resolve()
    out.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=f".{out.name}.partial-", dir=out.parent))
    try:
        yield partial
        partial.chmod(0o755)
        partial.rename(out)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
