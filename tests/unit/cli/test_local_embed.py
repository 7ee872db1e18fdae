"""`vectorizer embed`: which files it takes, how it names them, and what it writes."""

from pathlib import Path

import numpy as np
import pytest
from vectorizer_cli.embedding import write_vectors
from vectorizer_cli.files import find_files, stream_files
from vectorizer_trainer.errors import BadInput, StorageError

ANNOTATIONS = ("example_to_labels.json", "example_to_group.json", "test_to_labels.json")
TEXT = frozenset({".txt", ".md"})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b.txt", "a.MD", "sub/c.txt", "picture.png", *ANNOTATIONS, ".hidden.txt", ".git/d.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("text")
    return tmp_path


def test_a_folder_gives_the_files_of_its_kind_by_relative_name_in_order(folder: Path) -> None:
    found, passed_over = find_files([folder], TEXT)
    assert [one.name for one in found] == ["a.MD", "b.txt", "sub/c.txt"]
    assert passed_over == 1


def test_a_folder_of_any_size_is_streamed_with_the_same_files(folder: Path) -> None:
    found, _ = find_files([folder], TEXT)
    assert sorted(stream_files(folder, TEXT), key=lambda one: one.name) == found


def test_a_link_that_leads_back_is_not_followed(folder: Path) -> None:
    (folder / "sub" / "back").symlink_to(folder)
    assert len(list(stream_files(folder, TEXT))) == 3


def test_a_file_is_taken_whatever_its_suffix_and_named_as_given(folder: Path) -> None:
    found, passed_over = find_files([folder / "picture.png"], TEXT)
    assert [one.name for one in found] == [(folder / "picture.png").as_posix()]
    assert passed_over == 0


def test_what_does_not_exist_is_named(folder: Path) -> None:
    with pytest.raises(BadInput, match="absent is neither a file nor a folder"):
        find_files([folder / "absent"], TEXT)


def test_names_and_vectors_are_read_back_without_pickle(tmp_path: Path) -> None:
    vectors = np.eye(3, dtype=np.float32)
    write_vectors(tmp_path / "v.npz", ["a.txt", "日本語.txt", "sub/longer name.txt"], vectors)
    with np.load(tmp_path / "v.npz", allow_pickle=False) as loaded:
        assert loaded["names"].tolist() == ["a.txt", "日本語.txt", "sub/longer name.txt"]
        assert loaded["names"].dtype.kind == "U"
        assert loaded["vectors"].dtype == np.float32
        assert np.array_equal(loaded["vectors"], vectors)


def test_the_file_gets_the_name_that_was_asked_for_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    write_vectors(tmp_path / "vectors", ["a"], np.ones((1, 2), np.float32))
    assert [path.name for path in tmp_path.iterdir()] == ["vectors"]


def test_an_older_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    for count in (3, 1):
        write_vectors(tmp_path / "v.npz", ["a"] * count, np.ones((count, 2), np.float32))
    with np.load(tmp_path / "v.npz") as loaded:
        assert loaded["vectors"].shape == (1, 2)


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"v\.npz cannot be written: No such file or directory"):
        write_vectors(tmp_path / "absent" / "v.npz", ["a"], np.ones((1, 2), np.float32))
