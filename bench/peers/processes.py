"""A method in a process of its own: its time and its peak of memory."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["DidNotRunError", "PastCapError", "Run", "run"]

_LAST_WORDS = 300
_UNIT = 1024
"""Bytes that the kernel's figure of the peak is counted in."""


class DidNotRunError(Exception):
    """A method ended with an error or ran past its time; the message says which."""


class PastCapError(DidNotRunError):
    """A method was ended when its time was over."""

    def __init__(self, cap: float, peak: int) -> None:
        """Takes the seconds that it had, and the bytes that it took."""
        super().__init__(f"ran past its cap of {cap:.0f} s")
        self.peak = peak


@dataclass(frozen=True)
class Run:
    """What a process took."""

    began: float
    """By the system's monotonic clock."""
    began_at: float
    """The same in seconds since the epoch."""
    seconds: float
    peak: int
    """Bytes, as the kernel counted them: pages of files included."""


def run(command: Sequence[str], variables: Mapping[str, str], log: Path, cap: float) -> Run:
    """Runs a command whose words go to `log`, for `cap` seconds at most.

    The words `{began}` become the moment of its start. Raises DidNotRunError, PastCapError.
    """
    with log.open("wb") as words:
        began, began_at = time.monotonic(), time.time()
        told = [word.replace("{began}", repr(began)) for word in command]
        process = subprocess.Popen(
            told, env=dict(variables), stdout=words, stderr=subprocess.STDOUT, start_new_session=True
        )
        late = threading.Event()
        alarm = threading.Timer(cap, _end, [process.pid, late])
        alarm.start()
        try:
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise
        finally:
            alarm.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
    if late.is_set():
        raise PastCapError(cap, usage.ru_maxrss * _UNIT)
    if status:
        raise DidNotRunError(f"ended with {process.returncode}: {_last_words(log)}")
    return Run(began, began_at, time.monotonic() - began, usage.ru_maxrss * _UNIT)


def _end(pid: int, late: threading.Event) -> None:
    late.set()
    os.killpg(pid, signal.SIGKILL)


def _last_words(log: Path) -> str:
    words = " ".join(log.read_text(encoding="utf-8", errors="replace").split())
    return words[-_LAST_WORDS:] or "it said nothing"
