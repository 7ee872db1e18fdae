"""Text files are judged by their content, and a saved vectorizer is a sentence-transformers folder."""

from pathlib import Path

import numpy as np
import pytest
from safetensors.torch import load_file
from vectorizer_api.run import Limits
from vectorizer_trainer.content.text import new_encoder
from vectorizer_trainer.errors import UnreadableFile
from vectorizer_trainer.vectorizer import Vectorizer


class TestDecode:
    @pytest.mark.parametrize(
        ("content", "reason"),
        [
            (b"\x89PNG\r\n\x1a\n\x00\x00", "not UTF-8"),
            (b"caf\xe9", "not UTF-8"),
            (b"a\x00b", "NUL"),
            (b"", "empty"),
            (b" \n\t ", "empty"),
            ("w1".encode("utf-16"), "UTF-16"),
        ],
    )
    def test_rejects_what_is_not_text_whatever_its_name(
        self, tiny_text: Vectorizer, tmp_path: Path, content: bytes, reason: str
    ) -> None:
        path = tmp_path / "text.txt"
        path.write_bytes(content)
        with pytest.raises(UnreadableFile, match=reason):
            tiny_text.decode(path)

    def test_drops_a_byte_order_mark(self, tiny_text: Vectorizer, tmp_path: Path) -> None:
        path = tmp_path / "text"
        path.write_bytes(b"\xef\xbb\xbfw1 w2")
        assert tiny_text.decode(path).tolist() == [5, 6]

    def test_keeps_the_whole_of_a_long_text(self, tiny_text: Vectorizer, tmp_path: Path) -> None:
        path = tmp_path / "text.md"
        path.write_text("w1 " * 5000)
        assert len(tiny_text.decode(path)) == 5000

    def test_refuses_a_text_over_the_limit(self, tiny_text: Vectorizer, text_file: Path) -> None:
        with pytest.raises(UnreadableFile, match="10 are allowed"):
            tiny_text.decode(text_file, Limits(max_text_bytes=10))


class TestWindows:
    def test_every_part_of_a_long_text_counts(self, tiny_text: Vectorizer) -> None:
        text = np.full(100, 7, np.int32)
        changed = text.copy()
        changed[-1] = 90
        before, after = tiny_text.encode_items([text, changed])
        assert not np.allclose(before, after, atol=1e-4)

    def test_a_long_text_is_the_mean_of_its_windows(self, tiny_text: Vectorizer) -> None:
        windows = np.random.default_rng(0).integers(4, 200, size=(3, 16)).astype(np.int32)
        mean = tiny_text.encode_items(list(windows)).mean(0)
        assert tiny_text.encode_items([windows.ravel()])[0] == pytest.approx(mean / np.linalg.norm(mean), abs=1e-5)


def test_the_given_weights_become_the_encoders_and_are_not_held_twice(tiny_text: Vectorizer, tmp_path: Path) -> None:
    tiny_text.save(tmp_path)
    weights = load_file(tmp_path / "model.safetensors")
    encoder = new_encoder(tmp_path, weights, tiny_text.description.preprocessing)
    held = dict(encoder.transformer.named_parameters())
    assert {name: held[name].data_ptr() for name in held} == {name: weights[name].data_ptr() for name in held}


def test_files_may_be_named_by_strings_as_well_as_paths(tiny_text: Vectorizer, tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("w1 w2")
    assert tiny_text.encode([str(path)]) == pytest.approx(tiny_text.encode([path]))


class TestSentenceTransformers:
    @pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")
    def test_opens_the_folder_and_gives_the_same_vectors(self, tiny_text: Vectorizer, tmp_path: Path) -> None:
        import torch
        from sentence_transformers import SentenceTransformer

        tilt = torch.eye(64) + 0.3 * torch.randn(64, 64, generator=torch.Generator().manual_seed(1))
        tilted = tiny_text.with_weights(tiny_text.encoder, tilt)
        tilted.save(tmp_path / "v")
        texts = ["w1 w2 w3", "w9", "w40 w41 w42 w43 w44 w45 w46 w47 w48 w49 w50 w51 w52"]
        for number, text in enumerate(texts):
            (tmp_path / f"{number}.txt").write_text(text)
        theirs = SentenceTransformer(str(tmp_path / "v"), device="cpu", local_files_only=True).encode(texts)
        ours = tilted.encode([tmp_path / f"{number}.txt" for number in range(len(texts))])
        assert ours == pytest.approx(theirs, abs=1e-5)
