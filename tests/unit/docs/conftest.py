"""What pages that name their proofs are held against."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def missing_tests() -> Callable[[str], list[str]]:
    """Those of the tests named in a table's cell that are not there; fails where the cell names none."""

    def missing(cell: str) -> list[str]:
        named = re.findall(r"`([^`]+)`", cell)
        assert named
        return [name for name in named if not _is_there(name)]

    return missing


def _is_there(named: str) -> bool:
    path, _, name = named.partition("::")
    source = (TESTS / path).read_text(encoding="utf-8")
    return all(re.search(rf"\b(def|class) {part}\b", source) for part in name.split("::"))
