"""Wait for a condition rather than for a time."""

import time
from collections.abc import Callable
from typing import TypeVar

Value = TypeVar("Value")

PATIENCE = 60.0
"""Seconds that a busy machine may take for what usually takes one."""
LOOK_EVERY = 0.05
"""Seconds between two looks."""


def eventually(look: Callable[[], Value | None], timeout: float = PATIENCE, every: float = LOOK_EVERY) -> Value:
    """Return the first true value that `look` gives, asked every so many seconds.

    Raises TimeoutError, naming the last value, where `timeout` seconds pass before.
    """
    deadline = time.monotonic() + timeout
    while not (seen := look()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"still {seen!r} after {timeout:.0f} s")
        time.sleep(every)
    return seen
