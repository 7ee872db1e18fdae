"""Decoded items on disk."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from vectorizer_trainer.cache import ItemCache, Joined, Selected
from vectorizer_trainer.errors import OverLimit

ITEMS: list[np.ndarray[Any, Any]] = [
    np.arange(5, dtype=np.int32),
    np.zeros((2, 3, 3), np.uint8),
    np.empty(0, np.int32),
    np.ones((1, 4), np.float16).T,
]


def test_items_of_any_shape_come_back_as_they_were(tmp_path: Path) -> None:
    with ItemCache(tmp_path / "items", len(ITEMS)) as cache:
        for item in ITEMS:
            cache.append(item)
        assert len(cache) == 4
        for item, kept in zip(ITEMS, cache, strict=True):
            assert kept.dtype == item.dtype
            assert np.array_equal(kept, item)


def test_items_can_be_read_while_others_are_appended(tmp_path: Path) -> None:
    with ItemCache(tmp_path / "items", 2) as cache:
        cache.append(ITEMS[0])
        assert np.array_equal(cache[-1], ITEMS[0])
        cache.append(ITEMS[1])
        assert [item.shape for item in cache[-2:]] == [(5,), (2, 3, 3)]


def test_a_file_that_was_cut_short_is_noticed(tmp_path: Path) -> None:
    with ItemCache(tmp_path / "items", 1) as cache:
        cache.append(ITEMS[0])
        os.truncate(tmp_path / "items", 7)
        with pytest.raises(OSError, match="shorter than what was written"):
            cache[0]


def test_closing_frees_the_disk(tmp_path: Path) -> None:
    with ItemCache(tmp_path / "items", 1) as cache:
        cache.append(ITEMS[0])
    assert not list(tmp_path.iterdir())


def test_a_selection_has_an_order_of_its_own(tmp_path: Path) -> None:
    with ItemCache(tmp_path / "items", 3) as cache:
        for number in range(3):
            cache.append(np.array([number]))
        selected = Selected(cache, [2, 0])
        assert [int(item[0]) for item in selected] == [2, 0]
        assert [int(item[0]) for item in selected[1:]] == [0]


def test_joined_sequences_are_counted_through() -> None:
    joined = Joined([[np.array([0]), np.array([1])], [], [np.array([2])]])
    assert len(joined) == 3
    assert [int(item[0]) for item in joined] == [0, 1, 2]
    assert [int(item[0]) for item in joined[1:]] == [1, 2]
    assert int(joined[-1][0]) == 2
    with pytest.raises(IndexError):
        joined[3]


def test_a_disk_that_will_not_hold_all_items_is_noticed_after_the_first(tmp_path: Path) -> None:
    item = np.zeros(1024, np.uint8)
    with ItemCache(tmp_path / "items", 10**15) as cache:
        for _ in range(31):
            cache.append(item)
        with pytest.raises(OverLimit, match=r"and 931322\.6 TiB are needed"):
            cache.append(item)
