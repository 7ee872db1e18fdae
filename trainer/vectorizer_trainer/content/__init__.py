"""The content types: one module each, found by name.

A module offers `open_encoder(folder, description)`: the encoder of a vectorizer folder whose files were verified,
together with its adapter. A further content type is a further module and a line in `_MODULES`.
"""

from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from torch import Tensor
from vectorizer_api.artifact import VectorizerDescription
from vectorizer_api.content import ContentType

from vectorizer_trainer.content.encoder import Encoder

__all__ = ["Encoder", "UnsupportedContent", "content_module", "supported_content_types"]

_MODULES = {
    ContentType.IMAGE: "vectorizer_trainer.content.image",
    ContentType.POINT_CLOUD: "vectorizer_trainer.content.point_cloud",
    ContentType.SOUND: "vectorizer_trainer.content.sound",
    ContentType.TEXT: "vectorizer_trainer.content.text",
    ContentType.VIDEO: "vectorizer_trainer.content.video",
}


class UnsupportedContent(Exception):  # noqa: N818 - it names what was asked for, not a fault of the program
    """A content type that has no module."""


class ContentModule(Protocol):
    """What a module of a content type offers."""

    def open_encoder(self, folder: Path, description: VectorizerDescription) -> tuple[Encoder, Tensor]:
        """The encoder and the adapter [dimension, dimension] of a verified vectorizer folder."""


def supported_content_types() -> frozenset[ContentType]:
    """The content types that have a module."""
    return frozenset(_MODULES)


def content_module(content_type: ContentType) -> ContentModule:
    """The module of a content type; raises UnsupportedContent where there is none."""
    if content_type not in _MODULES:
        raise UnsupportedContent(f"content type {content_type} is not supported yet")
    # Imported on demand: each module brings its own large libraries.
    return cast("ContentModule", import_module(_MODULES[content_type]))
