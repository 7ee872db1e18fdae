"""The listing against its limits and against example_to_labels.json."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from vectorizer_api.run import Limits
from vectorizer_trainer.errors import BadInput, OverLimit
from vectorizer_trainer.inventory import Inventory, take_inventory
from vectorizer_trainer.store import FolderStore


def folder_of(root: Path, labels: Mapping[str, list[str]] | None, *files: str, content: bytes = b"text") -> FolderStore:
    batch = root / "batch"
    batch.mkdir()
    for name in files:
        (batch / name).parent.mkdir(parents=True, exist_ok=True)
        (batch / name).write_bytes(content)
    if labels is not None:
        (batch / "example_to_labels.json").write_text(json.dumps(labels))
    return FolderStore(batch)


def take(store: FolderStore, **limits: int) -> Inventory:
    scratch = store.root.parent / "scratch"
    scratch.mkdir(exist_ok=True)
    return take_inventory(store, Limits(**limits), scratch)


class TestMatching:
    def test_named_files_are_wanted_with_their_labels(self, tmp_path: Path) -> None:
        inventory = take(folder_of(tmp_path, {"a.txt": ["x"], "sub/b.txt": ["y", "x"]}, "a.txt", "sub/b.txt"))
        assert [(file.name, file.labels) for file in inventory.wanted] == [("a.txt", ("x",)), ("sub/b.txt", ("y", "x"))]
        assert (inventory.files, inventory.examples, inventory.faults, inventory.unused) == (2, 2, [], [])

    def test_a_named_file_that_is_absent_is_a_fault(self, tmp_path: Path) -> None:
        inventory = take(folder_of(tmp_path, {"a.txt": ["x"], "b.txt": ["x"]}, "a.txt"))
        assert [(fault.name, fault.reason) for fault in inventory.faults] == [("b.txt", "not in the batch folder")]

    def test_a_name_that_leads_elsewhere_is_a_fault(self, tmp_path: Path) -> None:
        inventory = take(folder_of(tmp_path, {"../secret.txt": ["x"], "/etc/passwd": ["x"]}, "a.txt"))
        assert [fault.reason for fault in inventory.faults] == [
            "the name has an empty, `.` or `..` segment",
            "the name starts with a slash",
        ]

    def test_files_without_labels_are_listed_and_no_fault(self, tmp_path: Path) -> None:
        inventory = take(folder_of(tmp_path, {"a.txt": ["x"], "b.txt": []}, "a.txt", "b.txt", "c.txt"))
        assert inventory.faults == []
        assert [(file.name, file.reason) for file in inventory.unused] == [
            ("b.txt", "an empty list of labels in example_to_labels.json"),
            ("c.txt", "not named in example_to_labels.json"),
        ]

    def test_composed_and_decomposed_names_are_the_same(self, tmp_path: Path) -> None:
        inventory = take(folder_of(tmp_path, {"caf\u00e9.txt": ["x"]}, "cafe\u0301.txt"))
        assert [file.name for file in inventory.wanted] == ["cafe\u0301.txt"]

    def test_of_two_files_with_one_composed_name_the_composed_one_is_used(self, tmp_path: Path) -> None:
        inventory = take(folder_of(tmp_path, {"e\u0301": ["x"]}, "e\u0301", "\u00e9"))
        assert [file.name for file in inventory.wanted] == ["\u00e9"]
        assert [file.reason for file in inventory.unused] == ["another file has the same name in composed Unicode"]

    def test_optional_files_that_are_not_read_yet_are_warned_of(self, tmp_path: Path) -> None:
        inventory = take(folder_of(tmp_path, {"a.txt": ["x"]}, "a.txt", "example_to_group.json"))
        assert inventory.unused == []
        assert inventory.warnings == ["example_to_group.json is not used: groups of files are not kept together yet."]


class TestLabelsFile:
    def test_a_missing_one_is_named_with_what_may_be_meant(self, tmp_path: Path) -> None:
        with pytest.raises(BadInput, match=r"There is no example_to_labels\.json in the batch folder") as caught:
            take(folder_of(tmp_path, None, "example_to_labels.json.txt"))
        assert "Did you mean “example_to_labels.json.txt”?" in caught.value.hint

    def test_one_over_its_limit_is_over_the_limit(self, tmp_path: Path) -> None:
        with pytest.raises(OverLimit, match=r"example_to_labels\.json has 16 bytes; at most 15 bytes are allowed"):
            take(folder_of(tmp_path, {"a.txt": ["x"]}), max_labels_file_bytes=15)


class TestLimits:
    def test_too_many_files(self, tmp_path: Path) -> None:
        store = folder_of(tmp_path, {"a": ["x"]}, "a", "b", "c")
        assert take(store, max_objects=3).files == 3
        with pytest.raises(OverLimit, match="holds more than 2 files"):
            take(store, max_objects=2)

    def test_too_large_a_file_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(OverLimit, match="“a” has 4 bytes; at most 3 bytes are allowed a file"):
            take(folder_of(tmp_path, {"a": ["x"]}, "a"), max_object_bytes=3)

    def test_too_much_in_all(self, tmp_path: Path) -> None:
        with pytest.raises(OverLimit, match="holds 12 bytes; at most 11 bytes are allowed"):
            take(folder_of(tmp_path, {"a": ["x"]}, "a", "b", "c"), max_total_bytes=11)
