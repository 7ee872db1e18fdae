"""Which files are copies of one another, and what becomes of them."""

from time import process_time

import numpy as np
from vectorizer_api.content import ContentType
from vectorizer_trainer.duplicates import Copy, contents, find_duplicates
from vectorizer_trainer.fingerprints import fingerprints_of

A, B = frozenset("a"), frozenset("b")
PICTURES = fingerprints_of(ContentType.IMAGE)


def pictures(count: int, seed: int = 0) -> np.ndarray:
    """Random pictures [n, 16, 16, 3]."""
    return np.random.default_rng(seed).integers(0, 256, (count, 16, 16, 3), np.uint8)


def found(made: np.ndarray, digests: list[str] | None = None) -> list[int]:
    names = digests or [str(index) for index in range(len(made))]
    return [int(first) for first in contents(names, [PICTURES.of(picture) for picture in made], PICTURES)]


class TestContents:
    def test_of_none_there_are_none(self) -> None:
        assert contents([], [], PICTURES).tolist() == []

    def test_the_same_bytes_are_one_content(self) -> None:
        made = pictures(3)
        assert found(made, ["x", "y", "x"]) == [0, 1, 0]

    def test_pictures_that_differ_by_little_are_one_content(self) -> None:
        made = pictures(4)
        made[3] = np.clip(made[1].astype(int) + 1, 0, 255)
        assert found(made) == [0, 1, 2, 1]

    def test_a_row_of_pictures_each_like_the_next_is_not_one_content(self) -> None:
        """Else a slow film would be a single example."""
        made = np.stack([np.full((16, 16, 3), 100 + 2 * step, np.uint8) for step in range(10)])
        leaders = found(made)
        assert leaders[1] == 0
        assert leaders[2] == 2
        assert len(set(leaders)) == 5

    def test_a_copy_of_a_near_copy_belongs_to_the_first(self) -> None:
        made = pictures(3)
        made[1] = np.clip(made[0].astype(int) + 1, 0, 255)
        made[2] = made[1]
        assert found(made, ["x", "y", "y"]) == [0, 0, 0]

    def test_thirty_thousand_are_compared_in_seconds_also_where_thousands_are_the_same(self) -> None:
        rows = np.random.default_rng(0).integers(0, 256, (30_000, 432), np.uint8)
        rows[5000:15_000] = rows[5000]
        began = process_time()
        same = contents([str(index) for index in range(30_000)], list(rows), PICTURES)
        assert process_time() - began < 20
        assert (same[:5000] == np.arange(5000)).all()
        assert (same[15_000:] == np.arange(15_000, 30_000)).all()
        assert len(np.unique(same[5000:15_000])) == 1


class TestDuplicates:
    def test_a_copy_with_the_same_labels_is_dropped(self) -> None:
        duplicates = find_duplicates(np.array([0, 1, 0]), ["x", "y", "x"], [A, B, A])
        assert (duplicates.kept, duplicates.copies) == ([0, 1], [Copy(2, 0, exact=True)])
        assert duplicates.conflicts == []

    def test_a_near_copy_is_told_from_an_exact_one(self) -> None:
        assert find_duplicates(np.array([0, 0]), ["x", "y"], [A, A]).copies == [Copy(1, 0, exact=False)]

    def test_a_copy_with_other_labels_is_kept_and_reported(self) -> None:
        duplicates = find_duplicates(np.array([0, 1, 0]), ["x", "y", "x"], [A, A, B])
        assert (duplicates.kept, duplicates.copies, duplicates.conflicts) == ([0, 1, 2], [], [[0, 2]])

    def test_the_order_of_labels_makes_no_difference(self) -> None:
        assert find_duplicates(np.array([0, 0]), ["x", "x"], [A | B, B | A]).copies == [Copy(1, 0, exact=True)]
