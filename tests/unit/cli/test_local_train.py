"""`vectorizer train`: what it refuses before it computes, and how it finds a starting vectorizer."""

import json
import shutil
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from vectorizer_api.run import Metric, Outcome
from vectorizer_cli.summary import before_and_after
from vectorizer_cli.training import LocalTraining, find_vectorizer, train_locally
from vectorizer_trainer.errors import BadInput

REQUEST = {
    "content_type": "Text",
    "custom_vectorizer_name": "docs",
    "download_from_batch_cloud_folder": True,
}


def description(name: str) -> str:
    return json.dumps(
        {
            "name": name,
            "contentType": "Text",
            "architecture": "a",
            "dimension": 8,
            "licence": "MIT",
            "files": {},
        }
    )


@pytest.fixture
def asked(tmp_path: Path) -> LocalTraining:
    (tmp_path / "data").mkdir()
    labels = {f"{index}.txt": ["odd" if index % 2 else "even"] for index in range(12)}
    for name in labels:
        (tmp_path / "data" / name).write_text(f"a text called {name}")
    (tmp_path / "data" / "example_to_labels.json").write_text(json.dumps(labels))
    return LocalTraining(tmp_path / "request.json", tmp_path / "data", tmp_path / "out", None, 0, 10_000)


def refusal(asked: LocalTraining, **change: Any) -> str:
    asked.request.write_text(json.dumps(REQUEST | change))
    with pytest.raises(BadInput) as caught:
        train_locally(asked, Console(quiet=True))
    return str(caught.value)


class TestRefusals:
    def test_a_request_that_breaks_the_specification(self, asked: LocalTraining) -> None:
        message = refusal(asked, content_type="Smell", custom_vectorizer_name="ab")
        assert "content_type" in message
        assert "custom_vectorizer_name" in message

    def test_a_request_that_is_not_json(self, asked: LocalTraining) -> None:
        asked.request.write_text("{")
        with pytest.raises(BadInput, match="the request is not JSON"):
            train_locally(asked, Console(quiet=True))

    def test_a_folder_that_is_asked_for_and_not_named(self, asked: LocalTraining) -> None:
        message = refusal(replace(asked, data=None))
        assert message == "download_from_batch_cloud_folder is true, and there is no --data."

    def test_a_list_of_urls_in_the_folder_that_is_none(self, asked: LocalTraining, tmp_path: Path) -> None:
        (tmp_path / "data" / "file_urls.json").write_text('{"a": "https://example.com/?sig=1"}')
        assert refusal(asked) == "file_urls.json is not a list of URLs."

    def test_rules_for_urls_that_cannot_be_used(self, asked: LocalTraining, tmp_path: Path) -> None:
        rules = tmp_path / "rules.yaml"
        rules.write_text("alowedNetworks: [10.0.0.0/8]\nports: [x]\n")
        message = refusal(replace(asked, url_rules=rules))
        assert message.startswith(f"--url-rules {rules} cannot be used:\n")
        assert "alowedNetworks" in message
        assert "ports.0" in message

    def test_no_source_of_files(self, asked: LocalTraining) -> None:
        assert "download_from_batch_cloud_folder" in refusal(asked, download_from_batch_cloud_folder=False)

    @pytest.mark.parametrize(
        ("labels", "sentence"), [(None, "There is no example_to_labels.json"), ({}, "No file has")]
    )
    def test_labels_that_nothing_can_be_learnt_from_before_a_base_is_made(
        self, asked: LocalTraining, labels: object, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
        file = tmp_path / "data" / "example_to_labels.json"
        file.unlink() if labels is None else file.write_text(json.dumps(labels))
        assert sentence in refusal(asked)
        assert not (tmp_path / "cache").exists()

    def test_data_that_are_no_folder(self, asked: LocalTraining) -> None:
        shutil.rmtree(asked.request.parent / "data")
        assert "is not a folder" in refusal(asked)

    def test_an_out_that_is_not_empty_is_left_as_it_is(self, asked: LocalTraining) -> None:
        asked.out.mkdir()
        (asked.out / "precious").touch()
        assert refusal(asked) == f"--out {asked.out} is not empty."
        assert [path.name for path in asked.out.iterdir()] == ["precious"]

    def test_an_out_below_a_file_cannot_be_written(self, asked: LocalTraining) -> None:
        below = replace(asked, out=asked.request / "out")
        assert refusal(below) == f"--out {below.out} cannot be written."

    def test_a_starting_vectorizer_without_a_folder_to_find_it_in(self, asked: LocalTraining) -> None:
        message = refusal(asked, starting_custom_vectorizer_name="earlier")
        assert message == "starting_custom_vectorizer_name: there is no folder to look “earlier” up in."

    @pytest.mark.parametrize("field", ["starting_custom_vectorizer_name", "custom_vectorizer_name_for_sampling"])
    def test_a_vectorizer_for_other_content_by_the_name_that_it_was_asked_for_by(
        self, asked: LocalTraining, tmp_path: Path, field: str
    ) -> None:
        (tmp_path / "vectorizers" / "out-text").mkdir(parents=True)
        (tmp_path / "vectorizers" / "out-text" / "vectorizer.json").write_text(description("my texts"))
        among = replace(asked, vectorizers=tmp_path / "vectorizers")
        for name in ("out-text", "my texts"):
            message = refusal(among, content_type="Image", **{field: name})
            assert message == f"{field}: “{name}” is for Text, not for Image."


class TestNamedVectorizer:
    @pytest.fixture
    def vectorizers(self, tmp_path: Path) -> Path:
        for folder, name in (("one", "first"), ("two", "second"), ("copy", "second"), ("third", "one")):
            (tmp_path / folder).mkdir()
            (tmp_path / folder / "vectorizer.json").write_text(description(name))
        (tmp_path / "not-a-vectorizer").mkdir()
        return tmp_path

    def test_is_found_by_the_name_of_its_folder_first(self, vectorizers: Path) -> None:
        assert find_vectorizer("field", "one", vectorizers) == vectorizers / "one"

    def test_is_found_by_its_own_name(self, vectorizers: Path) -> None:
        assert find_vectorizer("field", "first", vectorizers) == vectorizers / "one"

    def test_is_found_beside_a_folder_that_is_broken(self, vectorizers: Path) -> None:
        (vectorizers / "a-broken-one").mkdir()
        (vectorizers / "a-broken-one" / "vectorizer.json").write_text("{")
        assert find_vectorizer("field", "first", vectorizers) == vectorizers / "one"

    def test_is_refused_where_two_have_the_name_and_both_folders_are_named(self, vectorizers: Path) -> None:
        with pytest.raises(BadInput) as caught:
            find_vectorizer("field", "second", vectorizers)
        assert str(caught.value) == "field: the vectorizers in the folders “copy”, “two” are all called “second”."
        assert caught.value.hint == "Say which one by the name of its folder."

    def test_is_looked_for_in_a_folder_that_is_named_in_full(
        self, vectorizers: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(vectorizers)
        with pytest.raises(BadInput, match=f"in the folder {vectorizers}\\.$"):
            find_vectorizer("field", "absent", Path())

    @pytest.mark.parametrize("name", ["absent", "not-a-vectorizer", "../one", "."])
    def test_is_refused_where_none_has_the_name(self, vectorizers: Path, name: str) -> None:
        with pytest.raises(BadInput, match="no vectorizer is called") as caught:
            find_vectorizer("field", name, vectorizers)
        assert caught.value.hint == "There: “copy”, “one”, “third”, “two”."


def test_a_difference_inside_its_error_is_called_unchanged() -> None:
    table = before_and_after(
        [
            Metric(name="NDCG@10", start=0.5, tuned=0.6, low=0.05, high=0.15),
            Metric(name="mAP@100", start=0.5, tuned=0.6, low=-0.01, high=0.21),
            Metric(name="kNN label-mAP", start=0.6, tuned=0.5, low=-0.2, high=-0.1),
            Metric(name="retention", start=1.0, tuned=0.7, low=-0.35, high=-0.25),
        ],
        Outcome.IMPROVED,
    )
    console = Console(width=120, record=True, file=StringIO())
    console.print(table)
    rows = [line for line in console.export_text().splitlines() if "…" in line]
    assert [row.split("│")[-2].strip() for row in rows] == [
        "better",
        "unchanged",
        "worse",
        "kept of its start",
    ]
    assert "50.0" in rows[0]
    assert "+5.0 … +15.0" in rows[0]


def test_what_was_tried_and_not_published_is_not_called_better() -> None:
    table = before_and_after(
        [
            Metric(name="NDCG@10", start=0.5, tuned=0.6, low=0.0004, high=0.15),
            Metric(name="recall@1", start=0, tuned=0.1, low=0.1, high=0.1),
        ],
        Outcome.NO_IMPROVEMENT,
    )
    console = Console(width=80, record=True, file=StringIO())
    console.print(table)
    said = console.export_text()
    assert "│ tried │" in said.replace("┃", "│")
    assert "+0.04 … +15.0" in said
    assert "higher" in said
    assert "too few files to tell" in said
    assert "+10.0" not in said
    assert "better" not in said
