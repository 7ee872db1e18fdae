"""Lineage: a tree below each base, whatever was deleted or made anew under a name."""

from typing import Any

import pytest
from rich.console import Console
from vectorizer_api.custom_vectorizer import CustomVectorizer
from vectorizer_cli.lineage import descents, document_of, tree_of
from vectorizer_trainer.errors import BadInput


def vectorizer(name: str, start: str = "", start_uid: str = "", base: str = "minilm") -> CustomVectorizer:
    source = {"fineTuneName": name, "fineTuneUID": f"ft-{name}"}
    source |= {"startingVectorizerName": start, "startingVectorizerUID": start_uid or f"uid-{start}"} if start else {}
    spec: dict[str, Any] = {
        "customVectorizerName": name,
        "contentType": "Text",
        "dimension": 384,
        "base": {"name": base, "digest": "0" * 64},
        "artifact": {"runUID": f"run-{name}", "digest": "0" * 64, "sizeBytes": 1},
        "source": source,
    }
    return CustomVectorizer.model_validate({"metadata": {"name": name, "uid": f"uid-{name}"}, "spec": spec})


def shape(document: dict[str, Any]) -> dict[str, Any]:
    """Name -> children."""
    return {document["name"]: [shape(child) for child in document["children"]]}


def shapes(*vectorizers: CustomVectorizer, name: str = "") -> list[dict[str, Any]]:
    return [shape(document_of(root)) for root in descents(vectorizers, name)]


def test_each_stands_below_what_it_was_tuned_from_and_the_first_below_their_base() -> None:
    made = [vectorizer("two", "one"), vectorizer("one"), vectorizer("six", "one"), vectorizer("ten", base="e5")]
    assert shapes(*made) == [{"e5": [{"ten": []}]}, {"minilm": [{"one": [{"two": []}, {"six": []}]}]}]


def test_one_that_was_deleted_is_still_between_its_descendants_and_the_base() -> None:
    (root,) = descents([vectorizer("two", "one"), vectorizer("six", "one")])
    assert shape(document_of(root)) == {"minilm": [{"one": [{"two": []}, {"six": []}]}]}
    assert document_of(root)["children"][0]["kind"] == "deleted"


def test_one_that_was_made_anew_under_a_name_is_not_taken_for_the_one_before() -> None:
    made = [vectorizer("one"), vectorizer("two", "one", "uid-of-the-one-before")]
    assert shapes(*made) == [{"minilm": [{"one": []}, {"one": [{"two": []}]}]}]


def test_of_one_only_its_branch_and_its_descendants_are_drawn() -> None:
    made = [vectorizer("one"), vectorizer("two", "one"), vectorizer("six", "two"), vectorizer("other", "one")]
    assert shapes(*made, name="two") == [{"minilm": [{"one": [{"two": [{"six": []}]}]}]}]


def test_one_that_is_not_there_is_refused_by_name() -> None:
    with pytest.raises(BadInput, match="“absent”"):
        descents([vectorizer("one")], "absent")


def test_a_name_with_markup_is_drawn_as_it_is() -> None:
    console = Console(width=80, record=True, quiet=False, file=None)
    (root,) = descents([vectorizer("[red]a[/red]")])
    with console.capture() as captured:
        console.print(tree_of(root))
    assert "[red]a[/red]" in captured.get()
