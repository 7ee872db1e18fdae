"""The numbers that blocks are trained in."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import cosine_similarity, scaled_dot_product_attention
from vectorizer_trainer.tuning.precision import lower_precision

CPU = torch.device("cpu")
MULTIPLIES_BFLOAT16 = bool(torch.cpu.get_capabilities().get("amx_bf16"))
needs_bfloat16 = pytest.mark.skipif(not MULTIPLIES_BFLOAT16, reason="this processor does not multiply bfloat16")


@pytest.fixture
def layer() -> nn.Module:
    torch.manual_seed(0)
    return nn.TransformerEncoderLayer(32, 4, 64, dropout=0.0, batch_first=True)


def gradient(layer: nn.Module, rows: Tensor) -> Tensor:
    layer.zero_grad()
    layer(rows).float().square().mean().backward()
    return torch.cat([weight.grad.flatten() for weight in layer.parameters() if weight.grad is not None])


def test_a_step_goes_where_that_of_float32_goes(layer: nn.Module) -> None:
    rows = torch.randn(8, 16, 32)
    whole = gradient(layer, rows)
    with lower_precision(CPU):
        lower = gradient(layer, rows)
    assert cosine_similarity(whole, lower, dim=0) > 0.999


def test_weights_and_gradients_stay_float32(layer: nn.Module) -> None:
    with lower_precision(CPU):
        gradient(layer, torch.randn(2, 4, 32))
    assert {weight.dtype for weight in layer.parameters()} == {torch.float32}
    assert {weight.grad.dtype for weight in layer.parameters() if weight.grad is not None} == {torch.float32}


@needs_bfloat16
def test_products_are_bfloat16_and_attention_loses_nothing_to_it() -> None:
    torch.manual_seed(0)
    query, key, value = torch.randn(3, 2, 4, 8, 16)
    with lower_precision(CPU):
        assert nn.Linear(16, 16)(query).dtype is torch.bfloat16
        attended = scaled_dot_product_attention(query, key, value)
        rounded = scaled_dot_product_attention(query.bfloat16(), key.bfloat16(), value=value.bfloat16())
    assert torch.equal(attended, scaled_dot_product_attention(query, key, value))
    assert rounded.dtype is torch.bfloat16


def test_it_ends_with_the_block(layer: nn.Module) -> None:
    rows = torch.randn(2, 4, 32)
    before = layer(rows)
    with lower_precision(CPU):
        layer(rows)
    assert torch.equal(layer(rows), before)
