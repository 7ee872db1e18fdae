"""Reference items are read one by one, as they were written or not at all."""

from pathlib import Path

import numpy as np
import pytest
from vectorizer_api.artifact import VectorizerDescription
from vectorizer_api.content import ContentType
from vectorizer_trainer.bases import REFERENCE_FILE, load_reference, serialise_reference
from vectorizer_trainer.errors import InvalidVectorizer
from vectorizer_trainer.vectorizer import write_vectorizer

DESCRIPTION = VectorizerDescription(
    name="b", content_type=ContentType.TEXT, architecture="a", dimension=2, licence="MIT", files={}
)


def test_items_of_any_shape_come_back_in_order(tmp_path: Path) -> None:
    items = [np.arange(length, dtype=np.int32) for length in (3, 1, 7)]
    write_vectorizer(tmp_path, DESCRIPTION, {REFERENCE_FILE: serialise_reference(items)})
    assert [item.tolist() for item in load_reference(tmp_path)] == [item.tolist() for item in items]


@pytest.mark.parametrize("dtype", ["u1", "i2", "i4", "f2", "f4"])
def test_items_of_any_type_are_read_one_by_one_and_in_slices(tmp_path: Path, dtype: str) -> None:
    items = [np.full((2, number), number, dtype) for number in range(4)]
    write_vectorizer(tmp_path, DESCRIPTION, {REFERENCE_FILE: serialise_reference(items)})
    loaded = load_reference(tmp_path)
    assert loaded[-1].dtype == items[-1].dtype
    assert np.array_equal(loaded[-1], items[-1])
    assert [item.shape for item in loaded[1:3]] == [(2, 1), (2, 2)]
    with pytest.raises(IndexError):
        loaded[4]


def test_items_that_were_altered_are_refused(tmp_path: Path) -> None:
    write_vectorizer(tmp_path, DESCRIPTION, {REFERENCE_FILE: serialise_reference([np.zeros(3, np.int32)])})
    (tmp_path / REFERENCE_FILE).write_bytes(serialise_reference([np.ones(3, np.int32)]))
    with pytest.raises(InvalidVectorizer, match=r"reference\.safetensors"):
        load_reference(tmp_path)
