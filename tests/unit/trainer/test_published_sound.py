"""LAION's CLAP is imported as published: its audio tower in full, and nothing of its text tower."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from vectorizer_api.artifact import VectorizerDescription
from vectorizer_api.content import ContentType
from vectorizer_trainer.published import InvalidCheckpoint, Manifest, Published, read_manifest, sound
from vectorizer_trainer.vectorizer import Vectorizer, load_vectorizer

Draw = Callable[[Manifest], dict[str, torch.Tensor]]
INNER = "audio_model.audio_encoder.layers.2.blocks.{}."


@pytest.fixture
def thinner(monkeypatch: pytest.MonkeyPatch) -> Manifest:
    """The manifest without four of the six blocks of the third stage: its structure at a size for a unit test."""
    full = read_manifest(sound.NAME)
    cut = tuple(INNER.format(number) for number in range(2, 6))
    tensors = {key: one for key, one in full.tensors.items() if not key.startswith(cut)}
    manifest = full.model_copy(update={"tensors": tensors})
    monkeypatch.setattr(sound, "read_manifest", lambda name: manifest)
    monkeypatch.setattr(sound, "_TOWER", {**sound._TOWER, "depths": [2, 2, 2, 2]})
    return manifest


@pytest.fixture
def published(drawn_checkpoint: Draw, tmp_path: Path) -> Callable[[Manifest], Path]:
    """Writes a folder with a checkpoint of random weights, a part of the text tower among them."""

    def write(manifest: Manifest) -> Path:
        others = {"logit_scale_a": torch.ones(()), "text_projection.linear1.bias": torch.zeros(512)}
        folder = tmp_path / "published"
        folder.mkdir()
        torch.save({**drawn_checkpoint(manifest), **others}, folder / "pytorch_model.bin")
        return folder

    return write


def reopened(found: Published, folder: Path) -> Vectorizer:
    description = VectorizerDescription(
        name=sound.NAME,
        content_type=ContentType.SOUND,
        architecture=found.architecture,
        dimension=found.encoder.dimension,
        preprocessing=dict(found.preprocessing),
        licence=sound.LICENCE,
        files={},
    )
    Vectorizer(description, found.encoder, torch.eye(found.encoder.dimension)).save(folder)
    return load_vectorizer(folder)


def test_the_manifest_is_the_audio_tower_of_transformers_own_clap() -> None:
    from transformers import ClapConfig, ClapModel

    with torch.device("meta"):
        state = ClapModel(ClapConfig()).state_dict()
    manifest = read_manifest(sound.NAME)
    kept = {key: tuple(value.shape) for key, value in state.items() if not key.startswith(manifest.ignored)}
    assert {key: one.shape for key, one in manifest.tensors.items()} == kept
    assert sum(value.numel() for value in state.values()) == pytest.approx(615e6 / 4, rel=0.01)


def test_random_weights_of_the_manifests_shapes_make_unit_vectors(
    thinner: Manifest, published: Callable[[Manifest], Path], tmp_path: Path
) -> None:
    opened = reopened(sound.open_published(published(thinner)), tmp_path / "base")
    clip = np.random.default_rng(0).integers(-9000, 9000, 30_000).astype(np.int16)
    vectors = opened.encode_items([clip, clip[::-1].copy()])
    assert vectors.shape == (2, 512)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)
    assert abs(vectors[0] - vectors[1]).max() > 1e-4


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("audio_projection.linear2.bias", None, r"1 missing \(“audio_projection\.linear2\.bias”\)"),
        (
            "audio_model.audio_encoder.patch_embed.fusion_model.x",
            torch.ones(1),
            r"1 not expected \(“.*fusion_model\.x”",
        ),
        ("audio_projection.linear2.bias", torch.ones(513), r"F32 \[513\] and not F32 \[512\]"),
    ],
)
def test_a_key_or_shape_of_another_checkpoint_is_named(
    thinner: Manifest, drawn_checkpoint: Draw, tmp_path: Path, key: str, value: torch.Tensor | None, message: str
) -> None:
    weights = drawn_checkpoint(thinner)
    weights.pop(key, None)
    if value is not None:
        weights[key] = value
    save_file(weights, tmp_path / "model.safetensors")
    with pytest.raises(InvalidCheckpoint, match=message):
        sound.open_published(tmp_path)
