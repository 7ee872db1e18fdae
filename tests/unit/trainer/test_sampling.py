"""Duplicates, the choice of examples, and the split."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from vectorizer_trainer.sampling import Part, choose_examples, find_duplicates, split

A, B = frozenset("a"), frozenset("b")


def random_targets(count: int, labels: int, seed: int = 0) -> np.ndarray:
    """Multi-label targets with label frequencies between 1 and 30 %."""
    random = np.random.default_rng(seed)
    targets = random.random((count, labels)) < np.linspace(0.01, 0.3, labels)
    targets[np.arange(count), random.integers(0, labels, count)] = True
    return targets


class TestDuplicates:
    def test_a_copy_with_the_same_labels_is_dropped(self) -> None:
        found = find_duplicates(["x", "y", "x"], [A, B, A])
        assert (found.kept, found.copies, found.conflicts) == ([0, 1], [(2, 0)], [])

    def test_a_copy_with_other_labels_is_kept_reported_and_in_the_same_group(self) -> None:
        found = find_duplicates(["x", "y", "x"], [A, A, B])
        assert (found.kept, found.copies, found.conflicts) == ([0, 1, 2], [], [[0, 2]])
        assert found.groups[0] == found.groups[2] != found.groups[1]

    def test_the_order_of_labels_makes_no_difference(self) -> None:
        assert find_duplicates(["x", "x"], [A | B, B | A]).copies == [(1, 0)]


class TestChoice:
    def test_all_are_chosen_where_there_are_not_more(self) -> None:
        assert choose_examples(random_targets(50, 4), 50, seed=0).tolist() == list(range(50))

    def test_exactly_as_many_as_allowed_are_chosen_in_order(self) -> None:
        chosen = choose_examples(random_targets(1000, 20), 300, seed=0)
        assert len(set(chosen)) == 300
        assert (np.diff(chosen) > 0).all()

    def test_a_rare_label_is_covered_more_than_by_chance(self) -> None:
        targets = np.zeros((1000, 2), bool)
        targets[:20, 0] = True
        targets[20:, 1] = True
        chosen = choose_examples(targets, 100, seed=0)
        # The quota is 100 * sqrt(20) / (sqrt(20) + sqrt(980)) = 12.5; chance would give 2.
        assert targets[chosen, 0].sum() >= 12

    def test_the_seed_decides(self) -> None:
        targets = random_targets(500, 10)
        first, again, other = (choose_examples(targets, 100, seed) for seed in (1, 1, 2))
        assert first.tolist() == again.tolist() != other.tolist()

    @settings(max_examples=50, deadline=None)
    @given(arrays.arrays(bool, st.tuples(st.integers(1, 60), st.integers(1, 6))), st.integers(1, 70))
    def test_never_more_than_allowed(self, targets: np.ndarray, most: int) -> None:
        targets[:, 0] |= ~targets.any(1)
        assert len(choose_examples(targets, most, seed=0)) == min(most, len(targets))


class TestSplit:
    @pytest.mark.parametrize("count", [10, 100, 1000])
    def test_eighty_ten_ten(self, count: int) -> None:
        parts = split(random_targets(count, 8), np.arange(count), seed=0)
        shares = np.bincount(parts, minlength=3) / count
        assert shares == pytest.approx([0.8, 0.1, 0.1], abs=0.1 if count == 10 else 0.03)

    def test_each_label_is_split_alike(self) -> None:
        targets = random_targets(1000, 12)
        parts = split(targets, np.arange(1000), seed=0)
        for label in targets.T:
            # A label of 100 examples has about 10 in the gate.
            assert np.mean(parts[label] == Part.GATE) == pytest.approx(0.1, abs=max(0.03, 1.5 / label.sum()))

    def test_a_group_is_never_parted(self) -> None:
        groups = np.random.default_rng(0).integers(0, 120, 400)
        parts = split(random_targets(400, 6), groups, seed=0)
        assert all(len(set(parts[groups == group])) == 1 for group in set(groups))

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
