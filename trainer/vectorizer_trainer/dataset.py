"""What a run trains on: the files that were read, without copies, chosen and split."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from vectorizer_api.names import LABELS_FILE
from vectorizer_api.run import Dataset, Limits, RejectedFile, TrainingSettings

from vectorizer_trainer.cache import Selected
from vectorizer_trainer.download import Reading
from vectorizer_trainer.errors import BadInput
from vectorizer_trainer.inventory import Inventory, LabelledFile
from vectorizer_trainer.labels import FEWEST_EXAMPLES, check_trainable, label_warnings
from vectorizer_trainer.sampling import Duplicates, Part, choose_examples, find_duplicates, split
from vectorizer_trainer.wording import counted, enumerated, quoted

if TYPE_CHECKING:
    from vectorizer_trainer.tuning.types import Examples

FAULTS_ALLOWED = 5
FAULTS_ALLOWED_SHARE = 0.05
_REJECTED_IN_STATUS = 20
_WARNINGS_IN_STATUS = 50
_WARNING_LENGTH = 500


@dataclass(frozen=True)
class Selection:
    """Which files were trained on, what each was used for, and which readable ones were left out."""

    parts: dict[str, Part]
    """File name -> what it was used for."""
    copies: dict[str, str]
    """File name -> the file that it is an exact copy of."""
    not_chosen: list[str]
    """Files beyond `training.maxExamples`."""


@dataclass(frozen=True)
class TrainingSet:
    """Examples by their use, and where they come from."""

    label_names: list[str]
    train: "Examples"
    choose: "Examples"
    gate: "Examples"
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


def check_inventory(inventory: Inventory, limits: Limits) -> None:
    """Raises BadInput or OverLimit where it is clear before a file is read that the run cannot go on."""
    _check_faults(inventory.faults, inventory.examples)
    check_trainable((file.labels for file in inventory.wanted), limits.max_labels)


def check_reading(inventory: Inventory, reading: Reading, limits: Limits) -> None:
    """Raises BadInput where too many files turned out to be unreadable."""
    _check_faults([*inventory.faults, *reading.unreadable], inventory.examples)
    check_trainable((file.labels for file in reading.files), limits.max_labels)


def describe_inventory(inventory: Inventory) -> Dataset:
    """What status.dataset says before the files are read."""
    return _describe(inventory, inventory.wanted, [], [*inventory.faults, *inventory.unused], inventory.warnings)


def describe_reading(inventory: Inventory, reading: Reading) -> Dataset:
    """What status.dataset says once the files are read."""
    return _describe(inventory, reading.files, [], _rejected(inventory, reading), inventory.warnings)


def select(inventory: Inventory, reading: Reading, training: TrainingSettings, limits: Limits) -> TrainingSet:
    """Drop copies, choose at most `maxExamples`, and split; raises BadInput where too little is left."""
    from vectorizer_trainer.tuning.types import Examples

    duplicates = find_duplicates(reading.digests, [frozenset(file.labels) for file in reading.files])
    distinct = [reading.files[index] for index in duplicates.kept]
    check_trainable((file.labels for file in distinct), limits.max_labels)
    _check_contents(duplicates)
    all_targets = _targets(distinct, sorted({label for file in distinct for label in file.labels}))
    chosen = choose_examples(all_targets, training.max_examples, training.seed)
    files = [distinct[position] for position in chosen]
    indices = [duplicates.kept[position] for position in chosen]
    label_names = sorted({label for file in files for label in file.labels})
    targets, groups = _targets(files, label_names), duplicates.groups[chosen]
    parts = split(targets, groups, training.seed)
    warnings = [
        *inventory.warnings,
        *label_warnings(file.labels for file in files),
        *_duplicate_warnings(duplicates, reading.files),
        *_choice_warnings(len(files), len(distinct)),
    ]
    rejected = _rejected(inventory, reading)
    digest = _digest(files, [reading.digests[index] for index in indices])

    def examples(part: Part) -> "Examples":
        own = np.flatnonzero(parts == part)
        rows = [indices[position] for position in own]
        return Examples(Selected(reading.items, rows), targets[own], groups[own], reading.vectors[rows])

    return TrainingSet(
        label_names=label_names,
        train=examples(Part.TRAIN),
        choose=examples(Part.CHOOSE),
        gate=examples(Part.GATE),
        selection=_selection(files, parts, distinct, duplicates, reading.files),
        dataset=_describe(inventory, reading.files, files, rejected, warnings).model_copy(update={"digest": digest}),
        rejected=rejected,
        warnings=warnings,
    )


def _check_contents(duplicates: Duplicates) -> None:
    """Copies are never parted, so that it is contents that are split, not files."""
    contents = len(np.unique(duplicates.groups))
    if contents < FEWEST_EXAMPLES:
        raise BadInput(
            f"The {len(duplicates.kept)} examples have only {counted(contents, 'different content')}; "
            f"at least {FEWEST_EXAMPLES} are needed."
        )


def _check_faults(faults: Sequence[RejectedFile], examples: int) -> None:
    allowed = max(FAULTS_ALLOWED, int(FAULTS_ALLOWED_SHARE * examples))
    if len(faults) > allowed:
        first = "; ".join(f"{quoted(fault.name)}: {fault.reason}" for fault in faults[:FAULTS_ALLOWED])
        raise BadInput(
            f"{len(faults):,} of the {examples:,} files named in {LABELS_FILE} cannot be used; "
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


def _rejected(inventory: Inventory, reading: Reading) -> list[RejectedFile]:
    """Faults first: only the head of the list is in the status."""
    return [*inventory.faults, *reading.unreadable, *inventory.unused]


def _targets(files: Sequence[LabelledFile], label_names: Sequence[str]) -> NDArray[np.bool_]:
    column = {label: index for index, label in enumerate(label_names)}
    targets = np.zeros((len(files), len(label_names)), bool)
    for row, file in enumerate(files):
        targets[row, [column[label] for label in file.labels]] = True
    return targets


def _duplicate_warnings(duplicates: Duplicates, files: Sequence[LabelledFile]) -> list[str]:
    warnings = []
    if duplicates.copies:
        copies = enumerated([files[copy].name for copy, _ in duplicates.copies])
        number = counted(len(duplicates.copies), "exact copy", "exact copies")
        warnings.append(f"Left out: {number} of other files with the same labels: {copies}.")
    for group in duplicates.conflicts:
        names = enumerated([files[index].name for index in group])
        warnings.append(f"These files are identical and carry different labels: {names}.")
    return warnings


def _choice_warnings(chosen: int, available: int) -> list[str]:
    if chosen == available:
        return []
    return [f"{chosen:,} of the {available:,} examples were chosen (training.maxExamples); report.json says which."]


def _selection(
    files: Sequence[LabelledFile],
    parts: NDArray[np.int64],
    distinct: Sequence[LabelledFile],
    duplicates: Duplicates,
    read: Sequence[LabelledFile],
) -> Selection:
    of = {file.name: Part(part) for file, part in zip(files, parts.tolist(), strict=True)}
    copies = {read[copy].name: read[original].name for copy, original in duplicates.copies}
    return Selection(of, copies, [file.name for file in distinct if file.name not in of])


def _digest(files: Sequence[LabelledFile], digests: Sequence[str]) -> str:
    """SHA-256 over a line of JSON for each selected file: name, SHA-256 of its content, sorted labels."""
    total = hashlib.sha256()
    for file, digest in zip(files, digests, strict=True):
        total.update(json.dumps([file.name, digest, sorted(file.labels)]).encode() + b"\n")
    return total.hexdigest()
