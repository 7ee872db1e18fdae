"""Whether a server of the development cluster answers."""

import urllib.request
from urllib.error import URLError


def answers_well(url: str) -> bool:
    """Tell whether a GET of the URL is answered by 200 within five seconds."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 always http to ourselves
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False
