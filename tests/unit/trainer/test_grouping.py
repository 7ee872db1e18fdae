"""What is never parted, and what the account's word changes of it."""

from time import process_time

import numpy as np
import pytest
from vectorizer_trainer.errors import BadInput
from vectorizer_trainer.grouping import check_named_groups, families, groups_of, named_groups
from vectorizer_trainer.inventory import LabelledFile
from vectorizer_trainer.store import Entry


def files(*groups: str | None) -> list[LabelledFile]:
    return [LabelledFile(Entry(f"{index}.txt", 1, ""), ("a",), group) for index, group in enumerate(groups)]


def pairs(*near: tuple[int, int]) -> np.ndarray:
    return np.array(near, np.int64).reshape(-1, 2)


def parted(groups: np.ndarray) -> list[list[int]]:
    """Which places go together."""
    return [np.flatnonzero(groups == group).tolist() for group in dict.fromkeys(groups.tolist())]


class TestGroups:
    def test_what_nothing_joins_is_apart(self) -> None:
        assert parted(groups_of(files(None, None, None), np.arange(3), pairs())) == [[0], [1], [2]]

    def test_the_same_bytes_are_one_whatever_the_account_says(self) -> None:
        assert parted(groups_of(files("x", "y", None), np.array([0, 0, 2]), pairs())) == [[0, 1], [2]]

    def test_a_group_of_the_account_is_one(self) -> None:
        assert parted(groups_of(files("x", None, "x", "y"), np.arange(4), pairs())) == [[0, 2], [1], [3]]

    def test_a_chain_of_near_copies_is_one(self) -> None:
        assert parted(groups_of(files(*[None] * 5), np.arange(5), pairs((3, 4), (0, 3), (1, 2)))) == [[0, 3, 4], [1, 2]]

    def test_near_copies_in_different_groups_are_apart(self) -> None:
        near = pairs((0, 1), (1, 2), (2, 3))
        assert parted(groups_of(files("x", "y", "y", None), np.arange(4), near)) == [[0], [1, 2, 3]]

    def test_near_copies_join_whole_groups(self) -> None:
        assert parted(groups_of(files("x", "x", None, None), np.arange(4), pairs((1, 2)))) == [[0, 1, 2], [3]]

    def test_a_chain_of_thirty_thousand_takes_no_time(self) -> None:
        chain = np.column_stack([np.arange(29_999), np.arange(1, 30_000)])
        began = process_time()
        assert len(np.unique(groups_of(files(*[None] * 30_000), np.arange(30_000), chain))) == 1
        assert process_time() - began < 2


class TestFamilies:
    def test_linked_members_are_a_family_the_largest_first(self) -> None:
        near = pairs((0, 1), (2, 3), (3, 4))
        assert families(near, [0, 1, 2, 3, 4, 7]) == [[2, 3, 4], [0, 1]]

    def test_members_are_linked_by_way_of_others(self) -> None:
        assert families(pairs((0, 1), (1, 2)), [0, 2]) == [[0, 2]]

    def test_where_nothing_is_alike_there_are_none(self) -> None:
        assert families(pairs(), [0, 1]) == []


def test_a_file_without_a_group_counts_as_one() -> None:
    assert named_groups(files("x", None, "x", None)) == 3


def test_ten_groups_are_enough_and_nine_are_not() -> None:
    check_named_groups(10, 500)
    with pytest.raises(BadInput, match="the 500 examples are only 9 groups; at least 10 are needed"):
        check_named_groups(9, 500)
