"""The user's cache of bases: an imported production base wins, else the small base is made once."""

import fcntl
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import cast

from vectorizer_api.content import ContentType

from vectorizer_trainer.bases.contract import BaseModule
from vectorizer_trainer.bases.writing import write_base
from vectorizer_trainer.user_cache import user_cache

__all__ = ["bases_folder", "ensure_base", "ensure_small_base", "production_base"]


@dataclass(frozen=True)
class _Bases:
    production: str
    """Folder name of the base that an administrator imports."""
    small: str
    """Module that makes the small one."""


_BASES = {
    ContentType.IMAGE: _Bases("ViT-B-16-SigLIP2-256", "vectorizer_trainer.bases.image.base"),
    ContentType.POINT_CLOUD: _Bases("Uni3D-B", "vectorizer_trainer.bases.point_cloud.base"),
    ContentType.SOUND: _Bases("clap-htsat-unfused", "vectorizer_trainer.bases.sound.base"),
    ContentType.TEXT: _Bases("multilingual-e5-small", "vectorizer_trainer.bases.text.base"),
    ContentType.VIDEO: _Bases("ViT-B-16-SigLIP2-256-frames", "vectorizer_trainer.bases.video.base"),
}


def bases_folder() -> Path:
    """Where the bases of this user are kept."""
    return user_cache() / "bases"


def production_base(content_type: ContentType) -> str:
    """The folder name of the base that an administrator imports for a content type, be it there or not."""
    return _BASES[content_type].production


def ensure_base(content_type: ContentType) -> Path:
    """The folder of the base of a content type: the imported one, else the small one."""
    production = bases_folder() / _BASES[content_type].production
    return production if _complete(production) else ensure_small_base(content_type)


def ensure_small_base(content_type: ContentType) -> Path:
    """The folder of the small base of a content type, made where it is missing, by one process at a time."""
    module = cast("BaseModule", import_module(_BASES[content_type].small))
    small = bases_folder() / f"revision-{module.REVISION}" / module.NAME
    if not _complete(small):
        with _locked(small.with_suffix(".lock")):
            _make(content_type, module, small)
    return small


def _complete(folder: Path) -> bool:
    return (folder / "vectorizer.json").is_file()


def _make(content_type: ContentType, module: BaseModule, folder: Path) -> None:
    if _complete(folder):
        return
    # Under the lock nobody else is at work: what lies there was left by a process that was killed.
    for abandoned in folder.parent.glob(f".{folder.name}-*"):
        shutil.rmtree(abandoned)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as temporary:
        made = Path(temporary) / folder.name
        write_base(made, module.NAME, content_type, module.make())
        made.rename(folder)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
