"""What both candidates are trained for."""

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from vectorizer_trainer.losses import distillation, label_information, likeness, supervised_contrastive, two_way

__all__ = ["Objective", "generator", "seen_labels", "share_of_peak"]

_LOGIT_SCALE = 8.0
"""Cosines to logits: a larger scale saturates before the vectors have moved, a smaller one never separates."""


class Objective(nn.Module):
    """Labels told apart by a cosine head, like items drawn together, the start not left without need."""

    def __init__(self, vectors: Tensor, targets: Tensor, kept: float) -> None:
        """Takes all start vectors [n, d] and targets [n, l]; `kept` weighs the distillation to the start."""
        super().__init__()
        self.information = label_information(targets)
        self.head = nn.Parameter(normalize(targets.float().T @ vectors, dim=1))
        self.kept = kept

    def forward(self, vectors: Tensor, start: Tensor, targets: Tensor) -> Tensor:
        """The loss of a batch: unit vectors [b, d], those of the start [b, d], targets [b, l]."""
        logits = _LOGIT_SCALE * vectors @ normalize(self.head, dim=1).T
        weights = likeness(targets, self.information)
        attraction = supervised_contrastive(vectors, weights)
        return two_way(logits, targets) + attraction + self.kept * distillation(vectors, start)


def share_of_peak(step: int, steps: int) -> float:
    """The learning rate at a step, as a share of its peak: linear warm-up over a tenth, then half a cosine."""
    warm = min(1.0, (step + 1) / (0.1 * steps))
    return warm * 0.5 * (1 + math.cos(math.pi * step / steps))


def seen_labels(targets: Tensor) -> Tensor:
    """Targets [n, k] without the labels that no item carries: there is nothing to learn about them."""
    return targets[:, targets.any(0)]


def generator(seed: int) -> torch.Generator:
    """A source of random numbers of its own, so that nothing else drawn changes it."""
    return torch.Generator().manual_seed(seed)
