"""The augmentation audit: how far each transformation alone moves an example away from those of like labels."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vectorizer_trainer.metrics import jaccard
from vectorizer_trainer.schedule import AUDITED

__all__ = ["TransformationEffect", "audited_examples", "measure_effect"]

_NEIGHBOURS = 10
_TOLERATED = 0.2
"""Share of the agreement above chance that a transformation may cost: a start is not used to all of them."""
_CERTAIN = 3.0
"""Standard errors: nine transformations are tried, so that each must seldom be named by chance."""


@dataclass(frozen=True)
class TransformationEffect:
    """Label agreement with and without one transformation: the mean Jaccard index with the 10 nearest examples."""

    transformation: str
    """Name as in the request, where it names it."""
    agreement: float
    """Of examples as they are."""
    varied: float
    """Of the same examples, each varied, with the same neighbours to choose from."""
    chance: float
    """Of an example with any other."""
    error: float
    """Standard error of the difference that varying makes."""
    examples: int
    """Examples that were varied."""

    @property
    def breaks_labels(self) -> bool:
        """Whether beyond doubt it costs more of the agreement than an unused-to but harmless change would."""
        lost = self.agreement - self.varied - _CERTAIN * self.error
        return lost > max(0.0, _TOLERATED * (self.agreement - self.chance))


def audited_examples(examples: int, seed: int) -> NDArray[np.int64]:
    """Indices of the examples to vary: all of them, or a random sample."""
    return np.sort(np.random.default_rng(seed).permutation(examples)[:AUDITED])


def measure_effect(
    transformation: str,
    varied: NDArray[np.float32],
    rows: NDArray[np.int64],
    vectors: NDArray[np.float32],
    targets: NDArray[np.bool_],
    groups: NDArray[np.int64],
) -> TransformationEffect:
    """The effect of a transformation that gave the examples `rows` [m], of n, the unit vectors `varied` [m, d]."""
    likeness = jaccard(targets[rows], targets)
    others = groups[rows][:, None] != groups
    before = _agreements(vectors[rows], vectors, likeness, others)
    after = _agreements(varied, vectors, likeness, others)
    return TransformationEffect(
        transformation=transformation,
        agreement=float(before.mean()),
        varied=float(after.mean()),
        chance=float(likeness[others].mean()),
        error=float((before - after).std() / len(rows) ** 0.5),
        examples=len(rows),
    )


def _agreements(
    queries: NDArray[np.float32],
    vectors: NDArray[np.float32],
    likeness: NDArray[np.floating],
    others: NDArray[np.bool_],
) -> NDArray[np.float64]:
    """[m]: mean likeness [m, n] of each query's nearest among those of other groups."""
    similarities = np.where(others, queries @ vectors.T, -np.inf)
    count = min(_NEIGHBOURS, len(vectors) - 1)
    nearest = np.argpartition(-similarities, count, axis=1)[:, :count]
    mean: NDArray[np.float64] = np.take_along_axis(likeness, nearest, axis=1).mean(1, dtype=np.float64)
    return mean
