"""Decoded items on disk, one after another in one file: each file is decoded once, and memory holds what is in use."""

import os
import shutil
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any, Self, overload

import numpy as np

from vectorizer_trainer.errors import OverLimit
from vectorizer_trainer.wording import bytes_in_words

Array = np.ndarray[Any, Any]

_FIRST_LOOK = 32
"""Items after which the size of all is foreseen."""


@dataclass(frozen=True)
class _Place:
    offset: int
    shape: tuple[int, ...]
    dtype: np.dtype[Any]


class ItemCache(Sequence[Array]):
    """A growing sequence of arrays of any shapes and types.

    It is read and not mapped, since pages of a map count as the process's own memory.
    """

    def __init__(self, path: Path, expected: int) -> None:
        """Takes a path to create, and how many items are to come."""
        self._path = path
        self._expected = expected
        self._places: list[_Place] = []
        self._size = 0
        self._file = path.open("w+b")

    def append(self, item: Array) -> None:
        """Keep an item; raises OverLimit where the disk will not hold all that are to come."""
        item = np.ascontiguousarray(item)
        self._places.append(_Place(self._size, item.shape, item.dtype))
        self._file.write(item.data if item.size else b"")
        self._file.flush()
        self._size += item.nbytes
        count = len(self._places)
        if count >= _FIRST_LOOK and count.bit_count() == 1:
            check_disk(self._path.parent, self._size // count * (self._expected - count))

    def close(self) -> None:
        """Forget the items."""
        self._file.close()
        self._path.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __len__(self) -> int:
        return len(self._places)

    @overload
    def __getitem__(self, index: int) -> Array: ...
    @overload
    def __getitem__(self, index: slice) -> list[Array]: ...
    def __getitem__(self, index: int | slice) -> Array | list[Array]:
        if isinstance(index, slice):
            return [self[position] for position in range(*index.indices(len(self)))]
        place = self._places[index]
        item = np.empty(place.shape, place.dtype)
        if item.nbytes and os.preadv(self._file.fileno(), [item.data], place.offset) != item.nbytes:
            raise OSError(f"{self._path} is shorter than what was written to it.")
        return item


class Selected(Sequence[Array]):
    """Some of a sequence's items, in an order of its own."""

    def __init__(self, items: Sequence[Array], indices: Sequence[int]) -> None:
        """Takes the sequence, and the index in it of each item."""
        self._items = items
        self._indices = indices

    def __len__(self) -> int:
        return len(self._indices)

    @overload
    def __getitem__(self, index: int) -> Array: ...
    @overload
    def __getitem__(self, index: slice) -> list[Array]: ...
    def __getitem__(self, index: int | slice) -> Array | list[Array]:
        if isinstance(index, slice):
            return [self._items[position] for position in self._indices[index]]
        return self._items[self._indices[index]]


class Joined(Sequence[Array]):
    """Some sequences, one behind the other."""

    def __init__(self, parts: Sequence[Sequence[Array]]) -> None:
        """Takes the sequences."""
        self._parts = parts
        self._ends = list(accumulate(map(len, parts)))

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    @overload
    def __getitem__(self, index: int) -> Array: ...
    @overload
    def __getitem__(self, index: slice) -> list[Array]: ...
    def __getitem__(self, index: int | slice) -> Array | list[Array]:
        if isinstance(index, slice):
            return [self[position] for position in range(*index.indices(len(self)))]
        position = range(len(self))[index]
        part = bisect_right(self._ends, position)
        return self._parts[part][position - (self._ends[part - 1] if part else 0)]


def check_disk(folder: Path, needed: int) -> None:
    """Raises OverLimit where `needed` more bytes do not fit on the disk of `folder`."""
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise OverLimit(
            f"The run's disk has {bytes_in_words(free)} left and {bytes_in_words(needed)} are needed.",
            hint="Use fewer files, or a profile with a larger disk.",
        )
