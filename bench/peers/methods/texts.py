"""Vectors of texts, as sentence-transformers computes them."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer

from peers.contract import Part
from peers.methods.launch import read_texts

__all__ = ["encoder_of"]


def encoder_of(model: SentenceTransformer) -> Callable[[Part], NDArray[np.float32]]:
    """Maps a part to unit vectors [n, d]; leaves the model in the mode that it found it in."""

    def encode(part: Part) -> NDArray[np.float32]:
        was_training = model.training
        vectors = model.encode(
            read_texts(part.files), batch_size=32, normalize_embeddings=True, show_progress_bar=False
        )
        model.train(was_training)
        return np.asarray(vectors, np.float32)

    return encode
