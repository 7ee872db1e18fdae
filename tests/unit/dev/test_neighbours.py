import numpy as np
import pytest
from vectorizer_dev.demo.neighbours import label_agreement, nearest


def test_nearest_leaves_out_the_item_itself_and_orders_by_cosine() -> None:
    angles = np.array([0.0, 0.1, 0.5, 2.0])
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    assert nearest(vectors, 2).tolist() == [[1, 2], [0, 2], [1, 0], [2, 1]]


def test_label_agreement_is_the_mean_jaccard_similarity() -> None:
    labels = [frozenset("ab"), frozenset("b"), frozenset("c")]
    assert label_agreement(np.array([[1], [0], [0]]), labels) == pytest.approx((0.5 + 0.5 + 0) / 3)
