"""The blocks of an encoder while they are trained."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.functional import normalize

from vectorizer_trainer.content.encoder import Item
from vectorizer_trainer.vectorizer import Vectorizer

__all__ = ["Blocks"]


class Blocks:
    """A copy of the start's encoder whose blocks can be trained; all else of it is held in common with the start."""

    def __init__(self, start: Vectorizer) -> None:
        # No dropout: distillation and interpolation regularise already, and it would cost a sixth of the time.
        self.encoder = start.encoder.trainable_copy().eval()
        self.trained: dict[str, nn.Parameter] = {
            name: self.encoder.get_parameter(name) for name in self.encoder.trained_by_fine_tuning()
        }
        for block in self.trained.values():
            block.requires_grad_()
        self._adapter = start.adapter

    @property
    def parameters(self) -> list[nn.Parameter]:
        """What is trained, in an order that every process shares."""
        return list(self.trained.values())

    def encode(self, items: Sequence[Item]) -> Tensor:
        """Unit vectors [n, d] of items, with gradients where they are enabled."""
        with _lower_precision(self.encoder.device):
            features = self.encoder.training_features(items)
        return normalize(features.float() @ self._adapter.T, dim=1)


@contextmanager
def _lower_precision(device: torch.device) -> Iterator[None]:
    """Bfloat16 where the device multiplies it faster: it has float32's range, so that no loss needs scaling."""
    on_processor = device.type == "cpu" and bool(torch.cpu.get_capabilities().get("amx_bf16"))
    on_gpu = device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
    # On a processor the fused attention carries bfloat16 gradients back more slowly than all the rest together.
    attention = sdpa_kernel(SDPBackend.MATH) if on_processor else nullcontext()
    with attention, torch.autocast(device.type, torch.bfloat16, enabled=on_processor or on_gpu):
        yield
