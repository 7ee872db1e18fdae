"""The split into parts, and into folds."""

from time import process_time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from vectorizer_trainer.splitting import Part, folds, split


def random_targets(count: int, labels: int, seed: int = 0) -> np.ndarray:
    """Multi-label targets with label frequencies between 1 and 30 %."""
    random = np.random.default_rng(seed)
    targets = random.random((count, labels)) < np.linspace(0.01, 0.3, labels)
    targets[np.arange(count), random.integers(0, labels, count)] = True
    return targets


class TestSplit:
    @pytest.mark.parametrize("count", [2000, 3000])
    def test_eighty_ten_ten(self, count: int) -> None:
        parts = split(random_targets(count, 8), np.arange(count), seed=0)
        assert np.bincount(parts, minlength=3) / count == pytest.approx([0.8, 0.1, 0.1], abs=0.03)

    @pytest.mark.parametrize(("count", "judged"), [(250, 50), (500, 100), (900, 180), (1000, 200), (1500, 200)])
    def test_of_fewer_the_gate_has_two_hundred_or_a_fifth(self, count: int, judged: int) -> None:
        parts = split(random_targets(count, 8), np.arange(count), seed=0)
        assert (parts == Part.GATE).sum() == pytest.approx(judged, rel=0.12)
        assert (parts == Part.CHOOSE).sum() == pytest.approx(count / 10, rel=0.12)

    def test_two_hundred_groups_judge_however_many_files_they_have(self) -> None:
        groups = np.arange(12000) // 10
        parts = split(random_targets(12000, 8), groups, seed=0)
        assert len(np.unique(groups[parts == Part.GATE])) == pytest.approx(200, rel=0.12)

    def test_each_label_is_split_alike(self) -> None:
        targets = random_targets(2000, 12)
        parts = split(targets, np.arange(2000), seed=0)
        for label in targets.T:
            # A label of 100 examples has about 10 in the gate.
            assert np.mean(parts[label] == Part.GATE) == pytest.approx(0.1, abs=max(0.03, 1.5 / label.sum()))

    def test_a_group_is_never_parted(self) -> None:
        groups = np.random.default_rng(0).integers(0, 120, 400)
        parts = split(random_targets(400, 6), groups, seed=0)
        assert all(len(set(parts[groups == group])) == 1 for group in set(groups))

    def test_large_groups_are_split_in_the_same_shares(self) -> None:
        """Half of the files are in three groups: dealt out last, one of them would be the whole gate."""
        groups = np.concatenate([np.repeat(np.arange(3), 400), np.arange(3, 1203)])
        for seed in range(10):
            parts = split(random_targets(2400, 6), groups, seed)
            assert np.bincount(parts, minlength=3) / 2400 == pytest.approx([0.8, 0.1, 0.1], abs=0.09)

    def test_ten_thousand_examples_are_split_in_seconds(self) -> None:
        began = process_time()
        split(random_targets(10_000, 100), np.arange(10_000), seed=0)
        assert process_time() - began < 5

    def test_the_seed_decides(self) -> None:
        targets = random_targets(300, 6)
        first, again, other = (split(targets, np.arange(300), seed) for seed in (1, 1, 2))
        assert first.tolist() == again.tolist() != other.tolist()

    @settings(max_examples=100, deadline=None)
    @given(
        arrays.arrays(bool, st.tuples(st.integers(10, 40), st.integers(2, 6))),
        st.lists(st.integers(0, 30), min_size=40, max_size=40),
    )
    def test_each_label_is_in_train_and_each_example_somewhere(self, targets: np.ndarray, groups: list[int]) -> None:
        targets[:, 0] |= ~targets.any(1)
        parts = split(targets, np.array(groups[: len(targets)]), seed=0)
        assert set(parts) <= set(Part)
        used = targets.any(0)
        assert targets[parts == Part.TRAIN].any(0)[used].all()


class TestFolds:
    def test_each_example_is_in_one_fold_and_the_folds_are_about_equal(self) -> None:
        dealt = folds(random_targets(301, 8), np.arange(301), 3, seed=0)
        assert sorted(np.concatenate(dealt).tolist()) == list(range(301))
        assert [len(fold) for fold in dealt] == pytest.approx([100, 100, 101], abs=8)

    def test_each_label_is_in_each_fold_alike(self) -> None:
        """By chance a label of nine examples would be missing from a fold in one of thirteen draws."""
        targets = np.eye(20, dtype=bool)[np.arange(180) % 20]
        for seed in range(5):
            assert all((targets[fold].sum(0) == 3).all() for fold in folds(targets, np.arange(180), 3, seed))

    def test_a_group_is_in_one_fold(self) -> None:
        groups = np.random.default_rng(0).integers(0, 80, 300)
        dealt = folds(random_targets(300, 6), groups, 3, seed=0)
        assert sum(len(np.unique(groups[fold])) for fold in dealt) == len(np.unique(groups))

    def test_the_seed_decides(self) -> None:
        targets = random_targets(200, 6)
        first, again, other = (
            [fold.tolist() for fold in folds(targets, np.arange(200), 3, seed)] for seed in (1, 1, 2)
        )
        assert first == again != other
