"""Make the demo's data set in a process of its own, while the cluster starts."""

import sys
from pathlib import Path

from vectorizer_dev.component import Component, Components
from vectorizer_dev.demo.neighbours import GALLERY

TIMEOUT = 300.0
TRAIN = 600
"""Files to train on: each one that arrives by FTP costs MinIO 50 to 100 ms of a core, and people wait."""
SCRIPT = (
    "import sys, pathlib, importlib; "
    "importlib.import_module(sys.argv[1]).make(pathlib.Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))"
)


class DataSet:
    """The folders `train` and `test`, as soon as they are there."""

    def __init__(self, module: str, folder: Path, components: Components) -> None:
        self._folder = folder
        command = [sys.executable, "-c", SCRIPT, module, str(folder), str(TRAIN), str(GALLERY)]
        self._making: Component = components.start("data-set", command)

    def wait(self) -> Path:
        """Return the folder when it is complete.

        Raises ComponentError where it cannot be made.
        """
        self._making.wait_done(TIMEOUT)
        return self._folder
