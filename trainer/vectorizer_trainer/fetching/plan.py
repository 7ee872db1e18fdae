"""What is settled before any server is asked: what the rules refuse, what has no name of its own, what is there."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from vectorizer_api.fetch import FetchOutcome, UrlRules

from vectorizer_trainer.fetching.outcomes import Refused, Result
from vectorizer_trainer.fetching.urls import file_name, read_url, without_query

__all__ = ["Plan", "Wanted", "plan"]


@dataclass(frozen=True)
class Wanted:
    """A URL to try."""

    position: int
    """In the list of all."""
    url: str
    name: str
    """Of its file."""


@dataclass(frozen=True)
class Plan:
    """What becomes of each URL of a list."""

    settled: dict[int, Result]
    """By position in the list."""
    wanted: list[Wanted]
    there: set[str]
    """Names of URLs' files that are there already."""


def plan(urls: Sequence[str], there: Collection[str], rules: UrlRules) -> Plan:
    """Which of the URLs to try, where files of the names in `there` (NFC) are staged already."""
    settled: dict[int, Result] = {}
    wanted: list[Wanted] = []
    names: set[str] = set()
    for position, url in enumerate(urls):
        try:
            name = _name_of_its_own(url, names, rules)
        except Refused as error:
            settled[position] = Result.of(without_query(url), error)
            continue
        names.add(name)
        if name in there:
            settled[position] = Result(without_query(url), FetchOutcome.FETCHED, "it was there already")
        else:
            wanted.append(Wanted(position, url, name))
    return Plan(settled, wanted, names.intersection(there))


def _name_of_its_own(url: str, names: Collection[str], rules: UrlRules) -> str:
    read_url(url, rules)
    name = file_name(url)
    if name in names:
        raise Refused("an earlier URL has the same file name")
    return name
