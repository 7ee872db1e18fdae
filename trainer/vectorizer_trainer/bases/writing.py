"""Writes the folder of a small base."""

from pathlib import Path

import torch
from vectorizer_api.artifact import VectorizerDescription
from vectorizer_api.content import ContentType

from vectorizer_trainer.bases.contract import SmallBase
from vectorizer_trainer.bases.reference import REFERENCE_FILE, serialise_reference
from vectorizer_trainer.vectorizer import write_vectorizer

__all__ = ["write_base"]


def write_base(folder: Path, name: str, content_type: ContentType, made: SmallBase) -> None:
    """The folder that load_vectorizer and load_reference open; a base's adapter is the identity."""
    dimension = made.encoder.dimension
    description = VectorizerDescription(
        name=name,
        content_type=content_type,
        architecture=made.architecture,
        dimension=dimension,
        preprocessing=dict(made.preprocessing),
        licence=made.licence,
        files={},
    )
    weights = made.encoder.serialise(torch.eye(dimension))
    write_vectorizer(folder, description, {**weights, REFERENCE_FILE: serialise_reference(made.reference)})
