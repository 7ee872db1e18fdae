"""Which queries the report shows, and what stands beside them."""

import numpy as np
import pytest
from vectorizer_trainer.evaluation import HeldOut
from vectorizer_trainer.report.held_out import NamedFold
from vectorizer_trainer.report.neighbourhoods import neighbourhoods

LABELS = ["a", "b", "c", "d"]


def unit(vectors: np.ndarray) -> np.ndarray:
    scaled: np.ndarray = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return scaled.astype(np.float32)


def fold_of(start: np.ndarray, tuned: np.ndarray, targets: np.ndarray, prefix: str = "") -> NamedFold:
    names = [f"{prefix}{index}" for index in range(len(targets))]
    return NamedFold(names, HeldOut(unit(start), unit(tuned), targets, np.arange(len(targets))))


@pytest.fixture
def mixed() -> NamedFold:
    """Sixty examples; a half of the labels shows in the start's vectors, the other half in the tuned ones."""
    rng = np.random.default_rng(0)
    targets = np.eye(4, dtype=bool)[rng.integers(0, 4, 60)]
    start = rng.normal(size=(60, 8)) + 4 * targets @ np.vstack([np.eye(2, 8), np.zeros((2, 8))])
    tuned = rng.normal(size=(60, 8)) + 4 * targets @ np.vstack([np.zeros((2, 8)), np.eye(2, 8)])
    return fold_of(start, tuned, targets)


def test_random_ones_the_most_improved_and_the_most_worsened_are_shown(mixed: NamedFold) -> None:
    queries = neighbourhoods([mixed], LABELS, 0).queries
    assert [query.why[0] for query in queries][:6] == ["random"] * 6
    reasons = [reason for query in queries for reason in query.why]
    assert [reasons.count(why) for why in ("random", "mostImproved", "mostWorsened")] == [6, 3, 3]


def test_the_extremes_are_those_of_all_queries(mixed: NamedFold) -> None:
    queries = neighbourhoods([mixed], LABELS, 0).queries
    by_change = {query.name: query.tuned_ndcg - query.start_ndcg for query in queries}
    improved = [by_change[query.name] for query in queries if "mostImproved" in query.why]
    assert min(improved) >= max(change for name, change in by_change.items() if change not in improved)
    assert all(by_change[query.name] < 0 for query in queries if "mostWorsened" in query.why)


def test_the_random_ones_depend_on_the_seed_alone(mixed: NamedFold) -> None:
    def drawn(seed: int) -> list[str]:
        return [query.name for query in neighbourhoods([mixed], LABELS, seed).queries if "random" in query.why]

    assert drawn(1) == drawn(1)
    assert drawn(1) != drawn(2)


def test_a_query_that_is_drawn_and_extreme_is_shown_once_with_both_reasons() -> None:
    targets = np.eye(4, dtype=bool)[[0, 0, 0, 1, 1, 1]]
    better = np.eye(2, 3)[[0, 0, 0, 1, 1, 1]] + 0.01
    worse = np.eye(2, 3)[[0, 1, 0, 1, 0, 1]] + 0.01
    queries = neighbourhoods([fold_of(worse, better, targets)], LABELS, 0).queries
    assert len(queries) == len({query.name for query in queries}) == 6
    assert ["random", "mostImproved"] in [query.why for query in queries]


def test_neighbours_are_the_nearest_of_both_with_likeness_and_labels() -> None:
    targets = np.array([[1, 1, 0, 0], [1, 0, 0, 0], [0, 0, 1, 0]], bool)
    start = np.array([[1, 0], [0, 1], [1, 0.1]])
    tuned = np.array([[1, 0], [1, 0.1], [0, 1]])
    queries = neighbourhoods([fold_of(start, tuned, targets)], LABELS, 0).queries
    query = next(query for query in queries if query.name == "0")
    assert [(found.name, found.likeness) for found in query.before] == [("2", 0), ("1", 0.5)]
    assert [(found.name, found.likeness) for found in query.after] == [("1", 0.5), ("2", 0)]
    assert query.labels == ["a", "b"]
    assert query.after[0].labels == ["a"]
    assert query.after[0].cosine == pytest.approx(1 / np.sqrt(1.01))


def test_all_queries_with_something_to_find_are_counted(mixed: NamedFold) -> None:
    found = neighbourhoods([mixed], LABELS, 0)
    assert found.improved + found.unchanged + found.worsened == 60
    same = NamedFold(
        mixed.names, HeldOut(mixed.vectors.start, mixed.vectors.start, mixed.vectors.targets, np.arange(60))
    )
    found = neighbourhoods([same], LABELS, 0)
    assert (found.improved, found.unchanged, found.worsened) == (0, 60, 0)
    assert all(query.why == ["random"] for query in found.queries)


def test_neighbours_are_of_the_querys_own_fold(mixed: NamedFold) -> None:
    vectors = mixed.vectors
    folds = [fold_of(vectors.start, vectors.tuned, vectors.targets, prefix) for prefix in ("x", "y")]
    queries = neighbourhoods(folds, LABELS, 3).queries
    assert {query.name[0] for query in queries} == {"x", "y"}
    assert all(found.name[0] == query.name[0] for query in queries for found in query.found())


def test_nothing_is_shown_where_nothing_can_be_found() -> None:
    fold = fold_of(np.eye(3), np.eye(3), np.eye(3, 4, dtype=bool))
    found = neighbourhoods([fold], LABELS, 0)
    assert (found.queries, found.improved, found.unchanged, found.worsened) == ([], 0, 0, 0)


def test_a_fold_of_one_example_is_no_error(mixed: NamedFold) -> None:
    alone = fold_of(np.eye(1, 8), np.eye(1, 8), np.eye(1, 4, dtype=bool), "alone")
    assert "alone0" not in [query.name for query in neighbourhoods([alone, mixed], LABELS, 0).queries]
