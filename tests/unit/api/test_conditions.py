"""Reasons and their documentation."""

import re
from collections.abc import Iterator
from pathlib import Path

from vectorizer_api.conditions import Reason

PAGE = Path(__file__).parents[3] / "docs" / "conditions.md"
NOT_REASONS = {"True", "False", "Unknown", "Ready", "ArtifactVerified"}


def documented_reasons() -> Iterator[str]:
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        names = [cell for cell in cells[:3] if re.fullmatch("([A-Z][a-z]+)+", cell) and cell not in NOT_REASONS]
        if line.startswith("|") and names:
            yield names[0]


def test_every_reason_has_a_row_in_the_docs_and_every_row_a_reason() -> None:
    assert set(documented_reasons()) == set(Reason)
