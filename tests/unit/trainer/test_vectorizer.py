"""A vectorizer folder is written and read alike, and believed only as far as its digests go."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from vectorizer_api.artifact import BaseReference
from vectorizer_trainer.errors import InvalidVectorizer
from vectorizer_trainer.vectorizer import Vectorizer, load_vectorizer


def _texts(count: int) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.integers(4, 200, size=rng.integers(1, 60)).astype(np.int32) for _ in range(count)]


def _tilted(vectorizer: Vectorizer) -> Vectorizer:
    dimension = vectorizer.dimension
    tilt = torch.eye(dimension) + 0.3 * torch.randn(dimension, dimension, generator=torch.Generator().manual_seed(1))
    return vectorizer.with_weights(vectorizer.encoder, tilt)


class TestEncodeItems:
    def test_gives_unit_float32_vectors(self, tiny_text: Vectorizer) -> None:
        vectors = tiny_text.encode_items(_texts(5))
        assert vectors.dtype == np.float32
        assert vectors.shape == (5, 64)
        assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)

    def test_does_not_depend_on_what_else_is_in_the_batch(self, tiny_text: Vectorizer) -> None:
        texts = _texts(150)
        together = tiny_text.encode_items(texts)
        alone = np.concatenate([tiny_text.encode_items([text]) for text in texts])
        assert together == pytest.approx(alone, abs=1e-5)

    def test_of_nothing_is_an_empty_array(self, tiny_text: Vectorizer) -> None:
        assert tiny_text.encode_items([]).shape == (0, 64)

    def test_of_an_adapter_is_the_adapter_on_the_vectors(self, tiny_text: Vectorizer) -> None:
        texts, tilted = _texts(20), _tilted(tiny_text)
        expected = tiny_text.encode_items(texts) @ tilted.adapter.numpy().T
        expected /= np.linalg.norm(expected, axis=1, keepdims=True)
        assert tilted.encode_items(texts) == pytest.approx(expected, abs=1e-5)

    def test_reads_a_lazy_sequence_item_by_item(self, tiny_text: Vectorizer) -> None:
        class Lazy(list[np.ndarray]):
            def __iter__(self) -> "None":  # type: ignore[override]
                raise AssertionError("the whole sequence was asked for")

        assert tiny_text.encode_items(Lazy(_texts(3))).shape == (3, 64)


class TestEncode:
    def test_is_decoding_and_encoding(self, tiny_text: Vectorizer, text_file: Path) -> None:
        expected = tiny_text.encode_items([np.array([5, 6, 7, 6], np.int32)])
        assert tiny_text.encode([text_file]) == pytest.approx(expected)


class TestFolder:
    @pytest.mark.parametrize("kind", ["tiny_text", "tiny_image"])
    def test_gives_the_same_vectors_after_saving_and_loading(
        self, kind: str, request: pytest.FixtureRequest, tmp_path: Path
    ) -> None:
        tilted = _tilted(request.getfixturevalue(kind))
        pixels = np.random.default_rng(0).integers(0, 256, size=(4, 16, 16, 3)).astype(np.uint8)
        items = _texts(4) if kind == "tiny_text" else list(pixels)
        tilted.save(tmp_path / "v")
        loaded = load_vectorizer(tmp_path / "v")
        assert loaded.encode_items(items) == pytest.approx(tilted.encode_items(items), abs=1e-5)
        assert loaded.dimension == tilted.dimension

    def test_names_itself_and_its_base(self, tiny_text: Vectorizer, tmp_path: Path) -> None:
        base = BaseReference(name="all", digest="0" * 64)
        tiny_text.named("mine", base).save(tmp_path)
        assert load_vectorizer(tmp_path).description.name == "mine"
        assert load_vectorizer(tmp_path).description.base == base

    def test_with_a_changed_file_is_refused_by_name(self, tiny_text: Vectorizer, tmp_path: Path) -> None:
        tiny_text.save(tmp_path)
        weights = tmp_path / "model.safetensors"
        content = bytearray(weights.read_bytes())
        content[-1] ^= 1
        weights.write_bytes(content)
        with pytest.raises(InvalidVectorizer, match=r"model\.safetensors"):
            load_vectorizer(tmp_path)

    def test_with_a_longer_file_is_refused_before_it_is_read(self, tiny_text: Vectorizer, tmp_path: Path) -> None:
        tiny_text.save(tmp_path)
        with (tmp_path / "model.safetensors").open("r+b") as stream:
            stream.truncate(10**12)
        with pytest.raises(InvalidVectorizer, match="bytes, not"):
            load_vectorizer(tmp_path)

    def test_without_a_file_is_refused(self, tiny_text: Vectorizer, tmp_path: Path) -> None:
        tiny_text.save(tmp_path)
        (tmp_path / "tokenizer.json").unlink()
        with pytest.raises(InvalidVectorizer, match=r"tokenizer\.json"):
            load_vectorizer(tmp_path)

    def test_without_a_description_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(InvalidVectorizer, match=r"vectorizer\.json"):
            load_vectorizer(tmp_path)

    @pytest.mark.parametrize("name", ["../secret", "/etc/passwd"])
    def test_that_leads_out_of_itself_is_refused(self, tiny_text: Vectorizer, tmp_path: Path, name: str) -> None:
        tiny_text.save(tmp_path)
        path = tmp_path / "vectorizer.json"
        description = json.loads(path.read_text())
        description["files"][name] = {"sha256": "0" * 64, "size": 1}
        path.write_text(json.dumps(description))
        with pytest.raises(InvalidVectorizer, match="leads out"):
            load_vectorizer(tmp_path)

    def test_of_another_dimension_than_it_says_is_refused(self, tiny_text: Vectorizer, tmp_path: Path) -> None:
        tiny_text.save(tmp_path)
        path = tmp_path / "vectorizer.json"
        path.write_text(path.read_text().replace('"dimension": 64', '"dimension": 32'))
        with pytest.raises(InvalidVectorizer, match="dimension 32"):
            load_vectorizer(tmp_path)
