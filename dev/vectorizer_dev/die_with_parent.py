"""Become another program that the kernel kills when the process that started it is gone, whatever ended that one.

Run as `python -I -S die_with_parent.py PARENT_PID SIGNAL PROGRAM ARGUMENT...`, Linux only. A `preexec_fn` would do the
same but may dead-lock in a process that has threads.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1


def main(parent: int, signal_number: int, command: list[str]) -> None:
    """Ask for the signal, then replace this process by `command`.

    Exits at once with 1 where the parent died already, with 127 where the program is not there.
    """
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal_number)
    if os.getppid() != parent:
        sys.exit(1)
    try:
        os.execvp(command[0], command)  # noqa: S606 the command is this project's own
    except OSError as error:
        sys.stderr.write(f"{command[0]}: {error.strerror}\n")
        sys.exit(127)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
