"""What every content type's encoder can do."""

import copy
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from torch import Tensor, device, nn
from vectorizer_api.run import Limits

Item = np.ndarray[Any, Any]
"""A decoded file, as it is cached: small integers, ready for `Encoder.forward`."""


@dataclass(frozen=True)
class Inputs:
    """What `Encoder.forward` takes: tensors alone, as a runtime without our decoders can make them too."""

    tensors: Mapping[str, Tensor]
    """By name, in the order of forward's arguments; a row for each item."""
    free_axes: Mapping[str, Mapping[int, str]]
    """Axes that may have any length: tensor -> axis -> what its length is called."""


class Encoder(nn.Module, ABC):
    """A network from items to features, with the decoder of the files that it takes.

    The features of an item are an average of unit vectors (of one, for an item in one window), so that a linear adapter
    acts on cached start vectors exactly as it does behind the encoder.
    """

    suffixes: ClassVar[frozenset[str]]
    """Lower-case suffixes that files of this content usually have; they filter folders and decide nothing else."""

    dimension: int
    """Length of a feature vector."""

    @property
    def device(self) -> device:
        """Where the parameters are: `features` makes its tensors there."""
        return next(self.parameters()).device

    @abstractmethod
    def decode(self, path: Path, limits: Limits) -> Item:
        """The item of a file, by its content; raises UnreadableFile, also where it is over a limit."""

    @abstractmethod
    def cost(self, item: Item) -> int:
        """How much work an item is, in units of this content type; items of like cost are batched together."""

    @abstractmethod
    def features(self, items: Sequence[Item]) -> Tensor:
        """Float32 [n, dimension], with gradients where they are enabled; every part of every item counts."""

    def training_features(self, items: Sequence[Item]) -> Tensor:
        """Float32 [n, dimension] of what of an item is worth training on; all of it unless overridden."""
        return self.features(items)

    def trained_by_fine_tuning(self) -> list[str]:
        """Names of the parameters that the deep candidate trains; none where only the linear adapter is offered."""
        return []

    def trainable_copy(self) -> Self:
        """A copy with trained parameters of its own; everything else, most of a language model, is held in common."""
        own = set(self.trained_by_fine_tuning())
        tensors = [*self.named_parameters(), *self.named_buffers()]
        constants = [value for name, value in vars(self).items() if name not in vars(nn.Module())]
        common = [*(tensor for name, tensor in tensors if name not in own), *constants]
        return copy.deepcopy(self, {id(thing): thing for thing in common})

    def excerpt(self, item: Item) -> Item:
        """What of an item the network takes in one row: the first window of a long one; all of it unless overridden."""
        return item

    def inputs(self, items: Sequence[Item]) -> Inputs:
        """What `forward` takes for excerpts, and gives for them what `features` gives: float32 [n, dimension].

        Raises NotImplementedError where a content type has no such form.
        """
        raise NotImplementedError

    @abstractmethod
    def serialise(self, adapter: Tensor) -> Mapping[str, bytes]:
        """The files of a vectorizer folder: weights as safetensors, adapter [dimension, dimension], whatever else."""
