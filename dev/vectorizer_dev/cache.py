"""Where things that take long to make are kept between runs."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vectorizer_trainer.user_cache import user_cache


def cache_folder() -> Path:
    """Return the project's folder in the user's cache directory (`XDG_CACHE_HOME`, else `~/.cache`)."""
    return user_cache()


@contextmanager
def locked(name: str) -> Iterator[None]:
    """Hold the machine-wide lock `name` of the cache; the kernel frees it should the holder die."""
    folder = cache_folder() / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / name).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
