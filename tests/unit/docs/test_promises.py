"""docs/promises.md: a promise without a test is not kept."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[3]
PAGE = REPOSITORY / "docs" / "promises.md"


def rows() -> list[list[str]]:
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]
    return [row for row in cells if row[0] not in {"promise", "---"}]


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0][:60])
class TestPromise:
    def test_names_files_that_exist(self, row: list[str]) -> None:
        files = re.findall(r"`([^`]+)`", row[1])
        assert files
        assert not [name for name in files if not (REPOSITORY / name).exists()]

    def test_names_tests_that_exist(self, row: list[str], missing_tests: Callable[[str], list[str]]) -> None:
        assert missing_tests(row[2]) == []
