"""Lists of URLs in JSON: a list, or a request with `file_urls`."""

import json
from typing import Any

from vectorizer_trainer.errors import BadInput, OverLimit
from vectorizer_trainer.wording import bytes_in_words

__all__ = ["LARGEST_LIST", "read_list"]

LARGEST_LIST = 32 * 1024**2
"""Bytes of a list."""

_FORM = 'It is a list of strings: ["https://host/path/a.jpg", "https://host/path/b.jpg"].'


def read_list(data: bytes, file: str) -> list[str]:
    """The URLs in `data`: a list, or the `file_urls` of a request, bare or as its "inputs".

    Raises BadInput and OverLimit, neither of which repeats a URL. `file` is what they call the list.
    """
    if len(data) > LARGEST_LIST:
        raise OverLimit(f"{file} is larger than {bytes_in_words(LARGEST_LIST)}.")
    urls = _urls_in(_parse(data, file))
    if urls is None:
        urls = []
    if not isinstance(urls, list):
        raise BadInput(f"{file} is not a list of URLs.", hint=_FORM)
    for position, url in enumerate(urls, 1):
        if not isinstance(url, str):
            raise BadInput(f"Entry {position:,} of {file} is not a string.", hint=_FORM)
    return urls


def _parse(data: bytes, file: str) -> Any:  # noqa: ANN401 - whatever JSON holds
    try:
        return json.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise BadInput(f"{file} is not UTF-8 text.", hint="Save the file with the encoding UTF-8.") from None
    except json.JSONDecodeError as error:
        raise BadInput(f"{file} is not JSON: {error.msg} in line {error.lineno}.", hint=_FORM) from None
    except (RecursionError, ValueError):
        raise BadInput(f"{file} is nested too deeply, or holds too long a number.", hint=_FORM) from None


def _urls_in(document: Any) -> Any:  # noqa: ANN401 - whatever JSON holds
    if isinstance(document, dict) and isinstance(document.get("inputs"), dict):
        document = document["inputs"]
    if isinstance(document, dict) and "file_urls" in document:
        return document["file_urls"]
    return document
