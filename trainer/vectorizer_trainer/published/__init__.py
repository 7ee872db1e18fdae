"""The published checkpoints that production bases are made of: one module a format, found by content type.

A module reads the files as their publisher wrote them and refuses by name what it does not know. Only an
administrator's `vectorizer base import` comes here: trainer and operator read nothing but vectorizer folders. A further
checkpoint is a further module, its manifest of keys and shapes, and a line in `_MODULES`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, cast

from vectorizer_api.content import ContentType

from vectorizer_trainer.content import UnsupportedContent
from vectorizer_trainer.content.encoder import Encoder
from vectorizer_trainer.published.checkpoint import (
    InvalidCheckpoint,
    checked,
    published_file,
    read_checkpoint,
    read_published,
)
from vectorizer_trainer.published.manifest import Manifest, PublishedTensor, read_manifest

__all__ = [
    "InvalidCheckpoint",
    "Manifest",
    "OthersModule",
    "Published",
    "PublishedModule",
    "PublishedTensor",
    "checked",
    "others_module",
    "published_file",
    "published_module",
    "read_checkpoint",
    "read_manifest",
    "read_published",
]

_MODULES: Mapping[ContentType, str] = {
    ContentType.IMAGE: "vectorizer_trainer.published.image",
    ContentType.POINT_CLOUD: "vectorizer_trainer.published.point_cloud",
    ContentType.SOUND: "vectorizer_trainer.published.sound",
    ContentType.TEXT: "vectorizer_trainer.published.text",
    ContentType.VIDEO: "vectorizer_trainer.published.video",
}

_OTHERS: Mapping[ContentType, str] = {
    ContentType.TEXT: "vectorizer_trainer.published.text",
}
"""Modules that also open other checkpoints of the same kind, as an administrator's own."""


@dataclass(frozen=True)
class Published:
    """A published checkpoint, opened."""

    encoder: Encoder
    """With the published weights, in float32."""
    architecture: str
    """What vectorizer.json is to call the encoder's code."""
    preprocessing: Mapping[str, Any]
    """What the encoder's decoder needs, as JSON; it goes into vectorizer.json."""


class PublishedModule(Protocol):
    """What a module of a published checkpoint offers."""

    NAME: str
    """The production base's folder name, and its manifest's."""
    LICENCE: str
    """SPDX identifier of the published weights' licence."""
    SOURCE: str
    """Who publishes the checkpoint under which name, in words, for people who look for it."""

    def open_published(self, source: Path) -> Published:
        """Opens the published file, or the folder that holds it; raises InvalidCheckpoint."""


def published_module(content_type: ContentType) -> PublishedModule:
    """The module of a content type's published checkpoint; raises UnsupportedContent where there is none."""
    if content_type not in _MODULES:
        raise UnsupportedContent(f"content type {content_type} is not supported yet")
    # Imported on demand: each module brings its own large libraries.
    return cast("PublishedModule", import_module(_MODULES[content_type]))


class OthersModule(Protocol):
    """What a module offers that opens other checkpoints than the published one."""

    def open_other(self, source: Path) -> Published:
        """Opens a folder with another checkpoint of the same kind; raises InvalidCheckpoint."""


def others_module(content_type: ContentType) -> OthersModule:
    """The module that opens other checkpoints of a content type; raises UnsupportedContent where there is none."""
    if content_type not in _OTHERS:
        raise UnsupportedContent(f"no other checkpoint of {content_type} than the published one can be imported")
    return cast("OthersModule", import_module(_OTHERS[content_type]))
