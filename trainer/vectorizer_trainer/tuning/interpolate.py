"""How much of a candidate's change to keep: between start and candidate lie vectorizers that are better than both."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from vectorizer_trainer.content.encoder import Encoder
from vectorizer_trainer.gate import RETENTION_FLOOR
from vectorizer_trainer.metrics import neighbour_overlaps, scores
from vectorizer_trainer.vectorizer import Vectorizer

__all__ = [
    "ALPHAS",
    "Moved",
    "Share",
    "best_share",
    "mixed_vectors",
    "mixed_weights",
    "predicted_share",
    "retained_share",
]

ALPHAS = tuple(step / 20 for step in range(21))
"""Shares of a change that are tried."""

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Moved:
    """The same items under the start and under a candidate."""

    start: Floats
    """Unit vectors [n, d]."""
    tuned: Floats
    """[n, d]; of a linear adapter not normalised, so that mixtures are exact."""

    def at(self, alpha: float) -> Floats:
        """Unit vectors [n, d] at a share of the change."""
        return mixed_vectors(self.start, self.tuned, alpha)


@dataclass(frozen=True)
class Share:
    """What a share of a candidate's change is worth."""

    alpha: float
    score: float
    """NDCG@10 + mAP@100."""
    start_score: float
    """The same of the start."""
    retention: float


def best_share(choose: Moved, targets: NDArray[np.bool_], reference: Moved) -> Share:
    """The share with the best score on the items to choose on, among those that retain enough; 0 always does."""
    start_score = score(choose.start, targets)
    shares = [
        Share(alpha, score(choose.at(alpha), targets), start_score, _retention(reference, alpha)) for alpha in ALPHAS
    ]
    return max((share for share in shares if share.retention >= RETENTION_FLOOR), key=lambda share: share.score)


def retained_share(highest: float, retention: Callable[[float], float]) -> float:
    """The largest share, not above `highest`, that retains enough; found from above, a twentieth at a time."""
    shares = [alpha for alpha in reversed(ALPHAS) if alpha <= highest]
    return next(alpha for alpha in shares if retention(alpha) >= RETENTION_FLOOR or alpha == 0)


def predicted_share(highest: float, reference: Moved) -> float:
    """The largest share, not above `highest`, that retains enough as far as mixtures of vectors tell."""
    return retained_share(highest, lambda alpha: _retention(reference, alpha))


def mixed_vectors(start: Floats, tuned: Floats, alpha: float) -> Floats:
    """Unit vectors [n, d] at a share of the way from start to tuned."""
    mixture = (1 - alpha) * start + alpha * tuned
    mixture /= np.linalg.norm(mixture, axis=1, keepdims=True)
    return mixture.astype(np.float32)


def mixed_weights(start: Vectorizer, tuned: Vectorizer, alpha: float) -> Vectorizer:
    """The vectorizer at a share of the way from start to tuned, in encoder and adapter alike."""
    encoder = _mixed_encoder(start.encoder, tuned.encoder, alpha)
    return start.with_weights(encoder, torch.lerp(start.adapter, tuned.adapter, alpha))


def _mixed_encoder(start: Encoder, tuned: Encoder, alpha: float) -> Encoder:
    if tuned is start:
        return start
    mixed = start.trainable_copy()
    with torch.no_grad():
        for name in start.trained_by_fine_tuning():
            mixed.get_parameter(name).lerp_(tuned.get_parameter(name), alpha)
    return mixed


def score(vectors: Floats, targets: NDArray[np.bool_]) -> float:
    """NDCG@10 + mAP@100 of unit vectors [n, d] with labels [n, l], each 0 where there is nothing to find."""
    found = scores(vectors, targets)
    return float(np.nan_to_num(found.ndcg_at_10) + np.nan_to_num(found.map_at_100))


def _retention(reference: Moved, alpha: float) -> float:
    return float(neighbour_overlaps(reference.start, reference.at(alpha)).mean())
