"""The verdict follows from gain, labels and retention, each on its own."""

from dataclasses import replace

import numpy as np
import pytest
from vectorizer_api.run import Outcome
from vectorizer_trainer.evaluation import Comparison
from vectorizer_trainer.gate import RETENTION_FLOOR, judge
from vectorizer_trainer.metrics import Scores


def _comparison(
    gain: float, gain_error: float, label: float = 0.0, label_error: float = 0.02, groups: int = 10_000
) -> Comparison:
    """NDCG@10 alone carries the gain; two halves lie one standard error to each side."""
    half = np.array([gain_error, 0, 0, 0, label_error])
    tuned = Scores(0.5 + gain, 0.4, 0.3, 0.6, 0.3 + label)
    return Comparison(Scores(0.5, 0.4, 0.3, 0.6, 0.3), tuned, np.array([half, -half]), groups)


class TestJudge:
    def test_a_gain_beyond_its_error_is_an_improvement(self) -> None:
        assert judge(_comparison(0.05, 0.019), 0.8).outcome is Outcome.IMPROVED

    def test_a_gain_within_its_error_is_none(self) -> None:
        verdict = judge(_comparison(0.05, 0.02), 0.8)
        assert verdict.outcome is Outcome.NO_IMPROVEMENT
        assert "5.0 points" in verdict.reason

    def test_a_loss_is_no_improvement_however_certain(self) -> None:
        assert judge(_comparison(-0.05, 0.001), 0.8).outcome is Outcome.NO_IMPROVEMENT

    @pytest.mark.parametrize(("label", "outcome"), [(-0.019, Outcome.IMPROVED), (-0.021, Outcome.NO_IMPROVEMENT)])
    def test_labels_may_fall_by_one_standard_error_and_no_more(self, label: float, outcome: Outcome) -> None:
        assert judge(_comparison(0.05, 0.01, label), 0.8).outcome is outcome

    @pytest.mark.parametrize(
        ("retention", "outcome"), [(RETENTION_FLOOR, Outcome.IMPROVED), (0.69, Outcome.NO_IMPROVEMENT)]
    )
    def test_retention_must_reach_its_floor(self, retention: float, outcome: Outcome) -> None:
        assert judge(_comparison(0.05, 0.01), retention).outcome is outcome

    def test_the_error_that_few_groups_tell_is_in_doubt_itself(self) -> None:
        assert judge(_comparison(0.05, 0.015), 0.8).outcome is Outcome.IMPROVED
        assert judge(_comparison(0.05, 0.015, groups=6), 0.8).outcome is Outcome.NO_IMPROVEMENT

    def test_where_no_two_items_share_half_of_their_labels_the_ranking_alone_is_judged(self) -> None:
        known = _comparison(0.05, 0.01)
        tuned = replace(known.tuned, map_at_100=float("nan"))
        verdict = judge(replace(known, tuned=tuned), 0.8)
        assert verdict.outcome is Outcome.IMPROVED
        assert "NDCG@10 rose" in verdict.reason

    def test_an_unknown_gain_is_no_improvement(self) -> None:
        assert judge(_comparison(float("nan"), 0.01), 0.8).outcome is Outcome.NO_IMPROVEMENT

    def test_unknown_labels_do_not_veto(self) -> None:
        assert judge(_comparison(0.05, 0.01, float("nan")), 0.8).outcome is Outcome.IMPROVED

    def test_a_bound_that_is_barely_positive_is_not_told_as_zero(self) -> None:
        error = 0.05 / 2.5758293 - 1e-6
        verdict = judge(_comparison(0.05, error, groups=10**9), 0.8)
        assert verdict.outcome is Outcome.IMPROVED
        assert "(99 % bounds 0.0003 to 10.0)" in verdict.reason

    def test_every_doubt_is_named(self) -> None:
        reason = judge(_comparison(0.0, 0.01, -0.1), 0.5).reason
        assert "NDCG@10 + mAP@100" in reason
        assert "kNN label-mAP" in reason
        assert "retention" in reason
