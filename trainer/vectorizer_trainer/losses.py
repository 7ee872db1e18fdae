"""The training losses; each is tested against a naive one.

All take unit vectors or cosines of a batch [b, …] and label sets as booleans [b, l], and give a scalar.
"""

import torch
from torch import Tensor
from torch.nn.functional import softplus

__all__ = ["distillation", "label_information", "likeness", "supervised_contrastive", "two_way"]

_NEVER = -1e4
"""Stands for minus infinity in exponents, finite so that no gradient is nan."""


def two_way(logits: Tensor, targets: Tensor, positive_temperature: float = 4.0) -> Tensor:
    """The two-way multi-label loss of logits [b, l] (Kobayashi, CVPR 2023).

    Over each row and over each column, the hardest positive is to lie above the hardest negative, both softened; rows
    and columns without a positive do not count.
    """
    positive = (-logits / positive_temperature).masked_fill(~targets, _NEVER)
    negative = logits.masked_fill(targets, _NEVER)
    return sum(
        (_two_way_along(axis, positive, negative, targets, positive_temperature) for axis in (0, 1)),
        logits.new_zeros(()),
    )


def _two_way_along(axis: int, positive: Tensor, negative: Tensor, targets: Tensor, temperature: float) -> Tensor:
    counts = targets.any(axis)
    margin = negative.logsumexp(axis) + temperature * positive.logsumexp(axis)
    return softplus(margin)[counts].sum() / counts.sum().clamp(min=1)


def supervised_contrastive(vectors: Tensor, weights: Tensor, temperature: float = 0.1) -> Tensor:
    """The supervised contrastive loss of unit vectors [b, d] with pair weights [b, b] (after Khosla et al. 2020).

    Each anchor's cross entropy between its share of weight on the others and the softmax of its cosines; weights on the
    diagonal are ignored, anchors without weight do not count.
    """
    itself = torch.eye(len(vectors), dtype=torch.bool, device=vectors.device)
    shares = weights.masked_fill(itself, 0)
    total = shares.sum(1)
    log_softmax = (vectors @ vectors.T / temperature).masked_fill(itself, _NEVER).log_softmax(1)
    losses = -(shares * log_softmax).sum(1)[total > 0] / total[total > 0]
    return losses.sum() / (total > 0).sum().clamp(min=1)


def distillation(vectors: Tensor, start: Tensor) -> Tensor:
    """Mean of 1 - cosine between unit vectors [b, d] and those of the starting vectorizer; 0 where there are none."""
    return (1 - (vectors * start).sum(1)).sum() / max(len(vectors), 1)


def label_information(targets: Tensor) -> Tensor:
    """The information [l] of each label, log(n / frequency) of targets [n, l]: sharing a rare one says more."""
    frequency = targets.sum(0).clamp(min=1)
    return torch.log((len(targets) + 1) / frequency)


def likeness(targets: Tensor, information: Tensor) -> Tensor:
    """The Jaccard index [b, b] of label sets [b, l], each label weighted by its information [l]."""
    weighted = targets.float() * information
    common = weighted @ targets.float().T
    size = weighted.sum(1)
    either = size[:, None] + size[None, :] - common
    return common / either.clamp(min=torch.finfo(either.dtype).tiny)
