"""A request to stop (SIGTERM): it raises Stopped at once, or at the end of what must not be torn apart.

A process has one SIGTERM, and so this module has one state.
"""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from vectorizer_trainer.errors import Stopped

__all__ = ["stop_held", "stop_on_sigterm"]

_asked = threading.Event()
_holding = threading.Event()


def stop_on_sigterm(patience: float, leave: Callable[[], None]) -> None:
    """Raise Stopped in the main thread at SIGTERM; call `leave` where that did not end the process in `patience` s."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        timer = threading.Timer(patience, leave)
        timer.daemon = True
        timer.start()
        if not _holding.is_set():
            raise Stopped
        _asked.set()

    signal.signal(signal.SIGTERM, stop)


@contextmanager
def stop_held() -> Iterator[None]:
    """Let a request to stop wait for the end of the block."""
    _holding.set()
    try:
        yield
    finally:
        _holding.clear()
    if _asked.is_set():
        _asked.clear()
        raise Stopped
