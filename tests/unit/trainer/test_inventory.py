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


def annotate(store: FolderStore, file: str, content: Mapping[str, object]) -> None:
    (store.root / file).write_text(json.dumps(content))


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
        assert [(fault.name, fault.reason) for fault in inventory.faults] == [("b.txt", "not in the folder")]

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


class TestGroups:
    def test_a_file_has_the_group_that_it_is_given(self, tmp_path: Path) -> None:
        store = folder_of(tmp_path, {"a.txt": ["x"], "caf\u00e9.txt": ["x"]}, "a.txt", "cafe\u0301.txt")
        annotate(store, "example_to_group.json", {"cafe\u0301.txt": "speaker"})
        inventory = take(store)
        assert [(file.name, file.group) for file in inventory.wanted] == [
            ("a.txt", None),
            ("cafe\u0301.txt", "speaker"),
        ]
        assert (inventory.files, inventory.unused, inventory.warnings) == (2, [], [])

    def test_names_of_no_file_are_warned_of(self, tmp_path: Path) -> None:
        store = folder_of(tmp_path, {"a.txt": ["x"], "absent.txt": ["x"]}, "a.txt", "more.txt")
        annotate(store, "example_to_group.json", dict.fromkeys(["a.txt", "absent.txt", "more.txt", "b.txt"], "g"))
        assert take(store).warnings == ["In example_to_group.json, 1 name of no file in the folder: “b.txt”."]

    def test_many_names_of_no_file_are_refused(self, tmp_path: Path) -> None:
        store = folder_of(tmp_path, {"a.txt": ["x"]}, "a.txt")
        annotate(store, "example_to_group.json", {f"{index}.wav": "g" for index in range(6)})
        with pytest.raises(BadInput, match=r"In example_to_group\.json, 6 names of no file") as caught:
            take(store)
        assert "with its suffix" in caught.value.hint

    def test_a_fault_is_refused_with_its_line(self, tmp_path: Path) -> None:
        store = folder_of(tmp_path, {"a.txt": ["x"]}, "a.txt")
        annotate(store, "example_to_group.json", {"a.txt": ["g"]})
        with pytest.raises(BadInput, match=r"example_to_group\.json, line 1: expected the group of “a\.txt”"):
            take(store)


class TestOwnTestSet:
    def test_its_files_are_apart_from_the_examples(self, tmp_path: Path) -> None:
        store = folder_of(tmp_path, {"a.txt": ["x"]}, "a.txt", "b.txt")
        annotate(store, "test_to_labels.json", {"b.txt": ["x"], "absent.txt": ["x"], "none.txt": []})
        inventory = take(store)
        assert [file.name for file in inventory.wanted] == ["a.txt"]
        assert [(file.name, file.labels) for file in inventory.test.files] == [("b.txt", ("x",))]
        assert [fault.name for fault in inventory.test.faults] == ["absent.txt"]
        assert (inventory.test.named, inventory.examples, inventory.unused) == (2, 1, [])

    def test_a_file_that_is_trained_on_too_is_refused(self, tmp_path: Path) -> None:
        store = folder_of(tmp_path, {"a.txt": ["x"], "b.txt": []}, "a.txt", "b.txt")
        annotate(store, "test_to_labels.json", {"b.txt": ["x"]})
        assert [file.name for file in take(store).test.files] == ["b.txt"]
        annotate(store, "test_to_labels.json", {"a.txt": ["x"]})
        with pytest.raises(BadInput, match=r"In test_to_labels\.json, 1 file of example_to_labels\.json: “a\.txt”"):
            take(store)

    def test_a_label_that_no_example_carries_is_refused(self, tmp_path: Path) -> None:
        store = folder_of(tmp_path, {"a.txt": ["x"]}, "a.txt", "b.txt")
        annotate(store, "test_to_labels.json", {"b.txt": ["x", "y"]})
        with pytest.raises(BadInput, match=r"test_to_labels\.json has 1 label that no example carries: “y”"):
            take(store)

    def test_a_fault_is_refused_with_its_line(self, tmp_path: Path) -> None:
        store = folder_of(tmp_path, {"a.txt": ["x"]}, "a.txt")
        (store.root / "test_to_labels.json").write_text('{"b.txt":\n "x"}')
        with pytest.raises(BadInput, match=r"test_to_labels\.json, line 2: the value of “b\.txt” must be a list"):
            take(store)


class TestLabelsFile:
    def test_a_missing_one_is_named_with_what_may_be_meant(self, tmp_path: Path) -> None:
        with pytest.raises(BadInput, match=r"There is no example_to_labels\.json in the folder") as caught:
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

    def test_too_large_a_file_is_a_fault_and_the_others_are_wanted(self, tmp_path: Path) -> None:
        store = folder_of(tmp_path, {"a": ["x"], "b": ["x"]}, "a", "b")
        (store.root / "a").write_bytes(b"12345")
        inventory = take(store, max_object_bytes=4)
        assert [(fault.name, fault.reason) for fault in inventory.faults] == [
            ("a", "it has 5 bytes; at most 4 bytes are allowed a file")
        ]
        assert [file.name for file in inventory.wanted] == ["b"]

    def test_too_much_in_all(self, tmp_path: Path) -> None:
        with pytest.raises(OverLimit, match="holds 12 bytes; at most 11 bytes are allowed"):
            take(folder_of(tmp_path, {"a": ["x"]}, "a", "b", "c"), max_total_bytes=11)
