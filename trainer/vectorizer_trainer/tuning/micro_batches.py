"""The gradient of a loss over a whole batch, from parts of it that fit into memory.

A contrastive loss needs every vector of a batch at once, but only the vectors: they are computed part by part without a
graph, the loss gives each vector's gradient, and a second pass carries it into the weights part by part (gradient
caching: Gao et al. 2021, arXiv 2101.06983).
"""

import logging
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from vectorizer_trainer.content.encoder import Item

__all__ = ["MicroBatches"]

_log = logging.getLogger(__name__)


class MicroBatches:
    """Computes gradients; after running out of memory, in parts of half the size from then on."""

    def __init__(
        self, encode: Callable[[Sequence[Item]], Tensor], parameters: Sequence[nn.Parameter], largest: int
    ) -> None:
        """Takes what maps items to vectors [n, d], what is trained, and the number of items to begin with."""
        self._encode = encode
        self._parameters = parameters
        self._largest = largest

    def backward(self, items: Sequence[Item], loss_of: Callable[[Tensor], Tensor]) -> float:
        """Put the gradient of `loss_of(vectors)` into the parameters and return the loss.

        Raises:
            torch.OutOfMemoryError: where not even one item fits.

        """
        while True:
            for parameter in self._parameters:
                parameter.grad = None
            try:
                return self._in_parts(items, loss_of) if len(items) > self._largest else self._whole(items, loss_of)
            except torch.OutOfMemoryError:
                if self._largest == 1:
                    raise
                self._largest = min(self._largest, len(items)) // 2
                _log.warning("out of memory: %d examples at a time from now on", self._largest)

    def _whole(self, items: Sequence[Item], loss_of: Callable[[Tensor], Tensor]) -> float:
        loss = loss_of(self._encode(items))
        loss.backward()  # type: ignore[no-untyped-call]
        return loss.item()

    def _in_parts(self, items: Sequence[Item], loss_of: Callable[[Tensor], Tensor]) -> float:
        parts = [items[first : first + self._largest] for first in range(0, len(items), self._largest)]
        with torch.no_grad():
            vectors = torch.cat([self._encode(part) for part in parts])
        vectors.grad = torch.zeros_like(vectors)
        loss = loss_of(vectors.requires_grad_())
        loss.backward()  # type: ignore[no-untyped-call]
        gradients = vectors.grad.split(self._largest)  # type: ignore[no-untyped-call]
        for part, gradient in zip(parts, gradients, strict=True):
            self._encode(part).backward(gradient)  # type: ignore[no-untyped-call]
        return loss.item()
