"""A small base learns to tell the labels of its examples, and comes out the same each time."""

import numpy as np
import torch
from numpy.typing import NDArray
from vectorizer_trainer.bases.image.base import ARCHITECTURE, PREPROCESSING, TOWER
from vectorizer_trainer.bases.training import Lessons, trained
from vectorizer_trainer.content.image import ImageEncoder, new_encoder

TINY = dict(TOWER, image_size=16, width=16, layers=1, heads=2, output_dim=8)


def encoder() -> ImageEncoder:
    return new_encoder(ARCHITECTURE, TINY, PREPROCESSING)


def coloured(count: int) -> tuple[list[NDArray[np.uint8]], NDArray[np.bool_]]:
    """Noise with red, green and blue each on or off, and which of them [n, 3] are on."""
    rng = np.random.default_rng(0)
    colours = rng.random((count, 3)) < 0.5
    noise = rng.integers(0, 100, (count, 16, 16, 3)) + 150 * colours[:, None, None]
    return list(noise.astype(np.uint8)), colours


def weights(made: ImageEncoder) -> torch.Tensor:
    return torch.nn.utils.parameters_to_vector(made.parameters()).detach()


def test_pictures_of_the_same_labels_come_closer_than_others() -> None:
    pictures, colours = coloured(256)
    taught = trained(encoder, Lessons(pictures, colours, batch=32, epochs=4))
    assert not taught.training
    with torch.inference_mode():
        vectors = taught.features(pictures)
    alike = (colours[:, None] == colours).all(2)
    cosines = (vectors @ vectors.T).numpy()
    assert cosines[alike].mean() > cosines[~alike].mean() + 0.3


def test_the_same_lessons_give_the_same_weights_and_draw_nothing_from_others_generators() -> None:
    lessons = Lessons(*coloured(64), batch=32, epochs=1)
    first = weights(trained(encoder, lessons))
    torch.manual_seed(7)
    drawn = torch.rand(3)
    torch.manual_seed(7)
    assert torch.equal(weights(trained(encoder, lessons)), first)
    assert torch.equal(torch.rand(3), drawn)
