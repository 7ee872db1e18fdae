"""A handful of held-out items: nothing is measured, nothing fails, nothing is claimed."""

import numpy as np
import pytest
from vectorizer_api.run import Outcome
from vectorizer_trainer.evaluation import HeldOut, compare
from vectorizer_trainer.gate import judge
from vectorizer_trainer.metrics import label_precisions, scores


@pytest.mark.parametrize("count", [0, 1])
def test_items_without_a_neighbour_have_no_scores(count: int) -> None:
    vectors, targets = np.ones((count, 4), np.float32), np.ones((count, 2), bool)
    assert np.isnan(scores(vectors, targets).ndcg_at_10)
    assert np.isnan(label_precisions(vectors, targets)).all()


@pytest.mark.parametrize("count", [2, 3])
def test_folds_of_two_or_three_items_give_no_improvement_with_a_reason(count: int) -> None:
    vectors = np.eye(4, dtype=np.float32)[:count]
    targets = np.eye(2, dtype=bool)[np.arange(count) % 2]
    fold = HeldOut(vectors, vectors, targets, np.arange(count))
    verdict = judge(compare([fold] * 5, seed=0), retention=0.9)
    assert verdict.outcome is Outcome.NO_IMPROVEMENT
    assert "nan" not in verdict.reason
