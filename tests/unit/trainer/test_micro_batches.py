"""Gradients of parts are those of the whole, and running out of memory halves the parts."""

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import normalize
from vectorizer_trainer.content.encoder import Item
from vectorizer_trainer.losses import supervised_contrastive
from vectorizer_trainer.tuning.micro_batches import MicroBatches

ITEMS: list[Item] = list(np.random.default_rng(0).normal(size=(10, 6)).astype(np.float32))
WEIGHTS = torch.from_numpy(np.random.default_rng(1).random((10, 10)).astype(np.float32))


class Network(nn.Module):
    """A linear map of items that fits `capacity` of them into memory."""

    def __init__(self, capacity: int = 100) -> None:
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            self.layer = nn.Linear(6, 4)
        self.capacity = capacity
        self.sizes: list[int] = []

    def encode(self, items: Sequence[Item]) -> Tensor:
        if len(items) > self.capacity:
            raise torch.OutOfMemoryError
        self.sizes.append(len(items))
        vectors: Tensor = normalize(self.layer(torch.from_numpy(np.stack(items))), dim=1)
        return vectors


def _loss(vectors: Tensor) -> Tensor:
    return supervised_contrastive(vectors, WEIGHTS)


def _gradients(network: Network, largest: int) -> tuple[float, list[Tensor]]:
    parameters = list(network.parameters())
    loss = MicroBatches(network.encode, parameters, largest).backward(ITEMS, _loss)
    return loss, [parameter.grad for parameter in parameters if parameter.grad is not None]


@pytest.mark.parametrize("largest", [1, 3, 5, 9])
def test_parts_give_the_loss_and_the_gradient_of_the_whole(largest: int) -> None:
    whole_loss, whole = _gradients(Network(), 10)
    loss, parts = _gradients(Network(), largest)
    assert loss == pytest.approx(whole_loss, rel=1e-6)
    for one, other in zip(whole, parts, strict=True):
        assert torch.allclose(one, other, atol=1e-6)


def test_out_of_memory_halves_the_parts_and_loses_no_gradient() -> None:
    network = Network(capacity=3)
    loss, parts = _gradients(network, 10)
    whole_loss, whole = _gradients(Network(), 10)
    assert loss == pytest.approx(whole_loss, rel=1e-6)
    assert all(torch.allclose(one, other, atol=1e-6) for one, other in zip(whole, parts, strict=True))
    assert max(network.sizes) == 2


def test_the_smaller_size_is_kept_for_the_next_batch() -> None:
    network = Network(capacity=3)
    gradients = MicroBatches(network.encode, list(network.parameters()), 10)
    gradients.backward(ITEMS, _loss)
    network.capacity = 100
    network.sizes.clear()
    gradients.backward(ITEMS, _loss)
    assert max(network.sizes) == 2


def test_what_does_not_fit_alone_is_an_error() -> None:
    network = Network(capacity=0)
    with pytest.raises(torch.OutOfMemoryError):
        MicroBatches(network.encode, list(network.parameters()), 10).backward(ITEMS, _loss)
