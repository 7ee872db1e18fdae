"""Where this user's computer keeps what can be made again: bases, and what earlier runs took."""

import os
from pathlib import Path

__all__ = ["user_cache"]


def user_cache() -> Path:
    """The product's folder in the user's cache; it may not be there yet."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "vectorizer-operator"
