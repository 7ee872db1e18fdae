"""One URL, over its redirects, to a file on the disk."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPResponse
from pathlib import Path

from vectorizer_api.content import ContentType
from vectorizer_api.fetch import FetchLimits, UrlRules
from vectorizer_api.run import Limits

from vectorizer_trainer.fetching.addresses import AddressRules
from vectorizer_trainer.fetching.body import chunks_of, promised_length, write
from vectorizer_trainer.fetching.budget import Budget
from vectorizer_trainer.fetching.connection import Connector
from vectorizer_trainer.fetching.outcomes import Failed, FailedForNow, NotFetched, Refused, Unreachable
from vectorizer_trainer.fetching.resolving import Resolver, permitted_addresses
from vectorizer_trainer.fetching.urls import read_url, redirected
from vectorizer_trainer.fetching.watch import Watch
from vectorizer_trainer.wording import counted

__all__ = ["Download", "Transfer"]

_FOUND = 200
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_BUSY = frozenset({429, 500, 502, 503, 504})


@dataclass(frozen=True)
class Download:
    """Where a URL's file goes, and what it must be."""

    name: str
    content_type: ContentType | None
    """None where files of any kind are wanted."""
    path: Path


@dataclass(frozen=True)
class Transfer:
    """What is the same for every URL of a fetch."""

    rules: UrlRules
    resolve: Resolver
    connector: Connector
    limits: Limits
    fetch_limits: FetchLimits
    budget: Budget

    def bring(self, url: str, download: Download, watch: Watch) -> None:
        """Download a URL, with further tries where they may help; raises Refused before any connection, and Failed."""
        try:
            self._try(url, download, watch)
        except FailedForNow as error:
            with _late_refusals_failed():
                self._try_again(url, download, watch, error)

    def _try_again(self, url: str, download: Download, watch: Watch, error: FailedForNow) -> None:
        for pause in self.fetch_limits.retry_pauses:
            watch.pause(pause)
            try:
                return self._try(url, download, watch)
            except FailedForNow as another:
                error = another
        raise error

    def _try(self, url: str, download: Download, watch: Watch) -> None:
        self.budget.spend(0)
        location = self._follow(url, download, watch)
        for _ in range(self.fetch_limits.max_redirects):
            if location is None:
                return
            url = redirected(url, location)
            with _late_refusals_failed("where it redirects to, "):
                location = self._follow(url, download, watch)
        if location is not None:
            raise Failed(f"it redirects more than {counted(self.fetch_limits.max_redirects, 'time')}")

    def _follow(self, url: str, download: Download, watch: Watch) -> str | None:
        """Where the answer redirects to, or None where it was the file."""
        target = read_url(url, self.rules)
        permitted = AddressRules(self.rules.allowed_networks, self.rules.denied_networks)
        addresses = permitted_addresses(target.host, self.resolve, permitted)
        with self.connector.get(target, addresses, watch) as response:
            if response.status in _REDIRECTS:
                return response.headers.get("Location", "")
            if response.status != _FOUND:
                raise _answered(response.status)
            write(self._counted(response, watch), download.path, download.name, download.content_type)
            return None

    def _counted(self, response: HTTPResponse, watch: Watch) -> Iterator[bytes]:
        most = self.limits.max_object_bytes
        for chunk in chunks_of(response, promised_length(response, most), most):
            watch.received(len(chunk))
            self.budget.spend(len(chunk))
            yield chunk


@contextmanager
def _late_refusals_failed(where: str = "") -> Iterator[None]:
    """A refusal is one before any connection: what a rule is against later has failed."""
    try:
        yield
    except Refused as error:
        kind = Unreachable if error.tells_of_network else Failed
        raise kind(f"{where}{error}") from None


def _answered(status: int) -> NotFetched:
    kind = FailedForNow if status in _BUSY else Failed
    return kind(f"its server answered {status}")
