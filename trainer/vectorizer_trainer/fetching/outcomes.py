"""How a URL ends that is not fetched, and what an account may be told of it."""

# ruff: noqa: N818 - the classes are named after the outcomes that users read

from dataclasses import dataclass
from typing import ClassVar

from vectorizer_api.fetch import FetchedUrl, FetchOutcome

__all__ = [
    "BROKEN",
    "NO_PUBLIC_ANSWER",
    "Failed",
    "FailedForNow",
    "ForbiddenAddress",
    "NotFetched",
    "Refused",
    "Result",
    "Unreachable",
]

NO_PUBLIC_ANSWER = "no server answers there at a public address"
"""All that an account is told of where a host leads: more would be a map of the platform's network."""

BROKEN = "the connection broke, or what came over it was not HTTP"


class NotFetched(Exception):
    """A URL that is not fetched; its text is the reason, and holds nothing of the URL's query."""

    outcome: ClassVar[FetchOutcome]
    tells_of_network: ClassVar[bool] = False
    """Whether outcome and reason tell what a name or an address leads to."""


class Refused(NotFetched):
    """By a rule, before any connection."""

    outcome = FetchOutcome.REFUSED


class ForbiddenAddress(Refused):
    """The host leads to an address that is not allowed."""

    tells_of_network = True


class Failed(NotFetched):
    """It was tried."""

    outcome = FetchOutcome.FAILED


class FailedForNow(Failed):
    """The server is busy, or the connection broke: another try may help."""


class Unreachable(Failed):
    """No server was found, or none that proves to be the one that was named."""

    tells_of_network = True


@dataclass(frozen=True)
class Result:
    """What became of a URL."""

    url: str
    """Without its query."""
    outcome: FetchOutcome
    reason: str = ""
    tells_of_network: bool = False

    @classmethod
    def of(cls, url: str, error: NotFetched) -> "Result":
        """The result of a URL that was not fetched."""
        return cls(url, error.outcome, str(error), error.tells_of_network)

    def told_in_full(self) -> FetchedUrl:
        """For who owns the network, such as on a laptop."""
        return FetchedUrl(url=self.url, outcome=self.outcome, reason=self.reason)

    def told_to_account(self) -> FetchedUrl:
        """For an account of a platform: where a host leads is told alike, whatever it is."""
        if self.tells_of_network:
            return FetchedUrl(url=self.url, outcome=FetchOutcome.FAILED, reason=NO_PUBLIC_ANSWER)
        return self.told_in_full()
