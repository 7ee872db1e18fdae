"""Which tensors a published checkpoint consists of: the committed expectation that a file is held against."""

from importlib.resources import files
from typing import NamedTuple

from vectorizer_api.model import ApiModel

__all__ = ["Manifest", "PublishedTensor", "read_manifest"]


class PublishedTensor(NamedTuple):
    """What a tensor of a published checkpoint is."""

    dtype: str
    """As safetensors writes it: F32, F16, BF16, I64, …"""
    shape: tuple[int, ...]


class Manifest(ApiModel):
    """`manifests/<name>.json`: the keys, types and shapes of a published checkpoint."""

    source: str
    """source says what keys and shapes were derived from: the publisher's code or documents, with its version."""
    checked: str
    """checked says whether they were compared with the real file, and if so with which (its SHA-256)."""
    tensors: dict[str, PublishedTensor]
    """tensors maps each key that is read to [type, [shape]]."""
    optional: tuple[str, ...] = ()
    """optional lists those of the keys that some versions of the file lack."""
    ignored: tuple[str, ...] = ()
    """ignored lists the beginnings of keys that are in the file and not read, as those of a second tower."""
    within: str | None = None
    """within is the key of a pickled checkpoint under which the tensors lie; absent where they lie at its top."""


def read_manifest(name: str) -> Manifest:
    """The manifest of a published checkpoint, by the folder name of its base."""
    return Manifest.model_validate_json((files(__package__) / "manifests" / f"{name}.json").read_bytes())
