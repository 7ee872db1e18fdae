"""Shares of a change: mixtures of vectors and of weights, and which share is kept."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from vectorizer_trainer.tuning.interpolate import ALPHAS, Moved, best_share, mixed_vectors, retained_share


def _unit(seed: int, count: int = 60, dimension: int = 8) -> NDArray[np.float32]:
    vectors = np.random.default_rng(seed).normal(size=(count, dimension)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors


class TestMixedVectors:
    def test_are_the_start_at_0_and_the_candidate_at_1(self) -> None:
        start, tuned = _unit(0), _unit(1)
        assert mixed_vectors(start, tuned, 0) == pytest.approx(start, abs=1e-6)
        assert mixed_vectors(start, tuned, 1) == pytest.approx(tuned, abs=1e-6)

    def test_of_an_adapter_are_exactly_those_of_the_mixed_adapter(self) -> None:
        start = _unit(2)
        adapter = np.random.default_rng(3).normal(size=(8, 8)).astype(np.float32)
        mixed = torch.lerp(torch.eye(8), torch.from_numpy(adapter), 0.3).numpy()
        expected = start @ mixed.T
        expected /= np.linalg.norm(expected, axis=1, keepdims=True)
        assert mixed_vectors(start, start @ adapter.T, 0.3) == pytest.approx(expected, abs=1e-5)


class TestBestShare:
    def test_takes_all_of_a_change_that_helps_and_forgets_nothing(self) -> None:
        targets = np.random.default_rng(4).random((60, 4)) < 0.4
        ideal = np.concatenate([targets, np.full((60, 4), 0.1)], axis=1).astype(np.float32)
        ideal /= np.linalg.norm(ideal, axis=1, keepdims=True)
        reference = _unit(5)
        share = best_share(Moved(_unit(6), ideal), targets, Moved(reference, reference))
        assert share.alpha >= 0.8
        assert share.score > share.start_score
        assert share.retention == 1

    def test_never_takes_a_share_that_forgets_too_much(self) -> None:
        targets = np.random.default_rng(4).random((60, 8)) < 0.4
        start = _unit(7)
        share = best_share(Moved(start, targets - targets.mean(0)), targets, Moved(_unit(8), _unit(9)))
        assert share.alpha < 1
        assert share.retention >= 0.7

    def test_takes_nothing_of_a_change_that_only_harms(self) -> None:
        targets = np.repeat(np.eye(4, dtype=bool), 15, axis=0)
        start = np.repeat(np.eye(4, 8), 15, axis=0).astype(np.float32) + 0.1 * _unit(10)
        assert best_share(Moved(start, _unit(11)), targets, Moved(start, start)).score >= 1.9


class TestRetainedShare:
    def test_is_the_largest_that_holds(self) -> None:
        assert retained_share(1.0, lambda alpha: 1 - 0.5 * alpha) == pytest.approx(0.6)

    def test_is_never_above_what_was_asked(self) -> None:
        assert retained_share(0.4, lambda _: 1.0) == 0.4

    def test_is_zero_where_nothing_holds(self) -> None:
        assert retained_share(1.0, lambda _: 0.0) == 0

    def test_tries_no_share_twice(self) -> None:
        tried: list[float] = []

        def retention(alpha: float) -> float:
            tried.append(alpha)
            return 0.0

        retained_share(1.0, retention)
        assert tried == sorted(ALPHAS, reverse=True)
