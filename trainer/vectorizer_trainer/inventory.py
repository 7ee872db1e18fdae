"""What is in the batch folder: the listing within its limits, matched with the annotation files beside it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from unicodedata import normalize

from vectorizer_api.names import GROUPS_FILE, LABELS_FILE, TEST_LABELS_FILE
from vectorizer_api.run import Limits, RejectedFile

from vectorizer_trainer.annotations import read_groups, read_labels
from vectorizer_trainer.errors import BadInput, OverLimit
from vectorizer_trainer.labels import Labels
from vectorizer_trainer.store import Entry, Source, key_problem
from vectorizer_trainer.wording import bytes_in_words, counted, enumerated

NOT_THERE = "not in the folder"
NOT_NAMED = f"not named in {LABELS_FILE}"
NO_LABELS = f"an empty list of labels in {LABELS_FILE}"

FAULTS_ALLOWED = 5
FAULTS_ALLOWED_SHARE = 0.05

_ANNOTATIONS = (LABELS_FILE, GROUPS_FILE, TEST_LABELS_FILE)


@dataclass(frozen=True)
class LabelledFile:
    """A file to train on, or to test on."""

    entry: Entry
    labels: tuple[str, ...]
    group: str | None = None
    """What example_to_group.json says; None for a file that it does not name."""

    @property
    def name(self) -> str:
        """Its key relative to the batch folder."""
        return self.entry.key


@dataclass(frozen=True)
class TestFiles:
    """What test_to_labels.json names."""

    __test__ = False  # It is no test case, whatever its name begins with.

    named: int = 0
    """Files that it gives at least one label."""
    files: list[LabelledFile] = field(default_factory=list)
    """Those of them that are there."""
    faults: list[RejectedFile] = field(default_factory=list)
    """Those that are not, are too large, or have a name that leads elsewhere."""


@dataclass(frozen=True)
class Inventory:
    """The batch folder and what its annotation files say of it, before a file was read."""

    files: int
    """Files in the folder, without the annotation files."""
    examples: int
    """Files that example_to_labels.json gives at least one label."""
    unlabelled: int
    """Files that it gives an empty list."""
    wanted: list[LabelledFile]
    """Examples that are there."""
    faults: list[RejectedFile]
    """Those that are not, are too large, or have a name that leads elsewhere."""
    unused: list[RejectedFile]
    """Files without labels."""
    test: TestFiles
    warnings: list[str]


@dataclass(frozen=True)
class _Annotations:
    labels: Labels
    groups: Mapping[str, str]
    test: Labels


def allowed_faults(named: int) -> int:
    """How many of so many files that an annotation file names may be unusable and are passed over."""
    return max(FAULTS_ALLOWED, int(FAULTS_ALLOWED_SHARE * named))


def take_inventory(batch: Source, limits: Limits, scratch: Path) -> Inventory:
    """List the batch folder and read its annotation files; raises BadInput and OverLimit."""
    entries = batch.entries(limits.max_objects + len(_ANNOTATIONS) + 1)
    files = [entry for entry in entries if entry.key not in _ANNOTATIONS]
    _check_limits(files, limits)
    annotations = _read_annotations(batch, entries, limits, scratch)
    _check_test_labels(annotations)
    return _match(files, annotations, limits)


def _check_limits(files: list[Entry], limits: Limits) -> None:
    if len(files) > limits.max_objects:
        raise OverLimit(f"The folder holds more than {limits.max_objects:,} files.")
    total = sum(entry.size for entry in files)
    if total > limits.max_total_bytes:
        most = bytes_in_words(limits.max_total_bytes)
        raise OverLimit(f"The folder holds {bytes_in_words(total)}; at most {most} are allowed.")


def _read_annotations(batch: Source, entries: list[Entry], limits: Limits, scratch: Path) -> _Annotations:
    found = {entry.key: _read(batch, entry, limits, scratch) for entry in entries if entry.key in _ANNOTATIONS}
    if LABELS_FILE not in found:
        raise BadInput(f"There is no {LABELS_FILE} in the folder.", hint=_where_it_may_be(entries))
    return _Annotations(
        labels=Labels(read_labels(found[LABELS_FILE], LABELS_FILE)),
        groups=read_groups(found.get(GROUPS_FILE, b"{}"), GROUPS_FILE),
        test=Labels(read_labels(found.get(TEST_LABELS_FILE, b"{}"), TEST_LABELS_FILE)),
    )


def _read(batch: Source, entry: Entry, limits: Limits, scratch: Path) -> bytes:
    if entry.size > limits.max_labels_file_bytes:
        most = bytes_in_words(limits.max_labels_file_bytes)
        raise OverLimit(f"{entry.key} has {bytes_in_words(entry.size)}; at most {most} are allowed.")
    copy = scratch / entry.key
    batch.fetch(entry, copy)
    return copy.read_bytes()


def _check_test_labels(said: _Annotations) -> None:
    """Refuse a test set that would be trained on, or that asks for what is not trained."""
    both = [name for name in said.test.examples if said.labels.of.get(name)]
    if both:
        raise BadInput(
            f"In {TEST_LABELS_FILE}, {counted(len(both), 'file')} of {LABELS_FILE}: {enumerated(both)}.",
            hint="A file is either trained on or tested on: take it out of one of the two.",
        )
    trained = {label for labels in said.labels.of.values() for label in labels}
    tested = {label for labels in said.test.of.values() for label in labels}
    if unknown := sorted(tested - trained):
        raise BadInput(
            f"{TEST_LABELS_FILE} has {counted(len(unknown), 'label')} that no example carries: {enumerated(unknown)}.",
            hint=f"Correct the label, or give examples of it in {LABELS_FILE}.",
        )


def _where_it_may_be(entries: list[Entry]) -> str:
    stem = LABELS_FILE.removesuffix(".json")
    alike = [entry.key for entry in entries if stem in entry.key.lower()]
    if alike:
        return f"Did you mean {enumerated(alike)}? The file must be named {LABELS_FILE} and be at the folder's top."
    return f"Put {LABELS_FILE} at the top of the folder, beside the files that it names."


def _match(entries: list[Entry], said: _Annotations, limits: Limits) -> Inventory:
    present = _by_composed_name(entries)
    wanted, faults = _find(said.labels, present, said.groups, limits)
    tested, test_faults = _find(said.test, present, said.groups, limits)
    used = {file.entry.key for file in (*wanted, *tested)}
    unused = [
        RejectedFile(name=_storable(entry.key), reason=_why_unused(entry.key, said.labels))
        for entry in entries
        if entry.key not in used
    ]
    return Inventory(
        files=len(entries),
        examples=len(said.labels.examples),
        unlabelled=len(said.labels.unlabelled),
        wanted=wanted,
        faults=faults,
        unused=unused,
        test=TestFiles(len(said.test.examples), tested, test_faults),
        warnings=_group_warnings(said, present),
    )


def _find(
    labels: Labels, present: Mapping[str, Entry], groups: Mapping[str, str], limits: Limits
) -> tuple[list[LabelledFile], list[RejectedFile]]:
    """The labelled files that can be read, in the order of their names, and those that cannot."""
    found, faults = [], []
    for name in labels.examples:
        entry = present.get(name)
        problem = key_problem(name) or _problem(entry, limits)
        if entry is None or problem:
            faults.append(RejectedFile(name=_storable(name), reason=problem))
        else:
            found.append(LabelledFile(entry, labels.of[name], groups.get(name)))
    return sorted(found, key=lambda file: file.name), faults


def _problem(entry: Entry | None, limits: Limits) -> str:
    """Why a file is not read; empty where nothing speaks against it."""
    if entry is None:
        return NOT_THERE
    if entry.size > limits.max_object_bytes:
        most = bytes_in_words(limits.max_object_bytes)
        return f"it has {bytes_in_words(entry.size)}; at most {most} are allowed a file"
    return ""


def _group_warnings(said: _Annotations, present: Mapping[str, Entry]) -> list[str]:
    """Names in example_to_group.json that mean no file; raises BadInput where they are many."""
    unknown = [name for name in said.groups if name not in present and name not in said.labels.of]
    if not unknown:
        return []
    sentence = f"In {GROUPS_FILE}, {counted(len(unknown), 'name')} of no file in the folder: "
    if len(unknown) > allowed_faults(len(said.groups)):
        raise BadInput(
            f"{sentence}{enumerated(unknown)}.",
            hint=f"Write each name as it is in {LABELS_FILE}: relative to the folder, with its suffix.",
        )
    return [f"{sentence}{enumerated(unknown)}."]


def _by_composed_name(entries: list[Entry]) -> dict[str, Entry]:
    """Entries by the NFC of their keys; where two share one, that which is written so in the store."""
    composed: dict[str, Entry] = {}
    for entry in entries:
        name = normalize("NFC", entry.key)
        if name not in composed or entry.key == name:
            composed[name] = entry
    return composed


def _why_unused(key: str, labels: Labels) -> str:
    name = normalize("NFC", key)
    if name not in labels.of:
        return key_problem(key) or NOT_NAMED
    return "another file has the same name in composed Unicode" if labels.of[name] else NO_LABELS


def _storable(name: str) -> str:
    """A name that JSON and a status can hold."""
    return name.encode(errors="backslashreplace").decode()[:512]
