"""The numbers that blocks are trained in: bfloat16 where the device multiplies it faster than float32."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.functional import scaled_dot_product_attention
from torch.overrides import TorchFunctionMode

__all__ = ["lower_precision"]


@contextmanager
def lower_precision(device: torch.device) -> Iterator[None]:
    """Multiply in bfloat16 where that is faster: it has float32's range, so that no loss needs scaling."""
    if device.type == "cpu" and torch.cpu.get_capabilities().get("amx_bf16"):
        # Fused attention carries bfloat16 back more slowly than all the rest of a step takes together (torch 2.11).
        with sdpa_kernel(SDPBackend.MATH), _FusedAttention(), torch.autocast("cpu", torch.bfloat16):
            yield
        return
    on_gpu = device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
    with torch.autocast(device.type, torch.bfloat16, enabled=on_gpu):
        yield


class _FusedAttention(TorchFunctionMode):
    """Fused attention in float32: it does not keep the scores.

    A call from within nn.MultiheadAttention is not seen here.
    """

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:  # noqa: ANN401 - whatever the function of torch returns
        """Call any function of torch."""
        given = kwargs or {}
        if func is not scaled_dot_product_attention:
            return func(*args, **given)
        with sdpa_kernel([SDPBackend.FLASH_ATTENTION, SDPBackend.MATH]), torch.autocast("cpu", enabled=False):
            attended: Tensor = func(*map(_whole, args), **{name: _whole(value) for name, value in given.items()})
        return attended.to(args[0].dtype)


def _whole(value: object) -> object:
    return value.float() if isinstance(value, Tensor) and value.is_floating_point() else value
