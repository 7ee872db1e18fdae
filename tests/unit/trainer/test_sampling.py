"""The choice of examples."""

import tracemalloc
from time import process_time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from vectorizer_trainer.sampling import choose_examples, random_order, spread_order


def random_targets(count: int, labels: int, seed: int = 0) -> np.ndarray:
    """Multi-label targets with label frequencies between 1 and 30 %."""
    random = np.random.default_rng(seed)
    targets = random.random((count, labels)) < np.linspace(0.01, 0.3, labels)
    targets[np.arange(count), random.integers(0, labels, count)] = True
    return targets


def choose(targets: np.ndarray, most: int, seed: int = 0) -> np.ndarray:
    return choose_examples(targets, most, random_order(len(targets), seed))


class TestChoice:
    def test_all_are_chosen_where_there_are_not_more(self) -> None:
        assert choose(random_targets(50, 4), 50).tolist() == list(range(50))

    def test_exactly_as_many_as_allowed_are_chosen_in_order(self) -> None:
        chosen = choose(random_targets(1000, 20), 300)
        assert len(set(chosen)) == 300
        assert (np.diff(chosen) > 0).all()

    def test_a_rare_label_is_covered_more_than_by_chance(self) -> None:
        targets = np.zeros((1000, 2), bool)
        targets[:20, 0] = True
        targets[20:, 1] = True
        chosen = choose(targets, 100)
        # The quota is 100 * sqrt(20) / (sqrt(20) + sqrt(980)) = 12.5; chance would give 2.
        assert targets[chosen, 0].sum() >= 12

    @pytest.mark.parametrize("count", [10_001, 30_000])
    def test_of_very_many_each_label_is_covered_and_the_rare_ones_are_favoured(self, count: int) -> None:
        """A hundred labels by Zipf's law, the rarest with two examples among ten or thirty thousand."""
        random = np.random.default_rng(0)
        share = 1 / (1 + np.arange(100))
        targets = np.eye(100, dtype=bool)[random.choice(100, count, p=share / share.sum())]
        targets[:, 99] = False
        targets[random.choice(count, 2), 99] = True
        targets[~targets.any(1), 0] = True
        began = process_time()
        chosen = choose(targets, 10_000)
        assert process_time() - began < 2
        assert len(chosen) == 10_000
        taken = targets[chosen].sum(0) / targets.sum(0)
        assert taken[99] == 1
        # The frequent ones give what the others need.
        assert (taken[20:] >= 10_000 / count).all()
        assert taken[0] < 0.5 or count == 10_001

    def test_what_was_taken_already_counts_and_is_not_taken_again(self) -> None:
        targets = random_targets(1000, 20)
        order = random_order(1000, 0)
        first = choose_examples(targets, 300, order)
        lost = first[:40]
        had = np.zeros(1000, bool)
        had[first[40:]] = True
        more = choose_examples(targets, 300, order[~np.isin(order, first)], had)
        assert len(more) == 40
        assert not set(more) & set(first)
        assert not set(more) & set(lost)

    def test_the_earlier_in_the_order_the_better(self) -> None:
        targets = np.ones((100, 1), bool)
        order = random_order(100, 5)
        assert choose_examples(targets, 30, order).tolist() == sorted(order[:30].tolist())

    def test_the_seed_decides(self) -> None:
        targets = random_targets(500, 10)
        first, again, other = (choose(targets, 100, seed) for seed in (1, 1, 2))
        assert first.tolist() == again.tolist() != other.tolist()

    @settings(max_examples=50, deadline=None)
    @given(arrays.arrays(bool, st.tuples(st.integers(1, 60), st.integers(1, 6))), st.integers(1, 70))
    def test_never_more_than_allowed(self, targets: np.ndarray, most: int) -> None:
        targets[:, 0] |= ~targets.any(1)
        assert len(choose(targets, most)) == min(most, len(targets))


class TestSpread:
    def blobs(self, *sizes: int) -> tuple[np.ndarray, np.ndarray]:
        """Unit vectors in well separated clusters of these sizes, and the cluster of each."""
        random = np.random.default_rng(0)
        member_of = random.permutation(np.repeat(np.arange(len(sizes)), sizes))
        vectors = np.eye(len(sizes), 32, dtype=np.float32)[member_of] + 0.02 * random.standard_normal(
            (len(member_of), 32), np.float32
        )
        return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32), member_of

    @settings(max_examples=20, deadline=None)
    @given(st.integers(0, 200), st.integers(0, 5))
    def test_it_is_a_permutation(self, count: int, seed: int) -> None:
        vectors = np.random.default_rng(seed).standard_normal((count, 8)).astype(np.float32)
        assert sorted(spread_order(vectors, seed)) == list(range(count))

    def test_every_beginning_has_its_share_of_each_cluster(self) -> None:
        """By chance the share of one in four among 40 deviates by more than 2 in half of the cases."""
        vectors, member_of = self.blobs(256, 256, 256, 256)
        for seed in range(10):
            order = spread_order(vectors, seed)
            for length in (8, 40, 200):
                counts = np.bincount(member_of[order[:length]], minlength=4)
                assert np.abs(counts - length / 4).max() <= 1

    def test_what_is_common_stays_common(self) -> None:
        vectors, member_of = self.blobs(900, 90, 10)
        shares = [np.bincount(member_of[spread_order(vectors, seed)[:100]], minlength=3) for seed in range(20)]
        assert np.mean(shares, axis=0) == pytest.approx([90, 9, 1], abs=1.5)

    def test_each_has_the_same_chance_to_come_first(self) -> None:
        vectors = np.random.default_rng(0).standard_normal((64, 8)).astype(np.float32)
        early = np.zeros(64)
        for seed in range(800):
            early[spread_order(vectors, seed)[:16]] += 1
        # 800 draws of one in four: 200, with a standard deviation of 12.
        assert early == pytest.approx(np.full(64, 200), abs=60)

    def test_vectors_that_are_all_the_same_are_no_trouble(self) -> None:
        assert sorted(spread_order(np.ones((50, 4), np.float32), 0)) == list(range(50))

    def test_thirty_thousand_take_seconds_and_memory_in_proportion(self) -> None:
        """Beside the vectors themselves: one copy of them, and what numbers the examples."""
        vectors = np.random.default_rng(0).standard_normal((30_000, 32)).astype(np.float32)
        tracemalloc.start()
        began = process_time()
        spread_order(vectors, 0)
        assert process_time() - began < 15
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 3 * vectors.nbytes
