"""How names stand in sentences: quoted, cut, and counted where they are many."""

from collections.abc import Sequence

_EXCERPT = 80
_NAMED = 5


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
