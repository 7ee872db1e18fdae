"""docs/threats.md: every threat of docs/security.md has its proofs, and each of them is there."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[3] / "docs"
FOUND = "What was found, and what was changed"


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split(" | ")]


def threats() -> list[str]:
    lines = (DOCS / "security.md").read_text(encoding="utf-8").splitlines()
    return [cells(line)[0] for line in lines if line.startswith("| ")][2:]


def chapters() -> dict[str, list[list[str]]]:
    """The rows of each chapter, without its heads."""
    parts = re.split(r"^## (.+)$", (DOCS / "threats.md").read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    tables = zip(parts[::2], parts[1::2], strict=True)
    rows = {name: [cells(line) for line in text.splitlines() if line.startswith("| ")][2:] for name, text in tables}
    return {name: table for name, table in rows.items() if name != FOUND}


def test_every_threat_has_a_chapter_and_every_chapter_its_threat() -> None:
    assert list(chapters()) == threats()


@pytest.mark.parametrize("threat", chapters())
def test_each_attack_is_proven_by_tests_that_are_there(threat: str, missing_tests: Callable[[str], list[str]]) -> None:
    assert chapters()[threat]
    for attack, proofs in chapters()[threat]:
        assert missing_tests(proofs) == [], attack
