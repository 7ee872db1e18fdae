"""How a peer is started: python -m peers.methods.<module> TASK OUT VARIANT BEGAN."""

import argparse
from collections.abc import Callable
from pathlib import Path

from peers.contract import Recorder, Task

__all__ = ["launch", "read_texts"]

Train = Callable[[Task, str, Recorder], None]


def launch(train: Train) -> None:
    """Reads the command line, and trains."""
    parser = argparse.ArgumentParser()
    parser.add_argument("task", type=Path, help="the folder of the task")
    parser.add_argument("out", type=Path, help="where lines and vectors go")
    parser.add_argument("variant", help="which of the peer's ways to train")
    parser.add_argument("began", type=float, help="when the process was started, by the system's monotonic clock")
    arguments = parser.parse_args()
    task = Task.read(arguments.task)
    train(task, arguments.variant, Recorder(task, arguments.out, arguments.began))


def read_texts(files: list[str]) -> list[str]:
    """The texts of UTF-8 files."""
    return [Path(file).read_text(encoding="utf-8") for file in files]
