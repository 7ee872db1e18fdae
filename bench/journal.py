"""A file with a line of JSON for each finished run, so that a long measurement can be broken off and taken up again."""

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["Journal", "source"]


@dataclass(frozen=True)
class Journal:
    """The runs that a file tells of; no file tells of none."""

    path: Path
    key: tuple[str, ...]
    """The fields that tell one run from another."""

    def runs(self) -> list[dict[str, Any]]:
        """Every run, in the order of the lines."""
        if not self.path.exists():
            return []
        return [json.loads(line) for line in self.path.read_text(encoding="utf-8").splitlines()]

    def missing(self, wanted: Iterator[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        """Those keys that no run has."""
        known = {tuple(run[field] for field in self.key) for run in self.runs()}
        return [key for key in wanted if key not in known]

    def add(self, run: dict[str, Any]) -> None:
        """Writes one run down."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(run) + "\n")


def source() -> str:
    """The commit that is measured."""
    command = ["git", "describe", "--always", "--dirty"]
    return subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parent).stdout.strip()
