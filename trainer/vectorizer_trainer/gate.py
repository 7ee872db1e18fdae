"""The gate: a tuned vectorizer passes if it is better than its start beyond doubt, without forgetting."""

from dataclasses import dataclass

from vectorizer_api.run import Outcome

from vectorizer_trainer.evaluation import NAMES, Comparison, Difference
from vectorizer_trainer.wording import points

__all__ = ["RETENTION_FLOOR", "Verdict", "judge"]

RETENTION_FLOOR = 0.70
"""Share of the start's neighbourhoods among the reference items that must be left."""

_CERTAINTY = 0.99
"""Of the bounds of the gain: a run that had nothing to learn is to be told so every time."""


@dataclass(frozen=True)
class Verdict:
    """Improved or not, and why."""

    outcome: Outcome
    reason: str


def judge(comparison: Comparison, retention: float) -> Verdict:
    """Improved only if the gain's lower bound is positive, no label suffers, and the start is not forgotten.

    The gain is in NDCG@10 + mAP@100, or in the one of them that the examples suffice for.
    """
    names = comparison.known("ndcg_at_10", "map_at_100")
    gained = " + ".join(NAMES[name] for name in names)
    gain = comparison.difference(*names)
    label = comparison.difference("knn_label_map")
    doubts = []
    if not names:
        doubts.append("the held-out examples are too few, or of too few groups, to measure a gain")
    elif not gain.bounds(_CERTAINTY)[0] > 0:
        doubts.append(f"the gain in {gained} is {_in_words(gain)}")
    # An unknown value (nan) is no doubt about the labels.
    if label.value < -label.error:
        doubts.append(f"kNN label-mAP fell by {100 * -label.value:.1f} points, more than its standard error")
    if not retention >= RETENTION_FLOOR:
        doubts.append(f"retention is {100 * retention:.0f} %, below {100 * RETENTION_FLOOR:.0f} %")
    if doubts:
        return Verdict(Outcome.NO_IMPROVEMENT, "Not shown to be better: " + "; ".join(doubts) + ".")
    return Verdict(
        Outcome.IMPROVED,
        f"Better on held-out examples: {gained} rose by {_in_words(gain)}, "
        f"and {100 * retention:.0f} % of the neighbourhoods of its start are kept.",
    )


def _in_words(gain: Difference) -> str:
    low, high = gain.bounds(_CERTAINTY)
    return f"{points(gain.value)} points (99 % bounds {points(low)} to {points(high)})"
