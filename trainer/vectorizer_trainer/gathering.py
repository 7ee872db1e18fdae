"""Which files are read: as many different ones as are to be trained on, and others in place of those that fall out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from vectorizer_api.run import RejectedFile, Stage

from vectorizer_trainer.cache import Array, ItemCache
from vectorizer_trainer.download import Reader, Reading
from vectorizer_trainer.duplicates import Copy, Duplicates, find_duplicates, near_copies
from vectorizer_trainer.embedding import Embedding
from vectorizer_trainer.fingerprints import Pairs
from vectorizer_trainer.inventory import LabelledFile
from vectorizer_trainer.sampling import choose_examples, random_order, spread_order
from vectorizer_trainer.wording import quoted

if TYPE_CHECKING:
    from vectorizer_trainer.tuning.types import Observer

__all__ = ["CopiedFile", "Gathered", "Pool", "gather", "labels_of", "open_pool", "survey", "targets_of"]

_ROUNDS = 16
"""Readings after which a few examples less are accepted: each reads what is lacking after the one before."""


@dataclass(frozen=True)
class CopiedFile:
    """A file that was left out for another one with the same bytes and labels."""

    name: str
    of: str


@dataclass(frozen=True)
class Pool:
    """What may be trained on."""

    files: list[LabelledFile]
    order: NDArray[np.int64]
    """[files]: indices, the better ones first."""
    unreadable: list[RejectedFile]
    copies: list[CopiedFile]


@dataclass(frozen=True)
class Gathered:
    """The files that were read, the account's own test set first, and what was found of them."""

    reading: Reading
    examples: list[int]
    """Indices into the reading of what can be trained on: no exact copies, nothing that is tested on."""
    vectors: NDArray[np.float32]
    """[examples, dimension]: the start's, of the examples."""
    tests: list[int]
    """Indices into the reading of the test set, without exact copies."""
    contents: NDArray[np.int64]
    """[reading]: the same number for the same bytes."""
    near: Pairs
    """[m, 2]: indices into the reading of near copies of different bytes."""
    conflicts: list[list[str]]
    """Names of examples with the same bytes and different labels."""
    copies: list[CopiedFile]
    held_back: list[RejectedFile]
    """Files with the bytes of one that is tested on."""
    unreadable: list[RejectedFile]
    """Those of the test set are not among them."""
    unreadable_tests: list[RejectedFile]
    unread: list[LabelledFile]
    """Files that were not chosen."""

    @property
    def files(self) -> list[LabelledFile]:
        """The examples."""
        return [self.reading.files[index] for index in self.examples]


def open_pool(files: Sequence[LabelledFile], seed: int) -> Pool:
    """All files, in random order: who knows nothing but labels chooses so."""
    return Pool(list(files), random_order(len(files), seed), [], [])


def survey(files: Sequence[LabelledFile], reader: Reader, seed: int, observer: "Observer") -> Pool:
    """The files that can be read, without exact copies, in an order whose every beginning is spread over what they are.

    All of them are read for it once, and those that are chosen once more: no item is kept meanwhile.
    """
    embedding = Embedding(reader.vectorizer)
    reading = reader.read(files, Stage.SAMPLING, observer, lambda _, item: embedding.add(item))
    found = _duplicates(reading)
    return Pool(
        [reading.files[index] for index in found.kept],
        spread_order(embedding.vectors()[found.kept], seed),
        reading.unreadable,
        [_copied(copy, reading) for copy in found.copies],
    )


def gather(
    pool: Pool,
    test: Sequence[LabelledFile],
    most: int,
    reader: Reader,
    items: ItemCache,
    observer: "Observer",
) -> Gathered:
    """Read the test set and at most `most` examples, none twice; the items are kept in the order of the reading."""
    tested = {file.name for file in test}
    embedding = Embedding(reader.vectorizer)

    def keep(file: LabelledFile, item: Array) -> None:
        items.append(item)
        if file.name not in tested:  # That is embedded when it is measured: no training waits for it.
            embedding.add(item)

    def read(files: Sequence[LabelledFile]) -> Reading:
        return reader.read(files, Stage.DOWNLOADING, observer, keep)

    targets = targets_of(pool.files, labels_of(pool.files))
    chosen = choose_examples(targets, most, pool.order)
    left = _without(pool.order, chosen)
    reading = read([*test, *(pool.files[index] for index in chosen)])
    for _ in range(_ROUNDS):
        chosen = choose_examples(targets, most, left, _had(pool, reading, test))
        if not len(chosen):
            break
        left = _without(left, chosen)
        reading += read([pool.files[index] for index in chosen])
    return _gathered(reading, embedding.vectors(), reader, pool, test, left)


def labels_of(files: Sequence[LabelledFile]) -> list[str]:
    """The labels in use, sorted."""
    return sorted({label for file in files for label in file.labels})


def targets_of(files: Sequence[LabelledFile], label_names: Sequence[str]) -> NDArray[np.bool_]:
    """[files, labels]: which of the labels each file carries."""
    column = {label: index for index, label in enumerate(label_names)}
    targets = np.zeros((len(files), len(label_names)), bool)
    for row, file in enumerate(files):
        targets[row, [column[label] for label in file.labels if label in column]] = True
    return targets


@dataclass(frozen=True)
class _Sifted:
    """What of a reading is used."""

    found: Duplicates
    examples: list[int]
    tests: set[int]
    """With copies."""
    held_back: list[int]


def _sifted(reading: Reading, test: Sequence[LabelledFile]) -> _Sifted:
    names = {file.name for file in test}
    tests = {index for index, file in enumerate(reading.files) if file.name in names}
    found = _duplicates(reading)
    tested = {int(content) for content in found.contents[sorted(tests)]}
    held_back = [index for index in range(len(reading.files)) if index not in tests and found.contents[index] in tested]
    apart = tests | set(held_back)
    return _Sifted(found, [index for index in found.kept if index not in apart], tests, held_back)


def _had(pool: Pool, reading: Reading, test: Sequence[LabelledFile]) -> NDArray[np.bool_]:
    """[pool]: which files are used already."""
    used = {reading.files[index].name for index in _sifted(reading, test).examples}
    return np.array([file.name in used for file in pool.files])


def _without(order: NDArray[np.int64], chosen: NDArray[np.int64]) -> NDArray[np.int64]:
    return order[~np.isin(order, chosen)]


def _gathered(
    reading: Reading,
    vectors: NDArray[np.float32],
    reader: Reader,
    pool: Pool,
    test: Sequence[LabelledFile],
    left: NDArray[np.int64],
) -> Gathered:
    """`vectors` [m, d] are those of the last m files of the reading."""
    names = {file.name for file in test}
    sifted = _sifted(reading, test)
    found, apart = sifted.found, sifted.tests | set(sifted.held_back)
    near = near_copies(reading.prints, reader.fingerprints)
    return Gathered(
        reading=reading,
        examples=sifted.examples,
        vectors=vectors[np.array(sifted.examples, np.int64) - (len(reading.files) - len(vectors))],
        tests=[index for index in found.kept if index in sifted.tests],
        contents=found.contents,
        near=near[np.diff(found.contents[near], axis=1)[:, 0] != 0],
        conflicts=[[reading.files[index].name for index in group] for group in found.conflicts if not apart & {*group}],
        copies=[*pool.copies, *(_copied(copy, reading) for copy in found.copies if copy.dropped not in apart)],
        held_back=[_held_back(reading, index, int(found.contents[index])) for index in sifted.held_back],
        unreadable=[*pool.unreadable, *(file for file in reading.unreadable if file.name not in names)],
        unreadable_tests=[file for file in reading.unreadable if file.name in names],
        unread=[pool.files[index] for index in np.sort(left)],
    )


def _duplicates(reading: Reading) -> Duplicates:
    return find_duplicates(reading.digests, [frozenset(file.labels) for file in reading.files])


def _copied(copy: Copy, reading: Reading) -> CopiedFile:
    return CopiedFile(reading.files[copy.dropped].name, reading.files[copy.kept].name)


def _held_back(reading: Reading, index: int, original: int) -> RejectedFile:
    reason = f"the same content as {quoted(reading.files[original].name)} of the test set"
    return RejectedFile(name=reading.files[index].name, reason=reason)
