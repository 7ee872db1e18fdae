"""The files of a run: those of the batch folder and those that a fetch staged, as one folder."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from unicodedata import normalize

from pydantic import ValidationError
from vectorizer_api.fetch import FetchedUrl, FetchOutcome, FetchReport
from vectorizer_api.names import FETCH_REPORT_FILE, LABELS_FILE, STAGED_FILES_FOLDER, URLS_FILE
from vectorizer_api.run import RejectedFile, RunDescription

from vectorizer_trainer.errors import BadInput, StorageError
from vectorizer_trainer.fetching.outcomes import Refused
from vectorizer_trainer.fetching.urls import file_name
from vectorizer_trainer.inventory import NOT_THERE, Inventory
from vectorizer_trainer.store import Entry, Source
from vectorizer_trainer.wording import counted, enumerated
from vectorizer_trainer.workplace import Workplace

__all__ = ["RunFiles", "open_files"]

_LARGEST_REPORT = 64 * 1024**2
_NAME = 512
_SPARE = 16
"""Entries beyond the limit of files that are listed, so that who counts them finds out."""


@dataclass(frozen=True)
class RunFiles:
    """What a run may read, and what became of its URLs."""

    source: Source
    report: list[FetchedUrl]
    """Empty where no URLs are used."""
    clashes: list[str]
    """Names of files from URLs that the batch folder has too; its own are used."""

    def explain(self, inventory: Inventory) -> Inventory:
        """The inventory with the URLs that brought no file, each with its reason."""
        if not self.report:
            return inventory
        reasons = {_name_in(row.url): row.reason for row in self._lost}
        explained = [_explained(fault, reasons) for fault in inventory.faults]
        tested = [_explained(fault, reasons) for fault in inventory.test.faults]
        told = {fault.name for fault in (*explained, *tested)}
        return replace(
            inventory,
            faults=explained,
            test=replace(inventory.test, faults=tested),
            unused=[*inventory.unused, *self._left_out(told)],
            warnings=[*inventory.warnings, *self._warnings()],
        )

    @property
    def _lost(self) -> list[FetchedUrl]:
        return [row for row in self.report if row.outcome is not FetchOutcome.FETCHED]

    def _left_out(self, told: set[str]) -> list[RejectedFile]:
        lost = [
            RejectedFile(name=row.url[:_NAME], reason=row.reason) for row in self._lost if _name_in(row.url) not in told
        ]
        return [*lost, *(RejectedFile(name=name, reason=_CLASH) for name in self.clashes)]

    def _warnings(self) -> list[str]:
        lost = [row.url for row in self._lost]
        if not lost:
            return []
        return [f"{len(lost):,} of {counted(len(self.report), 'URL')} brought no file: {enumerated(lost)}."]


_CLASH = "the folder has a file of the same name, which is used in place of the URL's"


@dataclass(frozen=True)
class _Joined:
    """Two sources as one; listed once."""

    folder: Source | None
    staged: Source
    listed: list[Entry]
    from_urls: frozenset[str]
    """Keys that the staged source has."""

    def entries(self, most: int) -> list[Entry]:
        """See Source."""
        return self.listed[:most]

    def fetch(self, entry: Entry, target: Path) -> str:
        """See Source."""
        source = self.staged if self.folder is None or entry.key in self.from_urls else self.folder
        return source.fetch(entry, target)


def open_files(run: RunDescription, place: Workplace) -> RunFiles:
    """Open what the run reads; raises BadInput where that is nothing, and StorageError."""
    folder = place.open_store(run.batch) if run.batch is not None else None
    if run.staged is not None:
        return _with_staged(run, folder, run.staged, place)
    if folder is None:
        raise BadInput("The run has neither a folder nor files from URLs.", hint="Start a new fine-tuning.")
    return RunFiles(folder, [], [])


def _with_staged(run: RunDescription, folder: Source | None, location: str, place: Workplace) -> RunFiles:
    report = _read_report(place.open_store(location).read(FETCH_REPORT_FILE, _LARGEST_REPORT))
    staged = place.open_store(f"{location}{STAGED_FILES_FOLDER}")
    most = run.limits.max_objects + _SPARE
    own = [] if folder is None else [entry for entry in folder.entries(most) if entry.key != URLS_FILE]
    names = {normalize("NFC", entry.key) for entry in own}
    fetched = staged.entries(most)
    added = [entry for entry in fetched if normalize("NFC", entry.key) not in names]
    clashes = [entry.key for entry in fetched if normalize("NFC", entry.key) in names]
    listed = sorted([*own, *added], key=lambda entry: entry.key)
    if folder is None:
        _check_labels(listed, report)
    return RunFiles(_Joined(folder, staged, listed, frozenset(entry.key for entry in added)), report, clashes)


def _read_report(data: bytes) -> list[FetchedUrl]:
    try:
        return FetchReport.validate_json(data)
    except ValidationError:
        raise StorageError(f"The {FETCH_REPORT_FILE} of the staged files is not one.") from None


def _check_labels(listed: Sequence[Entry], report: Sequence[FetchedUrl]) -> None:
    if any(entry.key == LABELS_FILE for entry in listed):
        return
    reason = next((f": {row.reason}" for row in report if _name_in(row.url) == LABELS_FILE), "")
    raise BadInput(
        f"None of the URLs brought {LABELS_FILE}{reason}.",
        hint=f"List the URL of {LABELS_FILE} among the others, or put the file into the folder and use that too.",
    )


def _explained(fault: RejectedFile, reasons: dict[str, str]) -> RejectedFile:
    if fault.reason != NOT_THERE:
        return fault
    if fault.name in reasons:
        return fault.model_copy(update={"reason": f"its URL brought no file: {reasons[fault.name]}"})
    return fault.model_copy(update={"reason": "neither in the folder nor the file of a URL"})


def _name_in(url: str) -> str:
    try:
        return file_name(url)
    except Refused:
        return ""
