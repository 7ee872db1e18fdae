"""The reference items of a base: fixed cached inputs that say how far a tuned vectorizer strayed from its start."""

from collections.abc import Sequence
from pathlib import Path

from safetensors.numpy import load, save

from vectorizer_trainer.content.encoder import Item
from vectorizer_trainer.vectorizer import verified_description, verified_file

__all__ = ["REFERENCE_FILE", "load_reference", "serialise_reference"]

REFERENCE_FILE = "reference.safetensors"


def load_reference(folder: Path) -> list[Item]:
    """The reference items of a base folder, checked against its vectorizer.json."""
    description = verified_description(folder)[0]
    arrays = load(verified_file(folder, REFERENCE_FILE, description).read_bytes())
    return [arrays[name] for name in sorted(arrays)]


def serialise_reference(items: Sequence[Item]) -> bytes:
    """The content of the file that load_reference reads."""
    return save({f"{index:06d}": item for index, item in enumerate(items)})
