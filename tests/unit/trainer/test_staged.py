"""The batch folder and the files from URLs as one folder, and what is said of URLs that brought none."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from vectorizer_api.content import ContentType
from vectorizer_api.fetch import FetchedUrl, FetchOutcome, FetchReport
from vectorizer_api.run import Limits, RejectedFile, RunDescription, VectorizerSource
from vectorizer_trainer.errors import BadInput
from vectorizer_trainer.inventory import Inventory, take_inventory
from vectorizer_trainer.staged import RunFiles, open_files
from vectorizer_trainer.store import open_store
from vectorizer_trainer.workplace import Workplace

HOST = "https://example.com/"


def fetched(name: str) -> FetchedUrl:
    return FetchedUrl(url=HOST + name, outcome=FetchOutcome.FETCHED)


def failed(name: str, reason: str = "its server answered 404") -> FetchedUrl:
    return FetchedUrl(url=HOST + name, outcome=FetchOutcome.FAILED, reason=reason)


def write(folder: Path, files: Mapping[str, str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_text(content, encoding="utf-8")


def opened(
    tmp_path: Path, batch: Mapping[str, str] | None, staged: Mapping[str, str], report: list[FetchedUrl] | None
) -> RunFiles:
    run = RunDescription(
        run_uid="u",
        fine_tune="f",
        attempt=1,
        content_type=ContentType.TEXT,
        custom_vectorizer_name="abc",
        batch=None if batch is None else (tmp_path / "batch").as_uri(),
        staged=None if report is None else f"{(tmp_path / 'staged').as_uri()}/",
        output="file:///nowhere",
        base=VectorizerSource(name="b", location="file:///nowhere"),
        start=VectorizerSource(name="b", location="file:///nowhere"),
    )
    write(tmp_path / "batch", batch or {})
    write(tmp_path / "staged" / "files", staged)
    (tmp_path / "staged" / "fetch-report.json").write_bytes(FetchReport.dump_json(report or []))
    return open_files(run, Workplace(open_store, tmp_path / "work"))


def labels(*names: str) -> str:
    return json.dumps({name: ["x"] for name in names})


def inventory(files: RunFiles, tmp_path: Path) -> Inventory:
    (tmp_path / "scratch").mkdir()
    return files.explain(take_inventory(files.source, Limits(), tmp_path / "scratch"))


def test_both_are_listed_and_read_as_one(tmp_path: Path) -> None:
    batch = {"b.txt": "of the folder", "example_to_labels.json": labels("a.txt", "b.txt")}
    files = opened(tmp_path, batch, {"a.txt": "of a URL"}, [fetched("a.txt")])
    entries = files.source.entries(10)
    assert [entry.key for entry in entries] == ["a.txt", "b.txt", "example_to_labels.json"]
    for entry, content in zip(entries, ["of a URL", "of the folder"], strict=False):
        files.source.fetch(entry, tmp_path / "copy")
        assert (tmp_path / "copy").read_text() == content
    assert len(inventory(files, tmp_path).wanted) == 2


def test_the_labels_may_come_from_a_url_alone(tmp_path: Path) -> None:
    staged = {"a.txt": "a", "example_to_labels.json": labels("a.txt")}
    files = opened(tmp_path, None, staged, [fetched("a.txt"), fetched("example_to_labels.json")])
    assert [file.name for file in inventory(files, tmp_path).wanted] == ["a.txt"]


@pytest.mark.parametrize(
    ("report", "message"),
    [
        ([fetched("a.txt")], "None of the URLs brought example_to_labels.json."),
        (
            [fetched("a.txt"), failed("example_to_labels.json")],
            "None of the URLs brought example_to_labels.json: its server answered 404.",
        ),
    ],
)
def test_without_labels_the_reason_is_the_url_s(tmp_path: Path, report: list[FetchedUrl], message: str) -> None:
    with pytest.raises(BadInput) as caught:
        opened(tmp_path, None, {"a.txt": "a"}, report)
    assert str(caught.value) == message


def test_a_name_that_both_have_is_the_folder_s_and_the_url_s_is_listed(tmp_path: Path) -> None:
    batch = {"ü.txt": "of the folder", "example_to_labels.json": labels("ü.txt")}
    files = opened(tmp_path, batch, {"u\u0308.txt": "of a URL"}, [fetched("u%CC%88.txt")])
    found = inventory(files, tmp_path)
    assert [file.name for file in found.wanted] == ["ü.txt"]
    assert [(row.name, row.reason) for row in found.unused] == [
        ("u\u0308.txt", "the folder has a file of the same name, which is used in place of the URL's")
    ]


def test_a_labelled_file_whose_url_failed_is_told_with_the_reason_and_once(tmp_path: Path) -> None:
    batch = {"example_to_labels.json": labels("a b.txt", "c.txt")}
    report = [failed("a%20b.txt"), failed("other.txt", "its server answered 500")]
    found = inventory(opened(tmp_path, batch, {}, report), tmp_path)
    assert found.faults == [
        RejectedFile(name="a b.txt", reason="its URL brought no file: its server answered 404"),
        RejectedFile(name="c.txt", reason="neither in the folder nor the file of a URL"),
    ]
    assert found.unused == [RejectedFile(name=f"{HOST}other.txt", reason="its server answered 500")]
    assert found.warnings == [
        f"2 of 2 URLs brought no file: “{HOST}a%20b.txt”, “{HOST}other.txt”.",
    ]


def test_the_list_of_urls_is_no_file_to_train_on(tmp_path: Path) -> None:
    batch = {"file_urls.json": "[]", "example_to_labels.json": labels("a.txt")}
    files = opened(tmp_path, batch, {"a.txt": "a"}, [fetched("a.txt")])
    assert inventory(files, tmp_path).unused == []


def test_without_urls_the_folder_is_read_as_it_is(tmp_path: Path) -> None:
    files = opened(tmp_path, {"a.txt": "a", "example_to_labels.json": labels("a.txt")}, {}, None)
    assert [entry.key for entry in files.source.entries(10)] == ["a.txt", "example_to_labels.json"]
    assert inventory(files, tmp_path).warnings == []


def test_nothing_to_read_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="neither a folder nor files from URLs"):
        opened(tmp_path, None, {}, None)
