"""Which files are read: as many different ones as are to be trained on, and others in place of those that fall out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from vectorizer_api.run import RejectedFile, Stage

from vectorizer_trainer.cache import ItemCache
from vectorizer_trainer.download import Reader, Reading
from vectorizer_trainer.duplicates import Copy, Duplicates, contents, find_duplicates
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
    """A file that was left out for another one with the same content and labels."""

    name: str
    of: str
    exact: bool


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
    """Indices into the reading of what can be trained on: no copies, nothing that is tested on."""
    tests: list[int]
    """Indices into the reading of the test set, without copies."""
    contents: NDArray[np.int64]
    """[reading]: the same number for the same content."""
    conflicts: list[list[str]]
    """Names of examples of one content with different labels."""
    copies: list[CopiedFile]
    held_back: list[RejectedFile]
    """Files with the content of one that is tested on."""
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
    """The files that can be read, without copies, in an order whose every beginning is spread over what they are."""
    reading = reader.read(files, Stage.SAMPLING, observer)
    found = _duplicates(reading, reader)
    return Pool(
        [reading.files[index] for index in found.kept],
        spread_order(reading.vectors[found.kept], seed),
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
    """Read the test set and at most `most` different examples; the items are kept in the order of the reading."""

    def read(files: Sequence[LabelledFile]) -> Reading:
        return reader.read(files, Stage.DOWNLOADING, observer, items.append)

    targets = targets_of(pool.files, labels_of(pool.files))
    position = {file.name: index for index, file in enumerate(pool.files)}
    order, had = pool.order, np.zeros(len(pool.files), bool)
    chosen = choose_examples(targets, most, order, had)
    reading = read([*test, *(pool.files[index] for index in chosen)])
    for _ in range(_ROUNDS):
        order = order[~np.isin(order, chosen)]
        gathered = _gathered(reading, reader, pool, test, order)
        had[[position[file.name] for file in gathered.files]] = True
        chosen = choose_examples(targets, most, order, had)
        if not len(chosen):
            break
        reading += read([pool.files[index] for index in chosen])
    return gathered


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


def _gathered(
    reading: Reading, reader: Reader, pool: Pool, test: Sequence[LabelledFile], left: NDArray[np.int64]
) -> Gathered:
    names = {file.name for file in test}
    tests = {index for index, file in enumerate(reading.files) if file.name in names}
    found = _duplicates(reading, reader)
    tested = {int(content) for content in found.contents[sorted(tests)]}
    held_back = [index for index in range(len(reading.files)) if index not in tests and found.contents[index] in tested]
    apart = tests | set(held_back)
    return Gathered(
        reading=reading,
        examples=[index for index in found.kept if index not in apart],
        tests=[index for index in found.kept if index in tests],
        contents=found.contents,
        conflicts=[[reading.files[index].name for index in group] for group in found.conflicts if not apart & {*group}],
        copies=[*pool.copies, *(_copied(copy, reading) for copy in found.copies if copy.dropped not in apart)],
        held_back=[_held_back(reading, index, int(found.contents[index])) for index in held_back],
        unreadable=[*pool.unreadable, *(file for file in reading.unreadable if file.name not in names)],
        unreadable_tests=[file for file in reading.unreadable if file.name in names],
        unread=[pool.files[index] for index in np.sort(left)],
    )


def _duplicates(reading: Reading, reader: Reader) -> Duplicates:
    same = contents(reading.digests, reading.prints, reader.fingerprints)
    return find_duplicates(same, reading.digests, [frozenset(file.labels) for file in reading.files])


def _copied(copy: Copy, reading: Reading) -> CopiedFile:
    return CopiedFile(reading.files[copy.dropped].name, reading.files[copy.kept].name, copy.exact)


def _held_back(reading: Reading, index: int, original: int) -> RejectedFile:
    reason = f"the same content as {quoted(reading.files[original].name)} of the test set"
    return RejectedFile(name=reading.files[index].name, reason=reason)
