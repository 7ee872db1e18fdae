"""Pictures: the vision tower of open_clip's ViT-B-16-SigLIP2-256, as its publishers wrote it.

The published tower ends in its attention pooling. Ours has a linear layer behind it, the identity at first, for an
adapter to be folded into; open_clip builds the same by `timm_proj: linear` and `timm_proj_bias: true`.
"""

from pathlib import Path

import torch
from torch import Tensor

from vectorizer_trainer.content.image import ImageEncoder, architecture
from vectorizer_trainer.published import Published, published_file, read_manifest, read_published

__all__ = ["ARCHITECTURE", "LICENCE", "NAME", "PREPROCESSING", "SOURCE", "open_published", "open_tower"]

NAME = "ViT-B-16-SigLIP2-256"
LICENCE = "Apache-2.0"
SOURCE = "timm/ViT-B-16-SigLIP2-256 on the Hugging Face hub, open_clip_model.safetensors"

ARCHITECTURE = "open_clip.TimmModel"
PREPROCESSING = {"mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]}

_DIMENSION = 768
_CONFIG = {
    "model_name": "vit_base_patch16_siglip_256",
    "embed_dim": _DIMENSION,
    "image_size": 256,
    "pool": "map",
    "proj": "linear",
    "proj_bias": True,
}
_FILES = ("open_clip_model.safetensors", "open_clip_pytorch_model.bin")
_PREFIX = "visual."


def open_published(source: Path) -> Published:
    """The tower from the published file or the folder that holds it; raises InvalidCheckpoint."""
    return Published(open_tower(source), ARCHITECTURE, PREPROCESSING)


def open_tower(source: Path) -> ImageEncoder:
    """The encoder of pictures from the published file or the folder that holds it; raises InvalidCheckpoint."""
    read = read_published(published_file(source, _FILES), read_manifest(NAME))
    weights = {key.removeprefix(_PREFIX): tensor for key, tensor in read.items()} | _identity()
    kind = architecture(ARCHITECTURE)
    with torch.device("meta"):
        tower = kind.build(_CONFIG)
    tower.load_state_dict(weights, assign=True)
    return ImageEncoder(kind, tower, _CONFIG, PREPROCESSING)


def _identity() -> dict[str, Tensor]:
    return {"head.proj.weight": torch.eye(_DIMENSION), "head.proj.bias": torch.zeros(_DIMENSION)}
