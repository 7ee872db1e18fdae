"""Each metric against a naive one that follows its definition query by query."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score
from vectorizer_trainer import metrics


def _problem(seed: int, count: int = 60, labels: int = 6) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Doubles: in singles the order of a sum decides which of two nearly equal neighbours is nearer."""
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(count, 8))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors, rng.random((count, labels)) < 0.3


def _jaccard(left: Sequence[bool], right: Sequence[bool]) -> float:
    a = {i for i, on in enumerate(left) if on}
    b = {i for i, on in enumerate(right) if on}
    return len(a & b) / len(a | b) if a | b else 0.0


def _ranking(vectors: NDArray[np.float64], query: int) -> list[int]:
    others = [item for item in range(len(vectors)) if item != query]
    return sorted(others, key=lambda item: -float(vectors[query] @ vectors[item]))


def _gain(likeness: Sequence[float]) -> float:
    return sum((2**value - 1) / math.log2(rank + 2) for rank, value in enumerate(likeness[:10]))


def _naive_ndcg(vectors: NDArray[np.float64], targets: NDArray[np.bool_]) -> float:
    values = []
    for query in range(len(vectors)):
        likeness = [_jaccard(targets[query], targets[item]) for item in _ranking(vectors, query)]
        ideal = _gain(sorted(likeness, reverse=True))
        if ideal > 0:
            values.append(_gain(likeness) / ideal)
    return sum(values) / len(values)


def _naive_map(vectors: NDArray[np.float64], targets: NDArray[np.bool_]) -> float:
    values = []
    for query in range(len(vectors)):
        relevant = [_jaccard(targets[query], targets[item]) >= 0.5 for item in _ranking(vectors, query)]
        if any(relevant):
            precisions = [sum(relevant[: r + 1]) / (r + 1) for r, hit in enumerate(relevant[:100]) if hit]
            values.append(sum(precisions) / min(sum(relevant), 100))
    return sum(values) / len(values)


def _naive_recall(vectors: NDArray[np.float64], targets: NDArray[np.bool_], depth: int) -> float:
    values = []
    for query in range(len(vectors)):
        relevant = [_jaccard(targets[query], targets[item]) >= 0.5 for item in _ranking(vectors, query)]
        if any(relevant):
            values.append(any(relevant[:depth]))
    return sum(values) / len(values)


def _naive_label_map(vectors: NDArray[np.float64], targets: NDArray[np.bool_]) -> float:
    nearest = [_ranking(vectors, query)[: min(20, len(vectors) // 5)] for query in range(len(vectors))]
    values = []
    for label in range(targets.shape[1]):
        if targets[:, label].sum() >= 3:
            votes = [
                sum(float(vectors[query] @ vectors[item]) for item in near if targets[item, label])
                for query, near in enumerate(nearest)
            ]
            values.append(average_precision_score(targets[:, label], np.round(votes, 5)))
    return float(np.mean(values))


class TestScores:
    @given(seed=st.integers(0, 1000), count=st.integers(12, 150))
    @settings(max_examples=20, deadline=None)
    def test_agree_with_the_definitions_followed_query_by_query(self, seed: int, count: int) -> None:
        vectors, targets = _problem(seed, count)
        found = metrics.scores(vectors, targets)
        assert found.ndcg_at_10 == pytest.approx(_naive_ndcg(vectors, targets), abs=1e-5)
        assert found.map_at_100 == pytest.approx(_naive_map(vectors, targets), abs=1e-5)
        assert found.recall_at_1 == pytest.approx(_naive_recall(vectors, targets, 1), abs=1e-6)
        assert found.recall_at_10 == pytest.approx(_naive_recall(vectors, targets, 10), abs=1e-6)
        assert found.knn_label_map == pytest.approx(_naive_label_map(vectors, targets), abs=1e-6)

    def test_do_not_depend_on_the_block_size(self, monkeypatch: pytest.MonkeyPatch) -> None:
        vectors, targets = _problem(1)
        whole = metrics.scores(vectors, targets)
        monkeypatch.setattr(metrics, "_BLOCK", 7)
        blocks = metrics.scores(vectors, targets)
        assert vars(blocks) == pytest.approx(vars(whole), abs=1e-6)

    def test_are_one_where_like_items_coincide(self) -> None:
        targets = np.repeat(np.eye(4, dtype=bool), 5, axis=0)
        vectors = targets.astype(np.float32)
        assert set(vars(metrics.scores(vectors, targets)).values()) == {1.0}

    def test_leave_out_queries_that_have_nothing_to_find(self) -> None:
        vectors, targets = _problem(2)
        vectors = np.abs(vectors)
        lonely = np.zeros((len(targets) + 1, targets.shape[1] + 1), bool)
        lonely[:-1, :-1], lonely[-1, -1] = targets, True
        far = np.concatenate([np.pad(vectors, ((0, 0), (0, 1))), np.eye(9, dtype=np.float32)[-1:]])
        expected = metrics.scores(vectors, targets).map_at_100
        assert metrics.scores(far, lonely).map_at_100 == pytest.approx(expected, abs=1e-6)

    def test_are_unknown_where_no_items_are_alike(self) -> None:
        vectors, _ = _problem(3, count=10)
        assert math.isnan(metrics.scores(vectors, np.eye(10, dtype=bool)).ndcg_at_10)


class TestQueries:
    def test_their_ndcg_is_that_of_the_scores_one_by_one(self) -> None:
        vectors, targets = _problem(0, count=300)
        each = metrics.query_ndcg_at_10(vectors, targets)
        assert each.shape == (300,)
        assert np.nanmean(each) == pytest.approx(metrics.scores(vectors, targets).ndcg_at_10)

    def test_one_with_nothing_to_find_is_unknown(self) -> None:
        vectors, _ = _problem(0, count=3)
        targets = np.array([[True, False], [True, False], [False, True]])
        assert np.isnan(metrics.query_ndcg_at_10(vectors, targets)).tolist() == [False, False, True]
        assert np.isnan(metrics.query_ndcg_at_10(vectors[:1], targets[:1])).all()

    def test_their_nearest_are_those_of_the_ranking(self) -> None:
        vectors, _ = _problem(1, count=300)
        found, cosines = metrics.nearest(vectors, 5)
        for query in range(0, 300, 37):
            assert found[query].tolist() == _ranking(vectors, query)[:5]
            assert cosines[query] == pytest.approx(vectors[found[query]] @ vectors[query])

    @pytest.mark.parametrize("count", [1, 2, 4])
    def test_few_items_have_few_neighbours(self, count: int) -> None:
        assert metrics.nearest(_problem(0, count)[0], 5)[0].shape == (count, count - 1)


class TestLabelPrecisions:
    def test_of_a_label_with_two_positives_is_unknown(self) -> None:
        vectors, targets = _problem(4)
        targets[:, 0] = False
        targets[:2, 0] = True
        assert math.isnan(metrics.label_precisions(vectors, targets)[0])


class TestNeighbourOverlaps:
    @given(seed=st.integers(0, 1000))
    @settings(max_examples=10, deadline=None)
    def test_agrees_with_sets_of_neighbours(self, seed: int) -> None:
        before, _ = _problem(seed)
        after, _ = _problem(seed + 1)
        shares = [len({*_ranking(before, i)[:10]} & {*_ranking(after, i)[:10]}) / 10 for i in range(len(before))]
        assert metrics.neighbour_overlaps(before, after) == pytest.approx(shares)

    def test_is_one_after_a_rotation(self) -> None:
        before, _ = _problem(5)
        rotation, _ = np.linalg.qr(np.random.default_rng(0).normal(size=(8, 8)))
        assert metrics.neighbour_overlaps(before, (before @ rotation).astype(np.float32)).mean() == pytest.approx(1)


class TestEffectiveRank:
    def test_is_the_dimension_of_evenly_spread_vectors(self) -> None:
        vectors = np.concatenate([np.eye(5), -np.eye(5)]).astype(np.float32)
        assert metrics.effective_rank(vectors) == pytest.approx(5, abs=1e-4)

    def test_falls_to_one_where_all_vectors_lie_on_a_line(self) -> None:
        line = np.outer([-1.0, 0.5, 1.0], [0.6, 0.8]).astype(np.float32)
        assert metrics.effective_rank(line) == pytest.approx(1, abs=1e-3)
