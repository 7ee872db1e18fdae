"""What a run trains on: the files that were read, without copies, chosen and split."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from vectorizer_api.names import GROUPS_FILE, LABELS_FILE, TEST_LABELS_FILE
from vectorizer_api.run import Dataset, Limits, RejectedFile

from vectorizer_trainer.cache import Array, Selected
from vectorizer_trainer.errors import BadInput, OverLimit
from vectorizer_trainer.gathering import CopiedFile, Gathered, Pool, labels_of, targets_of
from vectorizer_trainer.inventory import FAULTS_ALLOWED, Inventory, LabelledFile, allowed_faults
from vectorizer_trainer.labels import FEWEST_EXAMPLES, check_trainable, label_warnings
from vectorizer_trainer.splitting import Part, split
from vectorizer_trainer.wording import counted, enumerated, quoted

if TYPE_CHECKING:
    from vectorizer_trainer.tuning.types import Examples

_Key = tuple[str, int | str]

_REJECTED_IN_STATUS = 20
_WARNINGS_IN_STATUS = 50
_WARNING_LENGTH = 500
_FEWEST_TESTS = 10
"""Files of a test set below which nothing is measured on it."""


@dataclass(frozen=True)
class Selection:
    """Which files were trained on, what each was used for, and which readable ones were left out."""

    parts: dict[str, Part]
    """File name -> what it was used for."""
    copies: list[CopiedFile]
    """Files that were left out for another one with the same content and labels."""
    not_chosen: list[str]
    """Files beyond `training.maxExamples`."""


@dataclass(frozen=True)
class TrainingSet:
    """Examples by their use, and where they come from."""

    label_names: list[str]
    train: "Examples"
    choose: "Examples"
    gate: "Examples"
    test: "Examples | None"
    """The account's own test set, with the labels of `label_names`; None where there is none to measure on."""
    selection: Selection
    dataset: Dataset
    rejected: list[RejectedFile]
    """All of them; the dataset lists the first 20."""
    warnings: list[str]
    """All of them; the dataset lists the first 50."""

    def with_warnings(self, more: Sequence[str]) -> "TrainingSet":
        """The same with further warnings, also in the dataset."""
        warnings = [*self.warnings, *more]
        dataset = self.dataset.model_copy(update={"warnings": _in_status(warnings)})
        return replace(self, warnings=warnings, dataset=dataset)


def check_inventory(inventory: Inventory, limits: Limits, most: int) -> None:
    """Raises BadInput or OverLimit where it is clear before a file is read that the run cannot go on."""
    _check_faults(inventory.faults, inventory.examples, LABELS_FILE)
    _check_faults(inventory.test.faults, inventory.test.named, TEST_LABELS_FILE)
    check_trainable((file.labels for file in inventory.wanted), limits.max_labels)
    if len(inventory.test.files) > most:
        raise OverLimit(f"{TEST_LABELS_FILE} names {len(inventory.test.files):,} files; at most {most:,} are allowed.")


def check_pool(inventory: Inventory, pool: Pool, limits: Limits) -> None:
    """Raises BadInput where too many files turned out to be unreadable when they were looked at for a choice."""
    _check_faults([*inventory.faults, *pool.unreadable], inventory.examples, LABELS_FILE)
    check_trainable((file.labels for file in pool.files), limits.max_labels)


def check_gathered(inventory: Inventory, gathered: Gathered, limits: Limits) -> None:
    """Raises BadInput where too many files turned out to be unreadable, or too little is left."""
    read = inventory.examples - len(gathered.unread)
    _check_faults([*inventory.faults, *gathered.unreadable], read, LABELS_FILE)
    tests = inventory.test
    _check_faults([*tests.faults, *gathered.unreadable_tests], tests.named, TEST_LABELS_FILE)
    check_trainable((file.labels for file in gathered.files), limits.max_labels)


def describe_inventory(inventory: Inventory) -> Dataset:
    """What status.dataset says before the files are read."""
    return _describe(inventory, inventory.wanted, [], [*inventory.faults, *inventory.unused], inventory.warnings)


def describe_gathered(inventory: Inventory, gathered: Gathered) -> Dataset:
    """What status.dataset says once the files are read."""
    return _describe(inventory, gathered.files, [], _rejected(inventory, gathered), inventory.warnings)


def select(inventory: Inventory, gathered: Gathered, items: Sequence[Array], seed: int) -> TrainingSet:
    """Split what was gathered; raises BadInput where it cannot be split."""
    from vectorizer_trainer.tuning.types import Examples

    files, reading = gathered.files, gathered.reading
    groups = _groups(files, gathered.contents[gathered.examples])
    _check_groups(files, groups, gathered)
    label_names = labels_of(files)
    targets = targets_of(files, label_names)
    parts = split(targets, groups, seed)
    warnings = [
        *inventory.warnings,
        *label_warnings(file.labels for file in files),
        *_duplicate_warnings(gathered),
        *_choice_warnings(gathered),
        *_test_warnings(inventory, gathered),
    ]
    rejected = _rejected(inventory, gathered)
    digest = _digest(files, [reading.digests[index] for index in gathered.examples])

    def examples(part: Part) -> "Examples":
        own = np.flatnonzero(parts == part)
        rows = [gathered.examples[position] for position in own]
        return Examples(Selected(items, rows), targets[own], groups[own], reading.vectors[rows])

    return TrainingSet(
        label_names=label_names,
        train=examples(Part.TRAIN),
        choose=examples(Part.CHOOSE),
        gate=examples(Part.GATE),
        test=_test_set(gathered, items, label_names),
        selection=_selection(files, parts, gathered),
        dataset=_describe(inventory, files, files, rejected, warnings).model_copy(update={"digest": digest}),
        rejected=rejected,
        warnings=warnings,
    )


def _test_set(gathered: Gathered, items: Sequence[Array], label_names: Sequence[str]) -> "Examples | None":
    from vectorizer_trainer.tuning.types import Examples

    rows, reading = gathered.tests, gathered.reading
    if len(rows) < _FEWEST_TESTS:
        return None
    files = [reading.files[row] for row in rows]
    groups = _groups(files, gathered.contents[rows])
    return Examples(Selected(items, rows), targets_of(files, label_names), groups, reading.vectors[rows])


def _groups(files: Sequence[LabelledFile], same: NDArray[np.int64]) -> NDArray[np.int64]:
    """[files]: the same number for what is never parted: one content, one group, and what these join."""
    parent = {key: key for file, content in zip(files, same.tolist(), strict=True) for key in _keys(file, content)}

    def root(key: _Key) -> _Key:
        while parent[key] != key:
            parent[key] = parent[parent[key]]
            key = parent[key]
        return key

    for file, content in zip(files, same.tolist(), strict=True):
        first, *others = _keys(file, content)
        for other in others:
            parent[root(other)] = root(first)
    number: dict[_Key, int] = {}
    roots = [root(_keys(file, content)[0]) for file, content in zip(files, same.tolist(), strict=True)]
    return np.array([number.setdefault(key, len(number)) for key in roots], np.int64)


def _keys(file: LabelledFile, content: int) -> list[_Key]:
    return [("content", content)] if file.group is None else [("content", content), ("group", file.group)]


def _check_groups(files: Sequence[LabelledFile], groups: NDArray[np.int64], gathered: Gathered) -> None:
    """Copies and groups are never parted, so that it is these that are split, not files."""
    apart = len(np.unique(groups))
    if apart >= FEWEST_EXAMPLES:
        return
    different = len(np.unique(gathered.contents[gathered.examples]))
    if different < FEWEST_EXAMPLES:
        raise BadInput(
            f"The {len(files)} examples have only {counted(different, 'different content')}; "
            f"at least {FEWEST_EXAMPLES} are needed."
        )
    raise BadInput(
        f"By {GROUPS_FILE} the {len(files):,} examples are only {counted(apart, 'group')}; at least "
        f"{FEWEST_EXAMPLES} are needed.",
        hint="A group is never parted between training and measuring: name smaller ones, such as one speaker each.",
    )


def _check_faults(faults: Sequence[RejectedFile], examples: int, source: str) -> None:
    allowed = allowed_faults(examples)
    if len(faults) > allowed:
        first = "; ".join(f"{quoted(fault.name)}: {fault.reason}" for fault in faults[:FAULTS_ALLOWED])
        raise BadInput(
            f"{len(faults):,} of the {examples:,} files named in {source} cannot be used; "
            f"at most {allowed:,} are passed over. The first are {first}."
        )


def _describe(
    inventory: Inventory,
    usable: Sequence[LabelledFile],
    selected: Sequence[LabelledFile],
    rejected: Sequence[RejectedFile],
    warnings: Sequence[str],
) -> Dataset:
    return Dataset(
        files=inventory.files,
        examples=inventory.examples,
        labels=len({label for file in usable for label in file.labels}),
        selected=len(selected),
        rejected=len(rejected),
        rejected_files=list(rejected[:_REJECTED_IN_STATUS]),
        warnings=_in_status(warnings),
    )


def _in_status(warnings: Sequence[str]) -> list[str]:
    """The first 50 warnings, each cut after 500 characters."""
    return [warning[:_WARNING_LENGTH] for warning in warnings[:_WARNINGS_IN_STATUS]]


def _rejected(inventory: Inventory, gathered: Gathered) -> list[RejectedFile]:
    """Faults first: only the head of the list is in the status."""
    return [
        *inventory.faults,
        *gathered.unreadable,
        *inventory.test.faults,
        *gathered.unreadable_tests,
        *gathered.held_back,
        *inventory.unused,
    ]


def _duplicate_warnings(gathered: Gathered) -> list[str]:
    warnings = []
    for kind, exact in (("exact", True), ("near", False)):
        names = [copy.name for copy in gathered.copies if copy.exact is exact]
        if names:
            number = counted(len(names), f"{kind} copy", f"{kind} copies")
            warnings.append(f"Left out: {number} of other files with the same labels: {enumerated(names)}.")
    warnings += [
        f"These files have the same content and different labels: {enumerated(group)}." for group in gathered.conflicts
    ]
    if gathered.held_back:
        names = [file.name for file in gathered.held_back]
        number = counted(len(names), "example")
        warnings.append(f"Left out: {number} with the content of a file of the test set: {enumerated(names)}.")
    return warnings


def _choice_warnings(gathered: Gathered) -> list[str]:
    if not gathered.unread:
        return []
    chosen = len(gathered.examples)
    numbers = f"{chosen:,} of the {chosen + len(gathered.unread):,} examples"
    return [f"{numbers} were chosen, as many as are to be trained on; report.json says which."]


def _test_warnings(inventory: Inventory, gathered: Gathered) -> list[str]:
    if not inventory.test.named:
        return []
    if len(gathered.tests) < _FEWEST_TESTS:
        usable = counted(len(gathered.tests), "usable file")
        return [f"The test set has {usable}; nothing is measured on fewer than {_FEWEST_TESTS}."]
    trained = {file.group for file in gathered.files}
    tested = (gathered.reading.files[row].group for row in gathered.tests)
    shared = sorted({group for group in tested if group is not None and group in trained})
    if not shared:
        return []
    return [f"Groups of the test set are trained on too, so that it tells nothing of new groups: {enumerated(shared)}."]


def _selection(files: Sequence[LabelledFile], parts: NDArray[np.int64], gathered: Gathered) -> Selection:
    of = {file.name: Part(part) for file, part in zip(files, parts.tolist(), strict=True)}
    return Selection(of, gathered.copies, [file.name for file in gathered.unread])


def _digest(files: Sequence[LabelledFile], digests: Sequence[str]) -> str:
    """SHA-256 over a line of JSON for each selected file: name, SHA-256 of its content, sorted labels, its group."""
    total = hashlib.sha256()
    for file, digest in zip(files, digests, strict=True):
        group = [] if file.group is None else [file.group]
        total.update(json.dumps([file.name, digest, sorted(file.labels), *group]).encode() + b"\n")
    return total.hexdigest()
