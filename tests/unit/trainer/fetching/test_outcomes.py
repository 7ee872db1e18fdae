"""What an account is told of a URL that was not fetched."""

import pytest
from vectorizer_api.fetch import FetchedUrl, FetchOutcome
from vectorizer_trainer.fetching.outcomes import (
    NO_PUBLIC_ANSWER,
    Failed,
    ForbiddenAddress,
    NotFetched,
    Refused,
    Result,
    Unreachable,
)


@pytest.mark.parametrize(
    "error",
    [
        ForbiddenAddress("its host leads to 10.0.0.1"),
        Unreachable("its host has no address"),
        Unreachable("its server does not answer"),
        Unreachable("its certificate is for vault.internal"),
    ],
)
def test_where_a_host_leads_is_told_alike_whatever_it_is(error: NotFetched) -> None:
    told = Result.of("https://example.com/a", error).told_to_account()
    assert told == FetchedUrl(url="https://example.com/a", outcome=FetchOutcome.FAILED, reason=NO_PUBLIC_ANSWER)


@pytest.mark.parametrize(
    ("error", "outcome"),
    [(Refused("its scheme is not https"), "refused"), (Failed("its server answered 404"), "failed")],
)
def test_what_a_url_or_a_public_server_says_is_told(error: NotFetched, outcome: str) -> None:
    told = Result.of("https://example.com/a", error).told_to_account()
    assert (told.outcome, told.reason) == (outcome, str(error))


def test_who_owns_the_network_is_told_everything() -> None:
    told = Result.of("https://example.com/a", ForbiddenAddress("its host leads to 10.0.0.1")).told_in_full()
    assert (told.outcome, told.reason) == ("refused", "its host leads to 10.0.0.1")
