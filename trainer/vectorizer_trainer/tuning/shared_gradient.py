"""The gradient of a loss over a whole batch, computed by several processes.

It is gradient caching (see micro_batches) with the parts on different processes: each maps its own items to vectors,
the leader computes the loss over all of them, and each carries its items' share back into the weights. So the loss sees
the same batch as in one process, and the sum of the shares is the same gradient but for the order of additions.
"""

import logging
from collections.abc import Callable, Sequence
from typing import TypeVar

import torch
from torch import Tensor, nn

from vectorizer_trainer.content.encoder import Item
from vectorizer_trainer.processes import Processes
from vectorizer_trainer.tuning.blocks import Blocks

__all__ = ["SharedGradient", "help_with_gradients"]

_log = logging.getLogger(__name__)

_T = TypeVar("_T")


class SharedGradient:
    """The leader's side; takes the place of MicroBatches."""

    def __init__(self, blocks: Blocks, others: Sequence[nn.Parameter], largest: int, processes: Processes) -> None:
        """Takes the blocks, what else is trained, the number of items to begin with, and who computes."""
        self._others = others
        self._share = _Share(blocks, largest, processes)
        self._processes = processes

    def backward(self, items: Sequence[Item], loss_of: Callable[[Tensor], Tensor]) -> float:
        """Put the gradient of `loss_of(vectors)` into the parameters and return the loss.

        Raises:
            PeerLost: where a helper is gone or does not answer.
            torch.OutOfMemoryError: where not even one item fits.

        """
        for parameter in self._others:
            parameter.grad = None
        self._processes.call()
        vectors = self._share.vectors(items).requires_grad_()
        loss = loss_of(vectors)
        gradients, *of_others = torch.autograd.grad(loss, [vectors, *self._others])
        for parameter, gradient in zip(self._others, of_others, strict=True):
            parameter.grad = gradient
        self._share.backward(gradients)
        return loss.item()


def help_with_gradients(blocks: Blocks, largest: int, processes: Processes) -> None:
    """The helpers' side, until the leader lets them go; raises as SharedGradient.backward."""
    share = _Share(blocks, largest, processes)
    while processes.await_call():
        share.backward(torch.zeros_like(share.vectors([])))


class _Share:
    """What each process does of a step."""

    def __init__(self, blocks: Blocks, largest: int, processes: Processes) -> None:
        self._blocks = blocks
        self._largest = largest
        self._processes = processes
        self._items: list[Item] = []
        self._own = slice(0)

    def vectors(self, items: Sequence[Item]) -> Tensor:
        """The vectors [n, d] of the leader's items under the leader's weights."""
        for block in self._blocks.parameters:
            self._processes.spread(block.data)
        shared = self._processes.share(items)
        self._own = self._processes.own(len(shared))
        self._items = shared[self._own]
        vectors = torch.zeros(len(shared), self._blocks.encoder.dimension, device=self._blocks.encoder.device)
        if self._items:
            vectors[self._own] = self._in_memory(self._encode)
        self._processes.add(vectors)
        return vectors

    def backward(self, gradients: Tensor) -> None:
        """Carry the gradients [n, d] of the leader's loss into the blocks' own."""
        self._processes.spread(gradients)
        self._in_memory(lambda: self._descend(gradients[self._own]))
        for block in self._blocks.parameters:
            total = block.grad if block.grad is not None else torch.zeros_like(block)
            self._processes.add(total)
            # What no item reaches has no gradient, and is not decayed either.
            block.grad = total if block.grad is not None else None

    def _encode(self) -> Tensor:
        with torch.no_grad():
            return torch.cat([self._blocks.encode(part) for part in self._parts()])

    def _descend(self, gradients: Tensor) -> None:
        for block in self._blocks.parameters:
            block.grad = None
        if not self._items:
            return
        for part, gradient in zip(self._parts(), gradients.split(self._largest), strict=True):  # type: ignore[no-untyped-call]
            self._blocks.encode(part).backward(gradient)  # type: ignore[no-untyped-call]

    def _parts(self) -> list[list[Item]]:
        return [self._items[first : first + self._largest] for first in range(0, len(self._items), self._largest)]

    def _in_memory(self, work: Callable[[], _T]) -> _T:
        while True:
            try:
                return work()
            except torch.OutOfMemoryError:
                if self._largest == 1:
                    raise
                self._largest = max(1, min(self._largest, len(self._items)) // 2)
                _log.warning("out of memory: %d examples at a time from now on", self._largest)
