"""The network of a vectorizer runs in ONNX Runtime with the same vectors, or no file is left."""

import json
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from shutil import copyfile

import numpy as np
import onnx
import pytest
import torch
from rich.console import Console
from torch import Tensor, nn
from vectorizer_cli import exporting
from vectorizer_cli.exporting import Export, export_onnx, largest_difference
from vectorizer_trainer.content.encoder import Item
from vectorizer_trainer.errors import BadInput, RunError
from vectorizer_trainer.vectorizer import Vectorizer, load_vectorizer

QUIET = Console(quiet=True)


def tilt(dimension: int) -> Tensor:
    """An adapter that turns vectors."""
    return torch.eye(dimension) + 0.3 * torch.randn(dimension, dimension, generator=torch.Generator().manual_seed(1))


@pytest.fixture(scope="module")
def text_folder(tiny_text: Vectorizer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("text")
    tiny_text.with_weights(tiny_text.encoder, tilt(tiny_text.dimension)).save(folder / "v")
    (folder / "samples").mkdir()
    for number in range(5):
        (folder / "samples" / f"{number}.txt").write_text(" ".join(f"w{number + word}" for word in range(30 * number)))
    return folder


@pytest.fixture(scope="module")
def text_model(text_folder: Path) -> Path:
    export_onnx(Export(text_folder / "v", text_folder / "v.onnx", text_folder / "samples"), QUIET)
    return text_folder / "v.onnx"


class TestText:
    def test_gives_the_vectors_of_texts_of_any_number_and_length(self, text_folder: Path, text_model: Path) -> None:
        texts = [np.arange(4, 4 + length, dtype=np.int32) for length in (1, 16, 5, 2, 9, 13, 4)]
        assert largest_difference(load_vectorizer(text_folder / "v"), texts, text_model) < 1e-5

    def test_names_its_tensors_and_says_what_it_is(self, text_folder: Path, text_model: Path) -> None:
        model = onnx.load(text_model)
        onnx.checker.check_model(model)
        assert [one.name for one in model.graph.input] == ["input_ids", "attention_mask"]
        assert [one.name for one in model.graph.output] == ["vector"]
        said = {one.key: one.value for one in model.metadata_props}
        assert said["contentType"] == "Text"
        assert json.loads(said["preprocessing"])["window"] == 18
        assert said["vectorizerDigest"] == load_vectorizer(text_folder / "v").digest

    def test_leaves_nothing_beside_it(self, text_folder: Path, text_model: Path) -> None:
        assert sorted(path.name for path in text_folder.iterdir()) == ["samples", "v", "v.onnx"]

    def test_that_gives_other_vectors_is_not_kept(
        self,
        text_folder: Path,
        text_model: Path,
        tiny_text: Vectorizer,
        monkeypatch: pytest.MonkeyPatch,
        tmp_path: Path,
    ) -> None:
        tiny_text.save(tmp_path / "other")
        monkeypatch.setattr(exporting, "_write", lambda vectorizer, items, path: copyfile(text_model, path))
        with pytest.raises(RunError, match="differ by"):
            export_onnx(Export(tmp_path / "other", tmp_path / "other.onnx", text_folder / "samples"), QUIET)
        assert [path.name for path in tmp_path.iterdir()] == ["other"]


def pixels(*shape: int) -> np.ndarray:
    return np.random.default_rng(sum(shape)).integers(0, 256, size=shape).astype(np.uint8)


@dataclass(frozen=True)
class Subject:
    """A content type other than text."""

    tensor: str
    """What its network takes."""
    items: list[Item]
    alike: str = ""
    """Blocks of one shape, of which one is exported as all are, and each takes the exporter a second."""

    def shortened(self, whole: Vectorizer) -> Vectorizer:
        """The vectorizer without such blocks but the first, and with an adapter that turns its vectors."""
        encoder = deepcopy(whole.encoder)
        if self.alike:
            blocks = encoder.get_submodule(self.alike)
            assert isinstance(blocks, nn.ModuleList | nn.Sequential)
            del blocks[1:]
        return whole.with_weights(encoder, tilt(whole.dimension))


SUBJECTS = {
    "tiny_timm_image": Subject("pixels", list(pixels(3, 160, 160, 3)), alike="tower.trunk.blocks"),
    "tiny_video": Subject("pixels", [pixels(frames, 16, 16, 3) for frames in (4, 2, 4, 1, 2)]),
    "tiny_sound": Subject(
        "input_features",
        list(np.random.default_rng(0).integers(-9999, 9999, (4, 8000)).astype(np.int16)),
        # Those of the first stage differ: every other one attends over shifted windows.
        alike="tower.audio_model.audio_encoder.layers.1.blocks",
    ),
    "tiny_point_cloud": Subject("points", list(np.random.default_rng(0).normal(size=(5, 64, 6)).astype(np.float16))),
}


@pytest.mark.parametrize("fixture", SUBJECTS)
def test_every_content_type_goes_in_as_tensors_in_any_number(
    request: pytest.FixtureRequest, tmp_path: Path, fixture: str
) -> None:
    subject = SUBJECTS[fixture]
    vectorizer = subject.shortened(request.getfixturevalue(fixture))
    exporting._write(vectorizer, subject.items, tmp_path / "v.onnx")
    assert largest_difference(vectorizer, subject.items, tmp_path / "v.onnx") < 1e-5
    assert [one.name for one in onnx.load(tmp_path / "v.onnx").graph.input] == [subject.tensor]


class TestRefusals:
    def test_what_is_not_installed_is_named_with_the_extra(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(exporting, "find_spec", lambda name: None if name == "onnxruntime" else name)
        with pytest.raises(BadInput, match="onnxruntime is not installed") as caught:
            export_onnx(Export(Path("v"), Path("v.onnx"), None), QUIET)
        assert caught.value.hint == "Install the extra: pip install 'vectorizer-operator[onnx]'."

    def test_a_vectorizer_whose_base_is_not_there_needs_samples(
        self, text_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
        with pytest.raises(BadInput, match="There are no items to check with") as caught:
            export_onnx(Export(text_folder / "v", tmp_path / "v.onnx", None), QUIET)
        assert "--samples" in caught.value.hint

    def test_a_place_that_cannot_be_written_is_named(self, text_folder: Path) -> None:
        absent = text_folder / "absent" / "v.onnx"
        with pytest.raises(RunError, match=r"absent/v\.onnx cannot be written"):
            export_onnx(Export(text_folder / "v", absent, text_folder / "samples"), QUIET)
