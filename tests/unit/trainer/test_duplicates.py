"""Which files are copies of one another, exact and near."""

from time import process_time

import numpy as np
import pytest
from vectorizer_api.content import ContentType
from vectorizer_trainer.duplicates import Copy, find_duplicates, near_copies
from vectorizer_trainer.fingerprints import fingerprints_of

A, B = frozenset("a"), frozenset("b")
PICTURES = fingerprints_of(ContentType.IMAGE)
TEXTS = fingerprints_of(ContentType.TEXT)


def pictures(count: int, seed: int = 0) -> np.ndarray:
    """Random pictures [n, 48, 48, 3] of 8 by 8 patches."""
    patches = np.random.default_rng(seed).integers(0, 200, (count, 8, 8, 3), np.uint8)
    return patches.repeat(6, axis=1).repeat(6, axis=2)


def found(made: np.ndarray) -> list[list[int]]:
    pairs: list[list[int]] = near_copies([PICTURES.of(picture) for picture in made], PICTURES).tolist()
    return pairs


class TestExactCopies:
    def test_of_none_there_are_none(self) -> None:
        assert find_duplicates([], []).contents.tolist() == []

    def test_a_copy_with_the_same_labels_is_dropped(self) -> None:
        duplicates = find_duplicates(["x", "y", "x"], [A, B, A])
        assert (duplicates.kept, duplicates.copies) == ([0, 1], [Copy(2, 0)])
        assert duplicates.conflicts == []
        assert duplicates.contents.tolist() == [0, 1, 0]

    def test_a_copy_with_other_labels_is_kept_and_reported(self) -> None:
        duplicates = find_duplicates(["x", "y", "x"], [A, A, B])
        assert (duplicates.kept, duplicates.copies, duplicates.conflicts) == ([0, 1, 2], [], [[0, 2]])

    def test_the_order_of_labels_makes_no_difference(self) -> None:
        assert find_duplicates(["x", "x"], [A | B, B | A]).copies == [Copy(1, 0)]


class TestNearCopies:
    def test_of_none_there_are_none(self) -> None:
        assert near_copies([], PICTURES).shape == (0, 2)

    def test_one_file_is_no_pair(self) -> None:
        assert found(pictures(1)) == []

    def test_pictures_that_differ_by_little_are_a_pair(self) -> None:
        made = pictures(4)
        made[3] = made[1] + 1
        assert found(made) == [[1, 3]]

    def test_the_same_content_in_other_bytes_is_a_pair(self) -> None:
        made = pictures(3)
        made[2] = made[0]
        assert found(made) == [[0, 2]]

    def test_each_of_a_row_is_paired_with_the_next(self) -> None:
        made = np.repeat(pictures(1), 10, axis=0) + 4 * np.arange(10, dtype=np.uint8)[:, None, None, None]
        pairs = found(made)
        assert {(step, step + 1) for step in range(9)} <= {(left, right) for left, right in pairs}
        assert [0, 9] not in pairs

    def test_among_many_with_one_background_the_copies_of_each_are_found(self) -> None:
        """A hundred places of one small square, each picture once more with noise."""
        places = [(4 * row, 4 * column) for row in range(1, 11) for column in range(1, 11)]
        made = np.repeat(pictures(1), 2 * len(places), axis=0)
        noise = np.random.default_rng(1).integers(0, 3, made.shape).astype(np.uint8)
        for index, (top, left) in enumerate(places):
            made[2 * index : 2 * index + 2, top : top + 4, left : left + 4] = 255
        made[1::2] = made[1::2] - np.minimum(noise[1::2], made[1::2])
        assert found(made) == [[2 * index, 2 * index + 1] for index in range(len(places))]

    @pytest.mark.parametrize("kind", [ContentType.IMAGE, ContentType.SOUND])
    def test_five_thousand_are_compared_in_seconds_also_where_thousands_are_alike(self, kind: ContentType) -> None:
        fingerprints, random = fingerprints_of(kind), np.random.default_rng(0)
        width = len(fingerprints.of(np.zeros((48, 48, 3), np.uint8) if kind == ContentType.IMAGE else np.zeros(999)))
        rows = random.integers(0, 256, (5000, width), np.uint8)
        rows[2000:3500] = rows[2000] // 2 + random.integers(0, 2, (1500, width), np.uint8)
        began = process_time()
        pairs = near_copies(list(rows), fingerprints)
        assert process_time() - began < 8
        assert ((pairs >= 2000) & (pairs < 3500)).all()
        assert len(np.unique(pairs)) == 1500


class TestNearTexts:
    def pairs(self, changed: int, count: int = 1000) -> tuple[np.ndarray, np.ndarray]:
        """Sketches of texts of 300 tokens, and of the same with so many tokens changed."""
        random = np.random.default_rng(changed)
        texts = random.integers(0, 30_000, (count, 300))
        edited = texts.copy()
        for text in edited:
            text[random.choice(np.arange(5, 295, 10), changed, replace=False)] += 1
        left, right = (np.stack([TEXTS.of(text) for text in some]) for some in (texts, edited))
        return left, right

    @pytest.mark.parametrize("changed", [1, 2, 3])
    def test_every_pair_that_is_alike_is_found(self, changed: int) -> None:
        """A run that only one of two texts has moves the keys of the other: 6 % were missed by keys in their places."""
        left, right = self.pairs(changed)
        alike = TEXTS.alike(left, right)
        assert alike.mean() > 0.5
        pairs = {tuple(pair) for pair in near_copies([*left, *right], TEXTS).tolist()}
        assert {(index, index + len(left)) for index in np.flatnonzero(alike).tolist()} <= pairs

    def test_texts_of_one_template_are_linked_with_their_own_copies(self) -> None:
        """Where all share the smallest hashes, the keys tell nothing, and the rest of the sketches does."""
        random = np.random.default_rng(0)
        template = random.integers(0, 30_000, 600)
        filled = np.stack([np.concatenate([template, random.integers(0, 30_000, 200)]) for _ in range(200)])
        again = filled.copy()
        again[:, -1] += 1
        pairs = {tuple(pair) for pair in near_copies([TEXTS.of(text) for text in (*filled, *again)], TEXTS).tolist()}
        assert np.mean([(index, index + 200) in pairs for index in range(200)]) > 0.95
