"""Files that are copies of one another: the same bytes, or the same content saved anew."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vectorizer_trainer.fingerprints import Fingerprints, Row, Rows

__all__ = ["Copy", "Duplicates", "contents", "find_duplicates"]

_COMPARED = 8
"""Files with the same key that each file is compared with, beside the first: a key that more share tells nothing."""
_BLOCK = 4096


@dataclass(frozen=True)
class Copy:
    """A file that was dropped for another one."""

    dropped: int
    kept: int
    exact: bool
    """Whether the bytes are the same."""


@dataclass(frozen=True)
class Duplicates:
    """Copies among n files."""

    kept: list[int]
    """Indices without the copies that carry the same labels as an earlier one."""
    copies: list[Copy]
    conflicts: list[list[int]]
    """Kept indices of one content with different labels."""
    contents: NDArray[np.int64]
    """[n]: of each file the first one with the same content."""


def contents(digests: Sequence[str], prints: Sequence[Row], fingerprints: Fingerprints) -> NDArray[np.int64]:
    """[n]: of each file the first one with the same content, from n digests and fingerprints.

    A file belongs to the first that it is itself alike to: a row of files in which each is like the next is not one.
    """
    first: dict[str, int] = {}
    same = np.array([first.setdefault(digest, index) for index, digest in enumerate(digests)], np.int64)
    earlier: dict[int, list[int]] = defaultdict(list)
    for left, right in _near(np.stack(prints), fingerprints) if prints else ():
        earlier[right].append(left)
    leader = np.arange(len(digests))
    for index in range(len(digests)):
        if same[index] != index:
            leader[index] = leader[same[index]]
        else:
            leader[index] = min((other for other in earlier[index] if leader[other] == other), default=index)
    return leader


def find_duplicates(
    same: NDArray[np.int64], digests: Sequence[str], label_sets: Sequence[frozenset[str]]
) -> Duplicates:
    """Which files are copies, from their contents [n], digests and labels."""
    distinct: dict[tuple[int, frozenset[str]], int] = {}
    copies = []
    for index, content in enumerate(zip(same.tolist(), label_sets, strict=True)):
        first = distinct.setdefault(content, index)
        if first != index:
            copies.append(Copy(index, first, digests[index] == digests[first]))
    kept = list(distinct.values())
    sharing: dict[int, list[int]] = defaultdict(list)
    for index in kept:
        sharing[int(same[index])].append(index)
    return Duplicates(kept, copies, [group for group in sharing.values() if len(group) > 1], same)


def _near(rows: Rows, fingerprints: Fingerprints) -> Iterator[tuple[int, int]]:
    """Pairs of near copies, the earlier one first; each pair once or more."""
    for column in fingerprints.keys(rows).T:
        order = np.argsort(column, kind="stable")
        for left, right in _candidates(column[order]):
            for start in range(0, len(left), _BLOCK):
                first, second = (order[places[start : start + _BLOCK]] for places in (left, right))
                near = fingerprints.alike(rows[first], rows[second])
                yield from zip(first[near].tolist(), second[near].tolist(), strict=True)


def _candidates(ordered: NDArray[np.int64]) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Pairs of places in ascending keys [n]: each with the first of its key, and with the few just before it."""
    place = np.arange(len(ordered))
    begins = np.concatenate([[True], ordered[1:] != ordered[:-1]])
    head = np.maximum.accumulate(np.where(begins, place, 0))
    far = place[place - head > _COMPARED]
    yield head[far], far
    for lag in range(1, _COMPARED + 1):
        near = place[place - head >= lag]
        yield near - lag, near
