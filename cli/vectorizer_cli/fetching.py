"""Files from URLs on this machine, whose owner may know where a host leads: every reason is told in full."""

import os
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from vectorizer_api.content import ContentType
from vectorizer_api.fetch import FetchedUrl, FetchLimits, FetchOutcome, FetchReport, UrlRules
from vectorizer_api.names import FETCH_REPORT_FILE, STAGED_FILES_FOLDER, URLS_FILE
from vectorizer_api.request import Request
from vectorizer_api.run import Limits, Stage
from vectorizer_trainer.errors import BadInput
from vectorizer_trainer.fetching import Fetched, Fetcher, FetchProgress, Place, read_list
from vectorizer_trainer.fetching.urls import without_secrets
from vectorizer_trainer.progress import ProgressTracker
from vectorizer_trainer.store import FolderStore
from vectorizer_trainer.wording import counted

from vectorizer_cli.progress_bar import ProgressBar
from vectorizer_cli.url_rules import read_rules

__all__ = ["LocalFetch", "fetch_locally", "stage_urls", "urls_of"]

_TOLD = 5
"""URLs that are named in the terminal; the report has all."""


@dataclass(frozen=True)
class LocalFetch:
    """What `vectorizer fetch` was asked for."""

    urls: Path
    out: Path
    report: Path
    content_type: ContentType | None
    url_rules: Path | None


def fetch_locally(asked: LocalFetch, console: Console) -> list[FetchedUrl]:
    """Download what the rules allow and write the report; raises RunError."""
    urls = read_list(_read("--urls", asked.urls), str(asked.urls))
    _check_places(asked)
    fetcher = Fetcher(read_rules(asked.url_rules), Limits(), FetchLimits())
    with (
        tempfile.TemporaryDirectory(prefix=".vectorizer-fetch-", dir=asked.out) as scratch,
        ProgressBar(console) as bar,
    ):
        place = Place(FolderStore(asked.out), Path(scratch))
        fetched = fetcher.fetch(urls, asked.content_type, place, FetchProgress([bar]))
    report = [result.told_in_full() for result in fetched.results]
    FolderStore(asked.report.parent).put(asked.report.name, _json(report))
    _tell(report, asked, console)
    fetched.check_total(Limits())
    return report


def urls_of(request: Request, data: Path | None) -> list[str]:
    """The URLs that a request lists, and those of file_urls.json in the folder that it uses."""
    listed = list(request.file_urls or [])
    if data is not None and (data / URLS_FILE).is_file():
        listed += read_list(_read("--data", data / URLS_FILE), URLS_FILE)
    return listed


def stage_urls(
    urls: Sequence[str], content_type: ContentType, rules: UrlRules, folder: Path, tracker: ProgressTracker
) -> str:
    """Stage the files of URLs below `folder`, as the fetch Job of a cluster does; the location for the run."""
    files, scratch = folder / STAGED_FILES_FOLDER, folder / "scratch"
    for new in (files, scratch):
        new.mkdir(parents=True)
    fetched = _staged(urls, content_type, rules, Place(FolderStore(files), scratch), tracker)
    FolderStore(folder).put(FETCH_REPORT_FILE, _json([result.told_in_full() for result in fetched.results]))
    fetched.check_total(Limits())
    return f"{folder.as_uri()}/"


def _staged(
    urls: Sequence[str], content_type: ContentType, rules: UrlRules, place: Place, tracker: ProgressTracker
) -> Fetched:
    tracker.stage(Stage.FETCHING, len(urls))
    return Fetcher(rules, Limits(), FetchLimits()).fetch(
        urls, content_type, place, lambda done, _of, _bytes_done: tracker.advance(done)
    )


def _read(option: str, path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadInput(
            f"{option} {path} cannot be read: {error.strerror}.", hint="Name a file that is there."
        ) from None


def _check_places(asked: LocalFetch) -> None:
    try:
        asked.out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(f"--out {asked.out} cannot be made: {error.strerror}.", hint="Name a folder.") from None
    if not os.access(asked.out, os.W_OK):
        raise BadInput(f"--out {asked.out} cannot be written.", hint="Name a folder where you may write.")
    if asked.report.is_dir() or not os.access(asked.report.absolute().parent, os.W_OK):
        raise BadInput(f"--report {asked.report} cannot be written.", hint="Name a file in a folder that is there.")


def _json(report: list[FetchedUrl]) -> bytes:
    return FetchReport.dump_json(report, by_alias=True, indent=1) + b"\n"


def _tell(report: Sequence[FetchedUrl], asked: LocalFetch, console: Console) -> None:
    number = Counter(row.outcome for row in report)
    lost = [row for row in report if row.outcome is not FetchOutcome.FETCHED]
    lines = [f"{number[FetchOutcome.FETCHED]:,} of {counted(len(report), 'file')} are in {asked.out}."]
    lines += [f"  {row.outcome}: {without_secrets(row.url)}: {row.reason}" for row in lost[:_TOLD]]
    if lost:
        lines.append(
            f"{number[FetchOutcome.REFUSED]:,} refused, {number[FetchOutcome.FAILED]:,} failed; "
            f"{asked.report} has the reason of each."
        )
    console.print("\n".join(lines), highlight=False, markup=False, soft_wrap=True)
