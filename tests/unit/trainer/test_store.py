"""Keys that lead elsewhere, and a folder as a store."""

import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vectorizer_trainer.errors import BadInput, InputChanged, StorageError
from vectorizer_trainer.store import Entry, FolderStore, key_problem, open_store


class TestKeyProblem:
    @pytest.mark.parametrize("key", ["a.txt", "sub/folder/a b.txt", "日本語.txt", "..a", "a..b/.hidden", "k" * 512])
    def test_an_ordinary_key_has_none(self, key: str) -> None:
        assert key_problem(key) is None

    @pytest.mark.parametrize(
        ("key", "problem"),
        [
            ("/etc/passwd", "starts with a slash"),
            ("../a", "segment"),
            ("a/../../b", "segment"),
            ("a/./b", "segment"),
            ("a//b", "segment"),
            ("a/", "segment"),
            ("", "segment"),
            ("a\nb", "control character"),
            ("a\x00b", "control character"),
            ("a\x7fb", "control character"),
            ("k" * 513, "longer than 512 bytes"),
            ("é" * 257, "longer than 512 bytes"),
            ("\udcff", "not UTF-8"),
        ],
    )
    def test_a_key_that_may_lead_elsewhere_is_named(self, key: str, problem: str) -> None:
        assert problem in (key_problem(key) or "")

    @given(st.text(st.sampled_from("a./\\\0\n"), max_size=12))
    def test_whatever_passes_stays_below_the_folder(self, key: str) -> None:
        if key_problem(key) is None:
            assert Path("/root/folder", key).resolve().is_relative_to("/root/folder")


class TestFolder:
    def test_lists_all_files_in_the_order_of_their_keys(self, tmp_path: Path) -> None:
        for key in ("b.txt", "a/z.txt", "a/y.txt", ".hidden"):
            (tmp_path / key).parent.mkdir(exist_ok=True)
            (tmp_path / key).write_text("x" * 3)
        entries = FolderStore(tmp_path).entries(10)
        assert [(entry.key, entry.size) for entry in entries] == [
            (".hidden", 3),
            ("a/y.txt", 3),
            ("a/z.txt", 3),
            ("b.txt", 3),
        ]

    def test_lists_no_more_than_asked_for(self, tmp_path: Path) -> None:
        for index in range(5):
            (tmp_path / str(index)).touch()
        assert len(FolderStore(tmp_path).entries(3)) == 3

    def test_a_folder_that_is_not_there_is_a_storage_error(self, tmp_path: Path) -> None:
        with pytest.raises(StorageError, match="does not exist"):
            FolderStore(tmp_path / "no").entries(1)

    def test_fetches_a_file_with_its_digest(self, tmp_path: Path) -> None:
        (tmp_path / "a").write_bytes(b"content")
        store = FolderStore(tmp_path)
        digest = store.fetch(store.entries(1)[0], tmp_path / "copy")
        assert (tmp_path / "copy").read_bytes() == b"content"
        assert digest == hashlib.sha256(b"content").hexdigest()

    @pytest.mark.parametrize("content", [b"longer than before", b"short", b"CONTENT"])
    def test_a_file_that_changed_since_the_listing_is_refused(self, tmp_path: Path, content: bytes) -> None:
        source = tmp_path / "a"
        source.write_bytes(b"content")
        store = FolderStore(tmp_path)
        entry = store.entries(1)[0]
        replacement = tmp_path / "b"
        replacement.write_bytes(content)
        replacement.replace(source)
        with pytest.raises(InputChanged, match="'a' was changed"):
            store.fetch(entry, tmp_path / "copy")

    def test_a_file_deleted_since_the_listing_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(InputChanged, match="'a' was deleted"):
            FolderStore(tmp_path).fetch(Entry("a", 1, "1"), tmp_path / "copy")

    def test_writes_into_folders_that_it_makes(self, tmp_path: Path) -> None:
        store = open_store((tmp_path / "with space" / "out").as_uri())
        store.put("report/a.json", b"1")
        store.upload("model/b", tmp_path / "with space" / "out" / "report" / "a.json")
        assert store.read("model/b", 10) == b"1"
        assert [entry.key for entry in store.entries(9)] == ["model/b", "report/a.json"]

    def test_reads_no_more_than_asked_for(self, tmp_path: Path) -> None:
        (tmp_path / "a").write_bytes(b"0123456789")
        assert FolderStore(tmp_path).read("a", 4) == b"0123"


@pytest.mark.parametrize("url", ["s3://bucket/prefix/", "https://host/folder", "folder"])
def test_a_location_that_cannot_be_opened_is_named(url: str) -> None:
    with pytest.raises(BadInput, match="cannot be opened"):
        open_store(url)
