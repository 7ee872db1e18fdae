"""Labels that are taken for one another."""

import numpy as np
import pytest
from vectorizer_trainer.evaluation import HeldOut
from vectorizer_trainer.report.confusions import confusions
from vectorizer_trainer.report.held_out import NamedFold

LABELS = ["cat", "dog", "car"]


def fold_of(start: np.ndarray, tuned: np.ndarray, targets: np.ndarray) -> NamedFold:
    def unit(vectors: np.ndarray) -> np.ndarray:
        scaled: np.ndarray = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return scaled.astype(np.float32)

    return NamedFold(["x"] * len(targets), HeldOut(unit(start), unit(tuned), targets, np.arange(len(targets))))


def places(of: list[list[float]], classes: np.ndarray) -> np.ndarray:
    placed: np.ndarray = np.array(of)[classes] + np.random.default_rng(0).normal(0, 0.02, (len(classes), 2))
    return placed


@pytest.fixture
def animals() -> NamedFold:
    """Cats and dogs lie in one place and cars in another; before, everything lies in one."""
    classes = np.repeat([0, 1, 2], 30)
    together = places([[1, 0], [1, 0], [1, 0]], classes)
    apart = places([[1, 0], [1, 0], [0, 1]], classes)
    return fold_of(together, apart, np.eye(3, dtype=bool)[classes])


def test_labels_in_one_place_are_named(animals: NamedFold) -> None:
    (found,) = confusions([animals], LABELS)
    assert found.labels == ("cat", "dog")
    assert found.queries == 60
    assert found.chance == pytest.approx(1 / 3)
    assert found.start == pytest.approx(1 / 3, abs=0.08)
    assert found.tuned == pytest.approx(1 / 2, abs=0.08)


def test_labels_in_places_of_their_own_are_not(animals: NamedFold) -> None:
    classes = np.repeat([0, 1], 30)
    apart = places([[1, 0], [0, 1]], classes)
    assert confusions([fold_of(apart, apart, np.eye(2, 3, dtype=bool)[classes])], LABELS) == []


def test_an_example_with_both_labels_confuses_nothing() -> None:
    targets = np.tile([[True, True, False], [False, False, True]], (30, 1))
    apart = places([[1, 0], [0, 1]], np.tile([0, 1], 30))
    assert confusions([fold_of(apart, apart, targets)], LABELS) == []


def test_folds_count_together(animals: NamedFold) -> None:
    (one,), (two,) = confusions([animals], LABELS), confusions([animals, animals], LABELS)
    assert two.queries == 2 * one.queries
    assert (two.start, two.tuned, two.chance) == pytest.approx((one.start, one.tuned, one.chance))


def test_a_pair_with_few_queries_says_nothing() -> None:
    vectors = np.ones((4, 2))
    assert confusions([fold_of(vectors, vectors, np.eye(3, dtype=bool)[[0, 0, 1, 1]])], LABELS) == []


@pytest.mark.parametrize("count", [1, 2])
def test_a_tiny_fold_is_no_error(count: int) -> None:
    vectors = np.eye(2)[:count]
    assert confusions([fold_of(vectors, vectors, np.eye(3, dtype=bool)[:count])], LABELS) == []


def test_shuffled_places_name_few_pairs() -> None:
    rng = np.random.default_rng(0)
    targets = np.eye(3, dtype=bool)[rng.integers(0, 3, 300)]
    vectors = rng.normal(size=(300, 8))
    assert all(found.tuned - found.chance < 0.05 for found in confusions([fold_of(vectors, vectors, targets)], LABELS))
