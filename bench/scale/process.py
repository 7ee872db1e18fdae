"""What a process has taken of the machine so far, as the kernel counts it."""

import os
from pathlib import Path

__all__ = ["cpu_seconds", "resident_mib"]


def cpu_seconds(pid: int) -> float:
    """Seconds that the process has computed, in user and in system mode."""
    after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    user, system = int(after_name[11]), int(after_name[12])
    return (user + system) / os.sysconf("SC_CLK_TCK")


def resident_mib(pid: int, field: str = "VmRSS") -> float:
    """MiB of memory that the process holds; with `VmHWM` the most that it ever held."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field)) / 1024
