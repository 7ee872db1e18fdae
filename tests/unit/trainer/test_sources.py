"""Bringing a vectorizer: what is not what was named is refused."""

import hashlib
import json
from pathlib import Path

import pytest
from vectorizer_api.run import VectorizerSource
from vectorizer_trainer.errors import InvalidVectorizer, StorageError
from vectorizer_trainer.sources import bring
from vectorizer_trainer.store import Entry, FolderStore, Store


class Elsewhere(Store):
    """A folder that is not on this machine: it can be read, and its keys cannot be listed."""

    def __init__(self, root: Path) -> None:
        self._folder = FolderStore(root)

    def entries(self, most: int) -> list[Entry]:
        raise StorageError("AccessDenied")

    def read(self, key: str, most: int) -> bytes:
        return self._folder.read(key, most)

    def fetch(self, entry: Entry, target: Path) -> str:
        return self._folder.fetch(entry, target)

    def put(self, key: str, data: bytes) -> None:
        raise StorageError("AccessDenied")

    def upload(self, key: str, source: Path) -> None:
        raise StorageError("AccessDenied")

    def impatient(self) -> Store:
        return self


def write(folder: Path, files: dict[str, bytes], **described: str) -> VectorizerSource:
    """A folder whose description vouches for `files`, with other digests where they are `described`."""
    for name, content in files.items():
        target = folder / name
        if target.resolve().is_relative_to(folder):
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
    digests = {
        name: {"sha256": described.get(name, hashlib.sha256(content).hexdigest()), "size": len(content)}
        for name, content in files.items()
    }
    description = {"name": "v", "contentType": "Text", "architecture": "a", "dimension": 4, "licence": "MIT"}
    raw = json.dumps(description | {"files": digests}).encode()
    (folder / "vectorizer.json").write_bytes(raw)
    return VectorizerSource(name="v", location=folder.as_uri(), digest=hashlib.sha256(raw).hexdigest())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "source"
    path.mkdir()
    return path.resolve()


def test_a_folder_of_this_machine_is_used_where_it_is(folder: Path, tmp_path: Path) -> None:
    source = write(folder, {"weights": b"w"})
    assert bring(source, FolderStore(folder), tmp_path / "copy") == folder


def test_another_one_is_copied_file_by_file_without_listing(folder: Path, tmp_path: Path) -> None:
    source = write(folder, {"weights": b"w" * 1000, "2_Dense/config.json": b"{}"})
    copy = bring(source, Elsewhere(folder), tmp_path / "copy")
    assert (copy / "weights").read_bytes() == b"w" * 1000
    assert (copy / "2_Dense" / "config.json").read_bytes() == b"{}"
    assert (copy / "vectorizer.json").read_bytes() == (folder / "vectorizer.json").read_bytes()


@pytest.mark.parametrize("store", [FolderStore, Elsewhere])
def test_a_description_with_another_digest_is_refused(
    folder: Path, tmp_path: Path, store: type[FolderStore] | type[Elsewhere]
) -> None:
    source = write(folder, {"weights": b"w"}).model_copy(update={"digest": "0" * 64})
    with pytest.raises(InvalidVectorizer, match=r"“vectorizer\.json” of the vectorizer “v” is not the file that was"):
        bring(source, store(folder), tmp_path / "copy")


def test_a_file_with_another_digest_is_refused(folder: Path, tmp_path: Path) -> None:
    source = write(folder, {"weights": b"w"}, weights="0" * 64)
    with pytest.raises(InvalidVectorizer, match="“weights” of the vectorizer “v” is not the file that was published"):
        bring(source, Elsewhere(folder), tmp_path / "copy")


@pytest.mark.parametrize("name", ["../escaped", "/tmp/escaped", "a/../../escaped"])
def test_a_file_name_that_leads_out_of_the_folder_is_refused(folder: Path, tmp_path: Path, name: str) -> None:
    source = write(folder, {name: b"w"})
    with pytest.raises(InvalidVectorizer, match=r"names “.*escaped”: the name"):
        bring(source, Elsewhere(folder), tmp_path / "copy")
    assert not (tmp_path / "escaped").exists()


def test_a_description_that_is_none_is_refused(folder: Path, tmp_path: Path) -> None:
    (folder / "vectorizer.json").write_text("[]")
    with pytest.raises(InvalidVectorizer, match=r"The vectorizer\.json of “v” is not one"):
        bring(VectorizerSource(name="v", location="s3://b/v/"), Elsewhere(folder), tmp_path / "copy")
