"""The blocks of an encoder while they are trained."""

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn.functional import normalize

from vectorizer_trainer.content.encoder import Item
from vectorizer_trainer.tuning.precision import lower_precision
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
        with lower_precision(self.encoder.device):
            features = self.encoder.training_features(items)
        return normalize(features.float() @ self._adapter.T, dim=1)
