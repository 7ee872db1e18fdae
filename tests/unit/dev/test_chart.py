"""README and schema of the chart come from the comments of its values."""

import json

import pytest
from vectorizer_dev.chart import FOLDER, CommentError, readme, schema, table

SOURCE = """
# -- What a is,
# on two lines.
# @schema {"minimum": 1}
a: 2
b:
  # -- What c is.
  c: ""
"""


def committed(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")


def test_the_committed_files_equal_the_comments() -> None:
    source = committed("values.yaml")
    assert committed("values.schema.json") == schema(source), "run `make generate`"
    assert committed("README.md") == readme(committed("README.md"), source), "run `make generate`"


def test_a_value_is_a_row_with_its_default_and_its_words() -> None:
    rows = table(SOURCE).splitlines()[2:]
    assert rows == ["| `a` | `2` | What a is, on two lines. |", '| `b.c` | `""` | What c is. |']


def test_a_value_without_a_comment_is_named() -> None:
    with pytest.raises(CommentError, match=r"b\.d has no comment"):
        table(SOURCE + "  d: 1\n")


def test_the_schema_has_the_default_s_type_what_the_comment_adds_and_nothing_else() -> None:
    whole = json.loads(schema(SOURCE))
    assert whole["additionalProperties"] is False
    assert whole["properties"]["a"] == {"description": "What a is, on two lines.", "type": "integer", "minimum": 1}
    assert whole["properties"]["b"]["properties"]["c"] == {"description": "What c is.", "type": "string"}
