"""How names and numbers stand in sentences."""

import re
from collections.abc import Sequence

from pydantic import ValidationError

_EXCERPT = 80
_NAMED = 5
_MOST_DECIMALS = 4


def quoted(*texts: str) -> str:
    """Each text in quotation marks, cut after 80 characters."""
    return ", ".join(f"“{text if len(text) <= _EXCERPT else text[:_EXCERPT] + '…'}”" for text in texts)


def enumerated(texts: Sequence[str]) -> str:
    """The first five quoted, and how many more there are."""
    more = len(texts) - _NAMED
    return f"{quoted(*texts[:_NAMED])} and {more:,} more" if more > 0 else quoted(*texts)


def counted(number: int, noun: str, plural: str = "") -> str:
    """`1 file`, `2 files`, `1,000 files`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {plural or noun + 's'}"


def bytes_in_words(size: float) -> str:
    """`512 bytes`, `1.5 MiB`."""
    units = ("bytes", "KiB", "MiB", "GiB", "TiB")
    index = 0
    while size >= 1024 and index < len(units) - 1:
        size /= 1024
        index += 1
    return f"{size:.0f} {units[index]}" if index == 0 else f"{size:.1f} {units[index]}"


def points(share: float) -> str:
    """A share in per cent: `31.8`; `0.03` where one decimal would say that it is nothing."""
    decimals = next((many for many in range(1, _MOST_DECIMALS + 1) if round(100 * share, many)), 1)
    return f"{round(100 * share, decimals) + 0:.{decimals}f}"


def changed_by(difference: float) -> str:
    """A difference of shares in points, with its sign: `+4.8`, `-0.3`."""
    written = points(difference)
    return written if written.startswith("-") else f"+{written}"


def first_fault(error: ValidationError) -> str:
    """The first thing that is wrong with a stored model, and how many more there are: `files: Field required`."""
    fault, *others = error.errors(include_url=False)
    place = ".".join(map(str, fault["loc"]))
    more = f", and {len(others):,} more" if others else ""
    return f"{place}: {fault['msg']}{more}" if place else fault["msg"] + more


def roughly(seconds: float) -> str:
    """A duration that is not known exactly: `a few seconds`, `about 25 s`, `about 1 h 30 min`."""
    if seconds < 8:
        return "a few seconds"
    if seconds < 58:
        return f"about {5 * round(seconds / 5)} s"
    minutes = round(seconds / 60)
    if minutes >= 10:
        minutes = 5 * round(seconds / 300)
    hours, minutes = divmod(minutes, 60)
    return " ".join(["about", *([f"{hours} h"] if hours else []), *([f"{minutes} min"] if minutes else [])])


def spaced(name: str) -> str:
    """A name of the request in words: `horizontalFlip` and `horizontal_flip` are a horizontal flip."""
    return re.sub(r"(?<=[a-z])([A-Z])", r" \1", name).replace("_", " ").lower()
