"""All URLs of a fetch, several at once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from unicodedata import normalize

from vectorizer_api.content import ContentType
from vectorizer_api.fetch import FetchLimits, FetchOutcome, UrlRules
from vectorizer_api.run import Limits

from vectorizer_trainer.errors import OverLimit
from vectorizer_trainer.fetching.budget import Budget
from vectorizer_trainer.fetching.connection import Connector, trusted
from vectorizer_trainer.fetching.crew import Crew
from vectorizer_trainer.fetching.outcomes import Failed, NotFetched, Result
from vectorizer_trainer.fetching.plan import Wanted, plan
from vectorizer_trainer.fetching.resolving import Resolver, ask_system
from vectorizer_trainer.fetching.transfer import Download, Transfer
from vectorizer_trainer.fetching.urls import without_query
from vectorizer_trainer.fetching.watch import Watches
from vectorizer_trainer.store import Store
from vectorizer_trainer.wording import bytes_in_words

__all__ = ["Fetched", "Fetcher", "Observer", "Place"]

Observer = Callable[[int, int, int], None]
"""Is told how many URLs are done, of how many, and how many bytes arrived."""

_TICK = 1.0
"""Seconds between two words to the observer while large files are on their way."""


@dataclass(frozen=True)
class Place:
    """Where files go."""

    staging: Store
    """A file that is there already is not downloaded again."""
    scratch: Path
    """An empty folder, for files that are on their way."""


@dataclass(frozen=True)
class Fetched:
    """What became of the URLs, in their order."""

    results: list[Result]
    is_over_total: bool
    """Whether downloads were given up since all files together are too large."""

    def check_total(self, limits: Limits) -> None:
        """Raises OverLimit where all files together were too large."""
        if self.is_over_total:
            most = bytes_in_words(limits.max_total_bytes)
            raise OverLimit(f"The files of the URLs are larger than the {most} that are allowed together.")


class Fetcher:
    """Downloads URLs by the platform's rules."""

    def __init__(
        self, rules: UrlRules, limits: Limits, fetch_limits: FetchLimits, resolve: Resolver = ask_system
    ) -> None:
        """Takes what is allowed, and who knows the addresses of names; raises BadInput for bad certificates."""
        self._rules = rules
        self._limits = limits
        self._fetch_limits = fetch_limits
        self._resolve = resolve
        self._connector = Connector(trusted(rules), fetch_limits)

    def fetch(self, urls: Sequence[str], content_type: ContentType | None, place: Place, observer: Observer) -> Fetched:
        """Download what may be downloaded, under the name in each URL; raises OverLimit and StorageError.

        A URL that is refused or that fails keeps nothing from the others.
        """
        if len(urls) > self._fetch_limits.max_urls:
            raise OverLimit(f"There are {len(urls):,} URLs; at most {self._fetch_limits.max_urls:,} are allowed.")
        staged = {normalize("NFC", entry.key): entry.size for entry in place.staging.entries(self._limits.max_objects)}
        planned = plan(urls, staged.keys(), self._rules)
        downloads = self._downloads(content_type, place, sum(staged[name] for name in planned.there))
        results = dict(planned.settled)
        observer(len(results), len(urls), 0)
        with Crew(downloads.bring, planned.wanted, self._fetch_limits.downloads, downloads.stop) as crew:
            for arrived in crew.results(_TICK):
                if arrived is not None:
                    results[arrived[0].position] = arrived[1]
                observer(len(results), len(urls), downloads.bytes_done)
        return Fetched([results[position] for position in range(len(urls))], downloads.is_over_total)

    def _downloads(self, content_type: ContentType | None, place: Place, bytes_there: int) -> "_Downloads":
        budget = Budget(self._limits.max_total_bytes, bytes_there)
        transfer = Transfer(self._rules, self._resolve, self._connector, self._limits, self._fetch_limits, budget)
        return _Downloads(transfer, content_type, place, Watches(self._fetch_limits))


@dataclass(frozen=True)
class _Downloads:
    """The downloads of one fetch."""

    transfer: Transfer
    content_type: ContentType | None
    place: Place
    watches: Watches

    @property
    def bytes_done(self) -> int:
        return self.transfer.budget.downloaded

    @property
    def is_over_total(self) -> bool:
        return self.transfer.budget.is_exceeded

    def bring(self, wanted: Wanted) -> Result:
        part = self.place.scratch / f"{wanted.position}.part"
        try:
            with self.watches.one() as watch:
                self.transfer.bring(wanted.url, Download(wanted.name, self.content_type, part), watch)
            self.place.staging.upload(wanted.name, part)
        except NotFetched as error:
            return Result.of(without_query(wanted.url), error)
        finally:
            part.unlink(missing_ok=True)
        return Result(without_query(wanted.url), FetchOutcome.FETCHED)

    def stop(self) -> None:
        self.watches.cut_all(Failed("it was stopped"))
