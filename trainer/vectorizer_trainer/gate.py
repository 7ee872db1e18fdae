"""The gate: a tuned vectorizer passes if it is better than its start beyond doubt, without forgetting."""

from dataclasses import dataclass
from math import isnan

from vectorizer_api.run import Outcome

from vectorizer_trainer.evaluation import Comparison, Difference

__all__ = ["RETENTION_FLOOR", "Verdict", "judge"]

RETENTION_FLOOR = 0.70
"""Share of the start's neighbourhoods among the reference items that must be left."""


_CERTAIN = 2.58
"""Standard errors of a two-sided 99 % interval."""


@dataclass(frozen=True)
class Verdict:
    """Improved or not, and why."""

    outcome: Outcome
    reason: str


def judge(comparison: Comparison, retention: float) -> Verdict:
    """Improved only if the gain's lower bound is positive, no label suffers, and the start is not forgotten.

    A run that had nothing to learn is to be told so every time: the gain's bounds are those of 99 %.
    """
    gain = comparison.difference("ndcg_at_10", "map_at_100")
    label = comparison.difference("knn_label_map")
    doubts = []
    # An unknown value (nan) is a doubt about the gain, and none about the labels.
    if isnan(gain.error):
        doubts.append("the held-out examples are too few to measure a gain")
    elif not gain.value - _CERTAIN * gain.error > 0:
        doubts.append(f"the gain in NDCG@10 + mAP@100 is {_bounds(gain)}")
    if label.value < -label.error:
        doubts.append(f"kNN label-mAP fell by {100 * -label.value:.1f} points, more than its standard error")
    if not retention >= RETENTION_FLOOR:
        doubts.append(f"retention is {100 * retention:.0f} %, below {100 * RETENTION_FLOOR:.0f} %")
    if doubts:
        return Verdict(Outcome.NO_IMPROVEMENT, "Not shown to be better: " + "; ".join(doubts) + ".")
    return Verdict(
        Outcome.IMPROVED,
        f"Better on held-out examples: NDCG@10 + mAP@100 rose by {_bounds(gain)}, "
        f"and {100 * retention:.0f} % of the start's neighbourhoods are kept.",
    )


def _bounds(gain: Difference) -> str:
    margin = _CERTAIN * gain.error
    low, high = gain.value - margin, gain.value + margin
    return f"{100 * gain.value:.1f} points (99 % bounds {100 * low:.1f} to {100 * high:.1f})"
