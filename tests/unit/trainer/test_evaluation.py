"""Start and tuned are compared on the same items, and the error tells chance from gain."""

import numpy as np
import pytest
from numpy.typing import NDArray
from vectorizer_trainer import evaluation
from vectorizer_trainer.evaluation import HeldOut, Retention, compare, values_of
from vectorizer_trainer.metrics import scores

Floats = NDArray[np.float32]


def _unit(vectors: NDArray[np.float64]) -> Floats:
    unit: Floats = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return unit


def _fold(seed: int, signal: float, count: int = 120) -> HeldOut:
    """Random vectors before; after, each label pulls its items by `signal`."""
    rng = np.random.default_rng(seed)
    targets = rng.random((count, 6)) < 0.3
    start = rng.normal(size=(count, 16))
    pulled = start + signal * targets @ rng.normal(size=(6, 16))
    return HeldOut(_unit(start), _unit(pulled), targets, np.arange(count))


class TestValuesOf:
    def test_are_the_metrics_by_their_names(self) -> None:
        fold = _fold(0, 1.0)
        found = scores(fold.tuned, fold.targets)
        values = values_of(fold.tuned, fold.targets)
        assert (values["NDCG@10"], values["kNN label-mAP"]) == (found.ndcg_at_10, found.knn_label_map)

    def test_leave_out_what_the_items_do_not_tell(self) -> None:
        fold = _fold(0, 1.0, count=1)
        assert values_of(fold.tuned, fold.targets) == {}


class TestCompare:
    def test_values_are_those_of_all_held_out_items(self) -> None:
        fold = _fold(0, 1.0)
        found = compare([fold], seed=0)
        assert found.start == scores(fold.start, fold.targets)
        assert found.tuned == scores(fold.tuned, fold.targets)

    def test_a_real_gain_is_outside_its_bounds(self) -> None:
        assert compare([_fold(1, 1.0)], seed=0).difference("ndcg_at_10", "map_at_100").low > 0

    @pytest.mark.usefixtures("fewer_halves")
    def test_chance_is_seldom_outside_its_bounds(self) -> None:
        false_claims = 0
        for seed in range(30):
            rng = np.random.default_rng(seed)
            targets = rng.random((80, 6)) < 0.3
            start, tuned = (_unit(rng.normal(size=(80, 16))) for _ in range(2))
            fold = HeldOut(start, tuned, targets, np.arange(80))
            false_claims += compare([fold], seed).difference("ndcg_at_10", "map_at_100").low > 0
        assert false_claims <= 2

    def test_identical_vectors_differ_by_nothing(self) -> None:
        fold = _fold(2, 0.0)
        difference = compare([HeldOut(fold.start, fold.start, fold.targets, fold.groups)], 0).difference("ndcg_at_10")
        assert (difference.value, difference.low, difference.high) == (0, 0, 0)

    def test_folds_are_measured_each_within_itself_and_averaged(self) -> None:
        folds = [_fold(3, 1.0), _fold(4, 1.0)]
        expected = np.mean([scores(fold.tuned, fold.targets).map_at_100 for fold in folds])
        assert compare(folds, 0).tuned.map_at_100 == pytest.approx(expected)

    def test_more_folds_make_the_error_smaller(self) -> None:
        one = compare([_fold(5, 1.0)], 0).difference("ndcg_at_10").error
        four = compare([_fold(seed, 1.0) for seed in range(5, 9)], 0).difference("ndcg_at_10").error
        assert four < 0.8 * one

    def test_a_group_is_never_parted(self) -> None:
        fold = _fold(6, 1.0)
        twice = np.repeat(np.arange(120), 2)
        twins = HeldOut(fold.start[twice], fold.tuned[twice], fold.targets[twice], fold.groups[twice])
        parted = HeldOut(twins.start, twins.tuned, twins.targets, np.arange(240))
        whole, loose = (compare([held], 0).difference("ndcg_at_10").error for held in (twins, parted))
        assert whole > loose

    @pytest.mark.usefixtures("fewer_halves")
    def test_of_many_items_small_parts_tell_the_error_that_halves_would(self, monkeypatch: pytest.MonkeyPatch) -> None:
        fold = _fold(7, 0.3, count=1600)
        by_halves = compare([fold], 0).difference("ndcg_at_10", "map_at_100").error
        monkeypatch.setattr(evaluation, "_MOST_RESAMPLED", 200)
        by_parts = compare([fold], 0).difference("ndcg_at_10", "map_at_100").error
        # Twice forty draws: each error is known within a ninth.
        assert by_parts == pytest.approx(by_halves, rel=0.5)

    def test_a_metric_that_the_items_do_not_suffice_for_is_left_out(self) -> None:
        start = _unit(np.random.default_rng(0).normal(size=(12, 4)))
        targets = np.repeat(np.eye(6, dtype=bool), 2, axis=0)
        names = [metric.name for metric in compare([HeldOut(start, start, targets, np.arange(12))], 0).metrics()]
        assert "NDCG@10" in names
        assert "kNN label-mAP" not in names

    def test_a_metric_that_few_halves_know_has_no_error_and_is_left_out(self) -> None:
        rng = np.random.default_rng(0)
        targets = np.eye(40, dtype=bool)[[*range(39), 38]]
        targets[:, 39] = True
        start = _unit(rng.normal(size=(40, 8)))
        found = compare([HeldOut(start, start, targets, np.arange(40))], 0)
        assert not np.isnan(found.start.map_at_100)
        assert found.known("ndcg_at_10", "map_at_100") == ["ndcg_at_10"]

    def test_bounds_are_wider_where_the_items_are_of_few_groups(self) -> None:
        fold = _fold(7, 1.0)
        few = HeldOut(fold.start, fold.tuned, fold.targets, np.arange(120) % 5)
        found = compare([few], 0).difference("ndcg_at_10")
        assert found.groups == 5
        assert found.high - found.value == pytest.approx(2.776 * found.error, rel=1e-3)


class TestRetention:
    def test_is_the_mean_overlap_with_bounds_below_zero(self) -> None:
        metric = Retention(np.array([0.6, 0.8, 0.7, 0.9])).metric()
        assert metric.tuned == pytest.approx(0.75)
        assert metric.low < -0.25 < metric.high <= 0
