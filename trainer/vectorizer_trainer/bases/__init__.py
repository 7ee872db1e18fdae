"""The small bases: made once, from what is installed, into the user's cache."""

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from vectorizer_api.content import ContentType

from vectorizer_trainer.content.encoder import Item


def ensure_base(content_type: ContentType) -> Path:
    """The folder of the base of a content type in the user's cache, made where it is missing."""
    raise NotImplementedError


def load_reference(folder: Path) -> list[Item]:
    """The reference items of a base folder, whose change of neighbourhood measures retention."""
    raise NotImplementedError
