"""Wait for a condition from the event loop."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

__all__ = ["TooSlowError", "until"]

T = TypeVar("T")


class TooSlowError(Exception):
    """What was waited for did not come."""


async def until(what: str, look: Callable[[], Awaitable[T | None]], within: float, every: float = 0.1) -> T:
    """The first true value that `look` gives, asked every so many seconds.

    Raises TooSlowError, saying `what`, where `within` seconds pass before.
    """
    deadline = time.monotonic() + within
    while not (seen := await look()):
        if time.monotonic() > deadline:
            raise TooSlowError(f"{what}: not within {within:.0f} s")
        await asyncio.sleep(every)
    return seen
