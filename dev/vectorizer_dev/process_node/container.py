"""A container as a local process: start, stop, and how it ended."""

import asyncio
import os
import re
import shutil
import signal
from dataclasses import dataclass
from pathlib import Path

from vectorizer_dev.component import bound_to_this_process
from vectorizer_dev.process_node.environment import Invocation

MESSAGE_LIMIT = 4096
LOG_MESSAGE_LIMIT = 2048
LOG_MESSAGE_LINES = 80
"""The kubelet's limits of a termination message, and of one that it takes from the log."""


class StartError(RuntimeError):
    """The program is not there or may not be run."""


@dataclass(frozen=True)
class Outcome:
    """Exit code as a shell would give it (128 + signal) and the reason that a kubelet would name."""

    exit_code: int
    reason: str


class ContainerProcess:
    """A running process, the leader of its own process group."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._out_of_memory_kills = _out_of_memory_kills()
        self._killed_by_node = False

    @classmethod
    async def start(cls, invocation: Invocation, log: Path) -> "ContainerProcess":
        """Start the process with its output in `log`.

        Raises StartError where the program cannot be run.
        """
        program = shutil.which(invocation.command[0], path=invocation.environment.get("PATH"))
        if program is None:
            raise StartError(f'exec: "{invocation.command[0]}": executable file not found in $PATH')
        with log.open("ab") as output:
            process = await asyncio.create_subprocess_exec(
                *bound_to_this_process([program, *invocation.command[1:]]),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=dict(invocation.environment),
                cwd=invocation.folder,
                start_new_session=True,
            )
        return cls(process)

    @property
    def pid(self) -> int:
        """Return the process id."""
        return self._process.pid

    def terminate(self) -> None:
        """Send SIGTERM to the process, as a kubelet does to a container's first one."""
        self._process.terminate()

    def kill(self) -> None:
        """Send SIGKILL to the process and all its descendants that stayed in its group."""
        self._killed_by_node = True
        _kill_group(self._process.pid)

    async def wait(self) -> Outcome:
        """Wait until the process ended; what it left behind ends with it, as in a container."""
        code = await self._process.wait()
        _kill_group(self._process.pid)
        if code == 0:
            return Outcome(0, "Completed")
        exit_code = 128 - code if code < 0 else code
        return Outcome(exit_code, "OOMKilled" if self._ran_out_of_memory(code) else "Error")

    def _ran_out_of_memory(self, code: int) -> bool:
        by_others = code == -signal.SIGKILL and not self._killed_by_node
        return by_others and _out_of_memory_kills() > self._out_of_memory_kills


def termination_message(path: Path, policy: str, log: Path, exit_code: int) -> str:
    """Return what the container left for its status, cut as a kubelet cuts it."""
    message = path.read_bytes()[:MESSAGE_LIMIT].decode(errors="replace") if path.is_file() else ""
    if message or policy != "FallbackToLogsOnError" or exit_code == 0:
        return message
    tail = b"\n".join(log.read_bytes().splitlines()[-LOG_MESSAGE_LINES:])
    return tail[-LOG_MESSAGE_LIMIT:].decode(errors="replace")


def _kill_group(leader: int) -> None:
    try:
        os.killpg(leader, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def _out_of_memory_kills() -> int:
    """Return how often the kernel has killed a process for want of memory since the machine started."""
    counter = re.search(r"^oom_kill (\d+)$", Path("/proc/vmstat").read_text(), re.MULTILINE)
    return int(counter[1]) if counter else 0
