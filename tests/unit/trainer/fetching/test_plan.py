"""What is settled before any server is asked."""

from vectorizer_api.fetch import FetchOutcome, UrlRules
from vectorizer_trainer.fetching.plan import Wanted, plan

RULES = UrlRules()
TWICE = "an earlier URL has the same file name"


def test_what_may_be_tried_is_wanted_under_its_name() -> None:
    planned = plan(["https://example.com/a.txt?x=1", "https://example.com/b.txt"], [], RULES)
    assert planned.settled == {}
    assert planned.wanted == [
        Wanted(0, "https://example.com/a.txt?x=1", "a.txt"),
        Wanted(1, "https://example.com/b.txt", "b.txt"),
    ]


def test_of_two_urls_with_one_file_name_the_second_is_refused() -> None:
    urls = ["https://example.com/1/a.txt", "https://example.com/2/a.txt?x=1", "https://example.com/3/%61.txt"]
    planned = plan(urls, [], RULES)
    assert [wanted.position for wanted in planned.wanted] == [0]
    assert {position: (row.url, row.reason) for position, row in planned.settled.items()} == {
        1: ("https://example.com/2/a.txt", TWICE),
        2: ("https://example.com/3/%61.txt", TWICE),
    }


def test_two_spellings_of_one_name_in_unicode_are_one_name() -> None:
    planned = plan(["https://example.com/%C3%BC.txt", "https://example.com/u%CC%88.txt"], [], RULES)
    assert planned.settled[1].reason == TWICE


def test_a_url_that_is_refused_takes_no_name_from_another() -> None:
    planned = plan(["ftp://example.com/a.txt", "https://example.com/a.txt"], [], RULES)
    assert [wanted.position for wanted in planned.wanted] == [1]
    assert planned.settled[0].outcome == FetchOutcome.REFUSED


def test_what_is_there_is_not_wanted_again_and_keeps_its_name() -> None:
    planned = plan(["https://example.com/1/a.txt", "https://example.com/2/a.txt"], ["a.txt"], RULES)
    assert planned.wanted == []
    assert [planned.settled[position].reason for position in (0, 1)] == ["it was there already", TWICE]
