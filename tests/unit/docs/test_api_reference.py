"""The reference of the API says what the models say."""

from vectorizer_api.crd import DEFINITIONS, manifest
from vectorizer_api.model import EXACT
from vectorizer_dev.api_reference import PAGE, page


def test_the_committed_page_equals_the_models() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run `make generate`"


def test_every_field_of_every_kind_has_a_row() -> None:
    rows = [line.split("|")[1].strip(" `") for line in page().splitlines() if line.startswith("| `")]
    for definition in DEFINITIONS:
        schema = manifest(definition)["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]
        for part in ("spec", "status"):
            assert set(schema[part]["properties"]) <= set(rows)


def test_every_row_says_something() -> None:
    rows = [line.split("|") for line in page().splitlines() if line.startswith("| `")]
    assert [row[1] for row in rows if not row[3].strip()] == []


def test_no_row_tells_a_limit_that_every_number_has() -> None:
    assert str(EXACT) not in page()
