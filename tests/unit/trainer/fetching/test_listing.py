"""Lists of URLs in JSON."""

import json

import pytest
from vectorizer_trainer.errors import BadInput, OverLimit
from vectorizer_trainer.fetching.listing import LARGEST_LIST, read_list

URLS = ["https://example.com/a.jpg?sig=TOPSECRET", "https://example.com/b.jpg"]


@pytest.mark.parametrize(
    "document", [URLS, {"file_urls": URLS}, {"inputs": {"content_type": "Image", "file_urls": URLS}}]
)
def test_a_list_and_a_request_are_read(document: object) -> None:
    assert read_list(json.dumps(document).encode("utf-8-sig"), "urls.json") == URLS


@pytest.mark.parametrize("document", [[], {"file_urls": None}, {"file_urls": []}, None])
def test_none_are_none(document: object) -> None:
    assert read_list(json.dumps(document).encode(), "urls.json") == []


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b'["https://example.com/?TOPSECRET"', "urls.json is not JSON: Expecting ',' delimiter in line 1."),
        (b'"https://example.com/?TOPSECRET"', "urls.json is not a list of URLs."),
        (b'{"urls": ["TOPSECRET"]}', "urls.json is not a list of URLs."),
        (b'{"file_urls": "TOPSECRET"}', "urls.json is not a list of URLs."),
        (b'["https://example.com/a", ["TOPSECRET"]]', "Entry 2 of urls.json is not a string."),
        (b"[1]", "Entry 1 of urls.json is not a string."),
        ('["https://example.com/ä"]'.encode("latin-1"), "urls.json is not UTF-8 text."),
        (b"[" * 100_000, "urls.json is nested too deeply, or holds too long a number."),
        (b"[" + b"1" * 5000 + b"]", "urls.json is nested too deeply, or holds too long a number."),
    ],
)
def test_anything_else_is_refused_without_repeating_it(data: bytes, message: str) -> None:
    with pytest.raises(BadInput) as caught:
        read_list(data, "urls.json")
    assert str(caught.value) == message
    assert "TOPSECRET" not in caught.value.hint


def test_too_long_a_list_is_over_the_limit() -> None:
    with pytest.raises(OverLimit, match=r"urls\.json is larger than 32\.0 MiB"):
        read_list(b" " * (LARGEST_LIST + 1), "urls.json")
