"""The published tower for pictures becomes a base of pictures and one of videos, at full size with random weights."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch.nn.functional import normalize
from vectorizer_api.artifact import VectorizerDescription
from vectorizer_api.content import ContentType
from vectorizer_trainer.published import InvalidCheckpoint, Manifest, image, read_manifest, video
from vectorizer_trainer.vectorizer import Vectorizer, load_vectorizer

Draw = Callable[[Manifest], dict[str, torch.Tensor]]


@pytest.fixture(scope="module")
def published(drawn_checkpoint: Draw, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The publisher's folder: the tower of the manifest, and a little of what is ignored."""
    folder = tmp_path_factory.mktemp("published")
    tower = drawn_checkpoint(read_manifest(image.NAME))
    others = {"text.positional_embedding": torch.zeros(64, 768), "logit_scale": torch.zeros(())}
    save_file(tower | others, folder / "open_clip_model.safetensors")
    return folder


def imported(module: ModuleType, content_type: ContentType, source: Path, folder: Path) -> Vectorizer:
    opened = module.open_published(source)
    description = VectorizerDescription(
        name=module.NAME,
        content_type=content_type,
        architecture=opened.architecture,
        dimension=opened.encoder.dimension,
        preprocessing=dict(opened.preprocessing),
        licence=module.LICENCE,
        files={},
    )
    Vectorizer(description, opened.encoder, torch.eye(opened.encoder.dimension)).save(folder)
    return load_vectorizer(folder)


def test_pictures_get_the_vectors_that_open_clip_gives_them(published: Path, tmp_path: Path) -> None:
    from open_clip import get_model_config
    from open_clip.model import _build_vision_tower

    opened = imported(image, ContentType.IMAGE, published, tmp_path)
    pictures = list(np.random.default_rng(0).integers(0, 256, (2, 256, 256, 3)).astype(np.uint8))
    vectors = opened.encode_items(pictures)
    config = get_model_config(image.NAME)
    with torch.device("meta"):
        theirs = _build_vision_tower(config["embed_dim"], config["vision_cfg"]).eval()
    weights = load_file(published / "open_clip_model.safetensors")
    tower = {key.removeprefix("visual."): value for key, value in weights.items() if key.startswith("visual.")}
    theirs.load_state_dict(tower, assign=True)
    with torch.inference_mode():
        expected = theirs(torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2) / 127.5 - 1)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)
    assert vectors == pytest.approx(normalize(expected, dim=1).numpy(), abs=1e-4)


def test_videos_get_the_average_of_their_frames(published: Path, tmp_path: Path) -> None:
    opened = imported(video, ContentType.VIDEO, published, tmp_path)
    clip = np.random.default_rng(0).integers(0, 256, (2, 256, 256, 3)).astype(np.uint8)
    vectors = opened.encode_items([clip, clip[:1], clip[1:]])
    assert opened.description.preprocessing["frames"] == 8
    assert vectors.shape == (3, 768)
    mean = vectors[1] + vectors[2]
    assert vectors[0] == pytest.approx(mean / np.linalg.norm(mean), abs=1e-4)


def test_what_is_missing_or_other_is_named(drawn_checkpoint: Draw, tmp_path: Path) -> None:
    manifest = read_manifest(image.NAME)
    stem = {key: one for key, one in manifest.tensors.items() if ".blocks." not in key}
    found = drawn_checkpoint(manifest.model_copy(update={"tensors": stem}))
    found["visual.head.weight"] = torch.zeros(3)
    found["visual.trunk.pos_embed"] = torch.zeros(1, 196, 768)
    save_file(found, tmp_path / "tower.safetensors")
    with pytest.raises(InvalidCheckpoint) as caught:
        image.open_published(tmp_path / "tower.safetensors")
    message = str(caught.value)
    assert "144 missing (“visual.trunk.blocks.0.attn.proj.bias”" in message
    assert "1 not expected (“visual.head.weight”)" in message
    assert "pos_embed: F32 [1, 196, 768] and not F32 [1, 256, 768]" in message
