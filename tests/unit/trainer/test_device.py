"""Networks compute where their weights are.

The meta device computes shapes only, and refuses an operation whose tensors are on different devices: what runs there
makes every tensor on the encoder's device, and so runs on a GPU. Text is left out: its library looks at the values of
a mask.
"""

import copy
from collections.abc import Sequence

import numpy as np
import pytest
import torch
from torch.nn.functional import normalize
from vectorizer_trainer.content.encoder import Encoder, Item
from vectorizer_trainer.vectorizer import Vectorizer

META = torch.device("meta")


@pytest.fixture(params=["tiny_image"])
def elsewhere(request: pytest.FixtureRequest) -> tuple[Encoder, Sequence[Item]]:
    """An encoder on the meta device, and items for it."""
    vectorizer: Vectorizer = request.getfixturevalue(request.param)
    rng = np.random.default_rng(0)
    items: dict[str, list[Item]] = {
        "tiny_image": list(rng.integers(0, 256, (3, 16, 16, 3)).astype(np.uint8)),
    }
    return copy.deepcopy(vectorizer.encoder).to(META), items[request.param]


def test_features_are_made_on_the_encoders_device(elsewhere: tuple[Encoder, Sequence[Item]]) -> None:
    encoder, items = elsewhere
    for features in (encoder.features(items), encoder.training_features(items)):
        assert features.device == META
        assert features.shape == (3, encoder.dimension)


def test_gradients_are_made_on_the_encoders_device(elsewhere: tuple[Encoder, Sequence[Item]]) -> None:
    encoder, items = elsewhere
    encoder.requires_grad_()
    normalize(encoder.training_features(items), dim=1).sum().backward()  # type: ignore[no-untyped-call]
    gradients = [encoder.get_parameter(name).grad for name in encoder.trained_by_fine_tuning()]
    assert gradients
    assert all(gradient is not None and gradient.device == META for gradient in gradients)
