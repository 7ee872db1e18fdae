"""A vectorizer is opened by path or by address, and what is missing for it is named."""

from pathlib import Path

import pytest
from vectorizer_trainer import load_vectorizer
from vectorizer_trainer.errors import BadInput, InvalidVectorizer
from vectorizer_trainer.vectorizer import Vectorizer


def test_a_folder_and_its_address_are_the_same(tiny_image: Vectorizer, tmp_path: Path) -> None:
    folder = tmp_path / "a folder"
    tiny_image.save(folder)
    assert (
        load_vectorizer(folder).digest == load_vectorizer(folder.as_uri()).digest == load_vectorizer(f"{folder}").digest
    )


def test_an_altered_file_is_refused_by_address_too(tiny_image: Vectorizer, tmp_path: Path) -> None:
    tiny_image.save(tmp_path)
    (tmp_path / "vision_tower.json").write_text("{}")
    with pytest.raises(InvalidVectorizer, match=r"vision_tower\.json"):
        load_vectorizer(tmp_path.as_uri())


@pytest.mark.parametrize("missing", ["AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
def test_what_the_environment_lacks_for_a_bucket_is_named(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    for name in ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.delenv(missing)
    with pytest.raises(BadInput, match=missing):
        load_vectorizer("s3://bucket/prefix/")


def test_an_endpoint_that_is_no_address_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "host:9000")
    with pytest.raises(BadInput, match="AWS_ENDPOINT_URL is not an address"):
        load_vectorizer("s3://bucket/prefix/")
