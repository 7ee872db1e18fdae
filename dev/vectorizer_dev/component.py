"""The programs of the development cluster as child processes: start, wait until one is ready, stop."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

DIE_WITH_PARENT = Path(__file__).with_name("die_with_parent.py")
LOG_TAIL_LINES = 20
STOP_GRACE = 5.0
"""Seconds that a program gets to end by itself."""


class ComponentError(RuntimeError):
    """A component ended or did not become ready; the message holds the end of its log."""


def bound_to_this_process(command: Sequence[str], death_signal: int = signal.SIGKILL) -> list[str]:
    """Return a command line that runs `command` and has the kernel send it `death_signal` when this process is gone.

    The thread that starts it must live as long as this process: the kernel looks at the thread.
    """
    launcher = [sys.executable, "-I", "-S", str(DIE_WITH_PARENT)]
    return [*launcher, str(os.getpid()), str(int(death_signal)), *command]


class Component:
    """A running child process with its log file."""

    def __init__(
        self, name: str, command: Sequence[str], log_folder: Path, environment: Mapping[str, str] | None = None
    ) -> None:
        self.name = name
        self.log = log_folder / f"{name}.log"
        self._command = command
        self._environment = {**os.environ, **(environment or {})}
        self._process = self._start()

    def _start(self) -> "subprocess.Popen[bytes]":
        with self.log.open("ab") as log:
            # A session of its own keeps the terminal's Ctrl-C away: the owner stops it in order.
            return subprocess.Popen(
                bound_to_this_process(self._command),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._environment,
                start_new_session=True,
            )

    def restart(self, signal_number: int = signal.SIGTERM) -> None:
        """End the process by a signal and start the same command again, without waiting until it is ready."""
        self._process.send_signal(signal_number)
        self._process.wait()
        self._process = self._start()

    @property
    def pid(self) -> int:
        """Return the process id."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """Return the exit code, None while the process runs."""
        return self._process.poll()

    def wait_ready(self, is_ready: Callable[[], bool], timeout: float) -> None:
        """Wait until `is_ready()` holds.

        Raises ComponentError where the process ends first or `timeout` seconds pass.
        """
        deadline = time.monotonic() + timeout
        while not is_ready():
            if self.exit_code is not None:
                raise ComponentError(f"{self.name} ended with {self.exit_code}:\n{self.log_tail()}")
            if time.monotonic() > deadline:
                raise ComponentError(f"{self.name} was not ready after {timeout:.0f} s:\n{self.log_tail()}")
            time.sleep(0.05)

    def wait_done(self, timeout: float) -> None:
        """Wait until the process ended well.

        Raises ComponentError where it ended otherwise or `timeout` seconds pass.
        """
        self.wait_ready(lambda: self.exit_code == 0, timeout)

    def terminate(self) -> None:
        """Ask the process to end, without waiting for it."""
        self._process.terminate()

    def stop(self, grace: float = STOP_GRACE) -> int:
        """End the process: SIGTERM, and SIGKILL after `grace` seconds; return its exit code."""
        self.terminate()
        try:
            return self._process.wait(grace)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()

    def log_tail(self) -> str:
        """Return the last lines of what the process wrote."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-LOG_TAIL_LINES:])


class Components:
    """The child processes of one owner, stopped in reverse order of their start when the context is left."""

    def __init__(self, log_folder: Path) -> None:
        self._log_folder = log_folder
        self._running: list[Component] = []

    def start(self, name: str, command: Sequence[str], environment: Mapping[str, str] | None = None) -> Component:
        """Start a program; its log is `name`.log in the log folder."""
        component = Component(name, command, self._log_folder, environment)
        self._running.append(component)
        return component

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        while self._running:
            self._running[-1].stop()
            self._running.pop()
