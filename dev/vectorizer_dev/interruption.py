"""Ctrl-C and SIGTERM end a command once, and clean; a second one changes nothing."""

import signal
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


def end_on_first_signal() -> None:
    """Make the first signal raise KeyboardInterrupt; later ones find the clean-up running and are ignored."""
    for number in SIGNALS:
        signal.signal(number, _interrupt)


def _interrupt(_signal_number: int, _frame: FrameType | None) -> None:
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt
