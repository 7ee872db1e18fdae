"""Files that are copies of one another: the same bytes, or the same content saved anew."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vectorizer_trainer.fingerprints import Fingerprints, Pairs, Row

__all__ = ["Copy", "Duplicates", "find_duplicates", "near_copies"]

_BLOCK = 512


@dataclass(frozen=True)
class Copy:
    """A file that is left out for another one with the same bytes and labels."""

    dropped: int
    kept: int


@dataclass(frozen=True)
class Duplicates:
    """Exact copies among n files."""

    kept: list[int]
    """Indices without the copies that carry the same labels as an earlier one."""
    copies: list[Copy]
    conflicts: list[list[int]]
    """Kept indices of the same bytes with different labels."""
    contents: NDArray[np.int64]
    """[n]: of each file the first one with the same bytes."""


def find_duplicates(digests: Sequence[str], label_sets: Sequence[frozenset[str]]) -> Duplicates:
    """Which of n files are exact copies, from their digests and labels."""
    first: dict[str, int] = {}
    distinct: dict[tuple[str, frozenset[str]], int] = {}
    sharing: dict[str, list[int]] = defaultdict(list)
    copies = []
    for index, content in enumerate(zip(digests, label_sets, strict=True)):
        digest = content[0]
        first.setdefault(digest, index)
        kept = distinct.setdefault(content, index)
        if kept == index:
            sharing[digest].append(index)
        else:
            copies.append(Copy(index, kept))
    return Duplicates(
        kept=list(distinct.values()),
        copies=copies,
        conflicts=[group for group in sharing.values() if len(group) > 1],
        contents=np.array([first[digest] for digest in digests], np.int64),
    )


def near_copies(prints: Sequence[Row], fingerprints: Fingerprints) -> Pairs:
    """[m, 2]: pairs of n files whose content is the same, saved anew, from their fingerprints.

    Not all pairs, but as many as link each of the files that are alike with another one of them.
    """
    first: dict[bytes, int] = {}
    same = np.array([first.setdefault(fingerprint.tobytes(), index) for index, fingerprint in enumerate(prints)], int)
    if not len(same) or not prints[0].size:
        return np.empty((0, 2), np.int64)
    later = np.flatnonzero(same != np.arange(len(same)))
    distinct = np.array(list(first.values()))
    rows = np.stack([prints[index] for index in distinct])
    candidates = fingerprints.candidates(rows)
    blocks = [candidates[start : start + _BLOCK] for start in range(0, len(candidates), _BLOCK)]
    near = [block[fingerprints.alike(rows[block[:, 0]], rows[block[:, 1]])] for block in blocks]
    return np.concatenate([np.column_stack([same[later], later]), *(distinct[block] for block in near)])
