"""What is in the batch folder: the listing within its limits, matched with example_to_labels.json."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from unicodedata import normalize

from vectorizer_api.names import LABELS_FILE
from vectorizer_api.run import Limits, RejectedFile

from vectorizer_trainer.errors import BadInput, OverLimit
from vectorizer_trainer.labels import Labels, parse_labels
from vectorizer_trainer.store import Entry, Store, key_problem
from vectorizer_trainer.wording import bytes_in_words, enumerated, quoted

NOT_NAMED = f"not named in {LABELS_FILE}"
NO_LABELS = f"an empty list of labels in {LABELS_FILE}"

_UNUSED_FILES = {
    "example_to_group.json": "groups of files are not kept together yet",
    "test_to_labels.json": "a test set of your own is not reported yet",
}


@dataclass(frozen=True)
class LabelledFile:
    """A file to train on."""

    entry: Entry
    labels: tuple[str, ...]

    @property
    def name(self) -> str:
        """Its key relative to the batch folder."""
        return self.entry.key


@dataclass(frozen=True)
class Inventory:
    """The batch folder and what its labels file says of it, before a file was read."""

    files: int
    """Files in the folder, without example_to_labels.json."""
    examples: int
    """Files that example_to_labels.json gives at least one label."""
    wanted: list[LabelledFile]
    """Those of them that are there."""
    faults: list[RejectedFile]
    """Those that are not, or have a name that leads elsewhere."""
    unused: list[RejectedFile]
    """Files without labels."""
    warnings: list[str]


def take_inventory(batch: Store, limits: Limits, scratch: Path) -> Inventory:
    """List the batch folder and read its labels file; raises BadInput and OverLimit."""
    entries = batch.entries(limits.max_objects + 2)
    _check_limits(entries, limits)
    labels = _read_labels(batch, entries, limits, scratch)
    return _match([entry for entry in entries if entry.key != LABELS_FILE], labels)


def _check_limits(entries: list[Entry], limits: Limits) -> None:
    files = [entry for entry in entries if entry.key != LABELS_FILE]
    if len(files) > limits.max_objects:
        raise OverLimit(f"The batch folder holds more than {limits.max_objects:,} files.")
    for entry in files:
        if entry.size > limits.max_object_bytes:
            most = bytes_in_words(limits.max_object_bytes)
            raise OverLimit(f"{quoted(entry.key)} has {bytes_in_words(entry.size)}; at most {most} are allowed a file.")
    total = sum(entry.size for entry in files)
    if total > limits.max_total_bytes:
        most = bytes_in_words(limits.max_total_bytes)
        raise OverLimit(f"The batch folder holds {bytes_in_words(total)}; at most {most} are allowed.")


def _read_labels(batch: Store, entries: list[Entry], limits: Limits, scratch: Path) -> Labels:
    entry = next((entry for entry in entries if entry.key == LABELS_FILE), None)
    if entry is None:
        raise BadInput(f"There is no {LABELS_FILE} in the batch folder.", hint=_where_it_may_be(entries))
    if entry.size > limits.max_labels_file_bytes:
        most = bytes_in_words(limits.max_labels_file_bytes)
        raise OverLimit(f"{LABELS_FILE} has {bytes_in_words(entry.size)}; at most {most} are allowed.")
    copy = scratch / LABELS_FILE
    batch.fetch(entry, copy)
    return parse_labels(copy.read_bytes())


def _where_it_may_be(entries: list[Entry]) -> str:
    stem = LABELS_FILE.removesuffix(".json")
    alike = [entry.key for entry in entries if stem in entry.key.lower()]
    if alike:
        return f"Did you mean {enumerated(alike)}? The file must be named {LABELS_FILE} and be at the folder's top."
    return f"Upload {LABELS_FILE} to the top of the folder, beside the files that it names."


def _match(entries: list[Entry], labels: Labels) -> Inventory:
    present = _by_composed_name(entries)
    wanted, faults = [], []
    for name in labels.examples:
        problem = key_problem(name)
        entry = None if problem else present.get(name)
        if entry:
            wanted.append(LabelledFile(entry, labels.of[name]))
        else:
            faults.append(RejectedFile(name=_storable(name), reason=problem or "not in the batch folder"))
    used = {file.entry.key for file in wanted}
    unused = [
        RejectedFile(name=_storable(entry.key), reason=_why_unused(entry.key, labels))
        for entry in entries
        if entry.key not in used and entry.key not in _UNUSED_FILES
    ]
    return Inventory(
        files=len(entries),
        examples=len(labels.examples),
        wanted=sorted(wanted, key=lambda file: file.name),
        faults=faults,
        unused=unused,
        warnings=_warnings(entry.key for entry in entries),
    )


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


def _warnings(keys: Iterable[str]) -> list[str]:
    return [f"{key} is not used: {_UNUSED_FILES[key]}." for key in keys if key in _UNUSED_FILES]
