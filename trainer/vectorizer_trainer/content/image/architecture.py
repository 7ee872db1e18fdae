"""The vision towers of open_clip that an image encoder can hold, and where each of them takes an adapter."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, cast

from torch import Tensor, nn

from vectorizer_trainer.errors import InvalidVectorizer

__all__ = ["Architecture", "architecture"]

Weights = dict[str, Tensor]


@dataclass(frozen=True)
class Architecture:
    """A class of open_clip, whose instances map float32 [n, 3, size, size] to [n, dimension]."""

    module: str
    class_name: str
    dimension: str
    """Argument of the class that sets the length of an output."""
    blocks: str
    """What the names of the transformer blocks' parameters begin with."""
    folded: Callable[[Mapping[str, Tensor], Tensor], Weights]
    """From all weights and an adapter [dimension, dimension] to the weights that take the adapter in."""

    def build(self, config: Mapping[str, Any]) -> nn.Module:
        """A tower with random weights; `config` holds the arguments of the class."""
        # Imported here: open_clip takes seconds to load.
        made = getattr(import_module(self.module), self.class_name)
        return cast("nn.Module", made(**config))


def architecture(name: str) -> Architecture:
    """The tower that a vectorizer's description names; raises InvalidVectorizer."""
    if name not in _ARCHITECTURES:
        raise InvalidVectorizer(f"The architecture {name} is none of {', '.join(_ARCHITECTURES)}.")
    return _ARCHITECTURES[name]


def _into_matrix(weights: Mapping[str, Tensor], adapter: Tensor) -> Weights:
    return {"proj": weights["proj"] @ adapter.T}


def _into_linear_layer(weights: Mapping[str, Tensor], adapter: Tensor) -> Weights:
    return {name: adapter @ weights[name] for name in ("head.proj.weight", "head.proj.bias")}


_ARCHITECTURES = {
    "open_clip.VisionTransformer": Architecture(
        module="open_clip.transformer",
        class_name="VisionTransformer",
        dimension="output_dim",
        blocks="transformer.resblocks.",
        folded=_into_matrix,
    ),
    "open_clip.TimmModel": Architecture(
        module="open_clip.timm_model",
        class_name="TimmModel",
        dimension="embed_dim",
        blocks="trunk.blocks.",
        folded=_into_linear_layer,
    ),
}
