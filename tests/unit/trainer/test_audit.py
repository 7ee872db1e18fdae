"""The audit names a transformation that makes another thing of the examples, and no other."""

import numpy as np
import pytest
from numpy.typing import NDArray
from vectorizer_trainer.tuning.audit import TransformationEffect, audited_examples, measure_effect

Floats = NDArray[np.float32]
CLASSES, EACH, DIMENSION = 5, 40, 16


def _classes(seed: int = 0) -> tuple[Floats, NDArray[np.bool_], NDArray[np.float64]]:
    """Unit vectors [n, d] scattered around a centre for each label, their targets, and the centres."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(CLASSES, DIMENSION))
    kind = np.repeat(np.arange(CLASSES), EACH)
    return (
        _unit(centres[kind] + 0.6 * rng.normal(size=(len(kind), DIMENSION))),
        np.eye(CLASSES, dtype=bool)[kind],
        centres,
    )


def _unit(vectors: NDArray[np.float64]) -> Floats:
    unit: Floats = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return unit


def _effect(varied: Floats, vectors: Floats, targets: NDArray[np.bool_]) -> TransformationEffect:
    rows = np.arange(len(vectors))
    return measure_effect("turn", varied, rows, vectors, targets, rows)


def _naive_agreement(query: Floats, own: int, vectors: Floats, targets: NDArray[np.bool_]) -> float:
    others = sorted((index for index in range(len(vectors)) if index != own), key=lambda index: -query @ vectors[index])
    shares = [(targets[own] & targets[one]).sum() / (targets[own] | targets[one]).sum() for one in others[:10]]
    return float(np.mean(shares))


class TestEffect:
    def test_is_the_mean_jaccard_index_with_the_ten_nearest(self) -> None:
        rng = np.random.default_rng(1)
        vectors, varied = (_unit(rng.normal(size=(30, 4))) for _ in range(2))
        targets = rng.random((30, 3)) < 0.5
        targets[:, 0] |= ~targets.any(1)
        rows = np.array([3, 8, 20])
        found = measure_effect("turn", varied[:3], rows, vectors, targets, np.arange(30))
        before = [_naive_agreement(vectors[row], row, vectors, targets) for row in rows]
        after = [_naive_agreement(query, row, vectors, targets) for query, row in zip(varied, rows, strict=False)]
        assert found.agreement == pytest.approx(np.mean(before))
        assert found.varied == pytest.approx(np.mean(after))
        assert found.error == pytest.approx(np.std(np.subtract(before, after)) / 3**0.5)
        assert found.examples == 3

    def test_of_no_change_is_none(self) -> None:
        vectors, targets, _ = _classes()
        found = _effect(vectors, vectors, targets)
        assert (found.varied, found.error, found.breaks_labels) == (found.agreement, 0, False)

    def test_does_not_count_an_examples_own_group(self) -> None:
        vectors, targets, _ = _classes()
        groups = np.arange(len(vectors)) // EACH
        found = measure_effect("turn", vectors[:10], np.arange(10), vectors, targets, groups)
        assert found.agreement == found.chance == 0


class TestBreaksLabels:
    def test_what_moves_examples_to_those_of_another_label_does(self) -> None:
        vectors, targets, centres = _classes()
        others = _unit(np.repeat(np.roll(centres, 1, axis=0), EACH, axis=0) + vectors)
        assert _effect(others, vectors, targets).breaks_labels

    def test_what_moves_examples_a_little_does_not(self) -> None:
        vectors, targets, _ = _classes()
        moved = _unit(vectors + 0.1 * np.random.default_rng(2).normal(size=vectors.shape))
        found = _effect(moved, vectors, targets)
        assert found.varied < found.agreement
        assert not found.breaks_labels

    def test_where_labels_are_random_nothing_does(self) -> None:
        named = 0
        for seed in range(100):
            rng = np.random.default_rng(seed)
            vectors, targets, _ = _classes(seed)
            varied = _unit(rng.normal(size=vectors.shape))
            named += _effect(varied, vectors, rng.permutation(targets)).breaks_labels
        assert named <= 1


class TestSample:
    def test_is_of_200_at_most_and_the_same_for_the_same_seed(self) -> None:
        assert len(audited_examples(10_000, 1)) == 200
        assert np.array_equal(audited_examples(10_000, 1), audited_examples(10_000, 1))
        assert not np.array_equal(audited_examples(10_000, 1), audited_examples(10_000, 2))

    def test_of_few_examples_is_all_of_them(self) -> None:
        assert audited_examples(30, 0).tolist() == list(range(30))
