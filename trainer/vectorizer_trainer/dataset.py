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
from vectorizer_trainer.grouping import NO_NEAR_COPIES, check_named_groups, families, groups_of, named_groups
from vectorizer_trainer.inventory import FAULTS_ALLOWED, NOT_NAMED, Inventory, LabelledFile, allowed_faults
from vectorizer_trainer.labels import FEWEST_EXAMPLES, check_trainable, label_warnings
from vectorizer_trainer.remarks import choice_warnings, contradictions, copy_warnings, what_is_missing
from vectorizer_trainer.splitting import Part, split
from vectorizer_trainer.wording import counted, enumerated, quoted

if TYPE_CHECKING:
    from vectorizer_trainer.tuning.types import Examples

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
    """Files that were left out for another one with the same bytes and labels."""
    near_copies: list[list[str]]
    """Families of files whose content is the same, saved anew: all used, and never parted."""
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

    @property
    def groups(self) -> int:
        """How many groups of examples there are that are never parted."""
        return len(np.unique(np.concatenate([part.groups for part in (self.train, self.choose, self.gate)])))

    def with_warnings(self, more: Sequence[str]) -> "TrainingSet":
        """The same with further warnings, also in the dataset."""
        warnings = [*self.warnings, *more]
        dataset = self.dataset.model_copy(update={"warnings": _in_status(warnings)})
        return replace(self, warnings=warnings, dataset=dataset)


def check_inventory(inventory: Inventory, limits: Limits, most: int) -> None:
    """Raises BadInput or OverLimit where it is clear before a file is read that the run cannot go on."""
    _check_labelled(inventory)
    _check_faults(inventory.faults, inventory.examples, LABELS_FILE, _where_they_may_be(inventory))
    _check_faults(inventory.test.faults, inventory.test.named, TEST_LABELS_FILE, _where_they_may_be(inventory))
    missing = what_is_missing(inventory, inventory.faults, [])
    check_trainable((file.labels for file in inventory.wanted), limits.max_labels, missing)
    check_named_groups(named_groups(inventory.wanted), len(inventory.wanted))
    if len(inventory.test.files) > most:
        raise OverLimit(f"{TEST_LABELS_FILE} names {len(inventory.test.files):,} files; at most {most:,} are allowed.")


def check_pool(inventory: Inventory, pool: Pool, limits: Limits) -> None:
    """Raises BadInput where too many files turned out to be unreadable when they were looked at for a choice."""
    faults = [*inventory.faults, *pool.unreadable]
    _check_faults(faults, inventory.examples, LABELS_FILE)
    missing = what_is_missing(inventory, faults, pool.copies)
    check_trainable((file.labels for file in pool.files), limits.max_labels, missing)


def check_gathered(inventory: Inventory, gathered: Gathered, limits: Limits) -> None:
    """Raises BadInput where too many files turned out to be unreadable, or too little is left."""
    faults, read = [*inventory.faults, *gathered.unreadable], inventory.examples - len(gathered.unread)
    _check_faults(faults, read, LABELS_FILE)
    tests = inventory.test
    _check_faults([*tests.faults, *gathered.unreadable_tests], tests.named, TEST_LABELS_FILE)
    missing = what_is_missing(inventory, [*faults, *gathered.held_back], gathered.copies)
    missing += contradictions(gathered.conflicts)
    check_trainable((file.labels for file in gathered.files), limits.max_labels, missing)


def describe_inventory(inventory: Inventory) -> Dataset:
    """What status.dataset says before the files are read."""
    warnings = [*inventory.warnings, *label_warnings(file.labels for file in inventory.wanted)]
    return _describe(inventory, inventory.wanted, [*inventory.faults, *inventory.unused], warnings)


def describe_gathered(inventory: Inventory, gathered: Gathered) -> Dataset:
    """What status.dataset says once the files are read."""
    described = _describe(inventory, gathered.files, _rejected(inventory, gathered), inventory.warnings)
    return described.model_copy(update={"copies": len(gathered.copies)})


def select(inventory: Inventory, gathered: Gathered, items: Sequence[Array], seed: int) -> TrainingSet:
    """Split what was gathered; raises BadInput where it cannot be split."""
    from vectorizer_trainer.tuning.types import Examples

    files, reading = gathered.files, gathered.reading
    bound = groups_of(reading.files, gathered.contents, gathered.near)
    groups = bound[gathered.examples]
    _check_groups(groups, gathered)
    label_names = labels_of(files)
    targets = targets_of(files, label_names)
    parts = split(targets, groups, seed)
    warnings = [
        *inventory.warnings,
        *label_warnings(file.labels for file in files),
        *copy_warnings(gathered),
        *choice_warnings(gathered),
        *_test_warnings(inventory, gathered),
    ]
    rejected = _rejected(inventory, gathered)
    digest = _digest(files, [reading.digests[index] for index in gathered.examples])

    def examples(part: Part) -> "Examples":
        own = np.flatnonzero(parts == part)
        rows = [gathered.examples[position] for position in own]
        return Examples(Selected(items, rows), targets[own], groups[own], gathered.vectors[own])

    return TrainingSet(
        label_names=label_names,
        train=examples(Part.TRAIN),
        choose=examples(Part.CHOOSE),
        gate=examples(Part.GATE),
        test=_test_set(gathered, items, label_names, bound),
        selection=_selection(files, parts, gathered),
        dataset=_describe(inventory, files, rejected, warnings).model_copy(
            update={"selected": len(files), "copies": len(gathered.copies), "digest": digest}
        ),
        rejected=rejected,
        warnings=warnings,
    )


def _test_set(
    gathered: Gathered, items: Sequence[Array], label_names: Sequence[str], bound: NDArray[np.int64]
) -> "Examples | None":
    from vectorizer_trainer.tuning.types import Examples

    rows, reading = gathered.tests, gathered.reading
    if len(rows) < _FEWEST_TESTS:
        return None
    files = [reading.files[row] for row in rows]
    return Examples(Selected(items, rows), targets_of(files, label_names), bound[rows])


def _check_groups(groups: NDArray[np.int64], gathered: Gathered) -> None:
    """What is never parted is split as a whole, so that it is these groups that must be enough, not files."""
    apart, files = len(np.unique(groups)), gathered.files
    if apart >= FEWEST_EXAMPLES:
        return
    different = len(np.unique(gathered.contents[gathered.examples]))
    if different < FEWEST_EXAMPLES:
        number = f"The {len(files):,} examples have only {counted(different, 'different content')}"
        least = f"at least {FEWEST_EXAMPLES} are needed."
        raise BadInput(" ".join([f"{number}; {least}", *contradictions(gathered.conflicts)]))
    named = groups_of(gathered.reading.files, gathered.contents, NO_NEAR_COPIES)[gathered.examples]
    check_named_groups(len(np.unique(named)), len(files))
    raise BadInput(
        f"The {len(files):,} examples are near copies of one another: only {apart} of them are different, and at least "
        f"{FEWEST_EXAMPLES} are needed.",
        hint="Add other files. Where these are different things all the same, give each a group of its own in "
        f"{GROUPS_FILE}.",
    )


def _check_labelled(inventory: Inventory) -> None:
    if inventory.examples:
        return
    empty = f"gives {counted(inventory.unlabelled, 'file')} an empty list" if inventory.unlabelled else "names no file"
    raise BadInput(
        f"No file has a label: {LABELS_FILE} {empty}.",
        hint=f'Write the labels of each file in {LABELS_FILE}: {{"a.txt": ["label_1", "label_2"]}}.',
    )


def _check_faults(faults: Sequence[RejectedFile], examples: int, source: str, hint: str = "") -> None:
    allowed = allowed_faults(examples)
    if len(faults) > allowed:
        first = "; ".join(f"{quoted(fault.name)}: {fault.reason}" for fault in faults[:FAULTS_ALLOWED])
        raise BadInput(
            f"{len(faults):,} of the {examples:,} files named in {source} cannot be used; "
            f"at most {allowed:,} are passed over. The first are {first}.",
            hint=hint,
        )


def _where_they_may_be(inventory: Inventory) -> str:
    """A hint where files are named that are not there, while others are there that are not named."""
    there = [file.name for file in inventory.unused if file.reason == NOT_NAMED]
    if not there:
        return ""
    return f"Write each name as it is in the folder, with sub-folder and suffix; not named are {enumerated(there)}."


def _describe(
    inventory: Inventory,
    usable: Sequence[LabelledFile],
    rejected: Sequence[RejectedFile],
    warnings: Sequence[str],
) -> Dataset:
    return Dataset(
        files=inventory.files,
        examples=inventory.examples,
        labels=len({label for file in usable for label in file.labels}),
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
    names = [
        [gathered.reading.files[index].name for index in family]
        for family in families(gathered.near, gathered.examples)
    ]
    return Selection(of, gathered.copies, names, [file.name for file in gathered.unread])


def _digest(files: Sequence[LabelledFile], digests: Sequence[str]) -> str:
    """SHA-256 over a line of JSON for each selected file: name, SHA-256 of its content, sorted labels, its group."""
    total = hashlib.sha256()
    for file, digest in zip(files, digests, strict=True):
        group = [] if file.group is None else [file.group]
        total.update(json.dumps([file.name, digest, sorted(file.labels), *group]).encode() + b"\n")
    return total.hexdigest()
