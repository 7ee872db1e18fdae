"""Tiny vectorizers with the real code of each content type and random weights."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import cast

import pytest
import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from vectorizer_api.artifact import VectorizerDescription
from vectorizer_api.content import ContentType
from vectorizer_trainer import evaluation
from vectorizer_trainer.bases.image import base as image
from vectorizer_trainer.bases.sound import base as sound
from vectorizer_trainer.content.image import ImageEncoder, new_encoder
from vectorizer_trainer.content.point_cloud import Architecture, PointCloudEncoder, PointTransformer
from vectorizer_trainer.content.text import TextEncoder
from vectorizer_trainer.content.video import VideoEncoder
from vectorizer_trainer.vectorizer import Vectorizer

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *(f"w{number}" for number in range(200))]
TEXT_PREPROCESSING = {"window": 18, "trainingWindow": 10}
TOWER = dict(image.TOWER, image_size=16, width=16, layers=1, heads=2, output_dim=12)
TIMM_TOWER = {
    "model_name": "test_vit3",
    "embed_dim": 96,
    "image_size": 160,
    "pool": "map",
    "proj": "linear",
    "proj_bias": True,
}
"""The production tower's class around a model that timm keeps for tests: attention pooling, then a projection."""

SOUND_TOWER = dict(
    sound.TOWER,
    spec_size=32,
    num_mel_bins=16,
    patch_size=4,
    patch_stride=[4, 4],
    patch_embeds_hidden_size=8,
    num_attention_heads=[2, 4],
    hidden_size=16,
    projection_dim=12,
    initializer_factor=10.0,
)
SOUND_PREPROCESSING = dict(
    sound.PREPROCESSING, sampleRate=8000, windowSeconds=1, fftLength=256, hopLength=128, highestFrequency=4000
)
UNI3D = Architecture(
    points=64,
    groups=8,
    group_size=4,
    stem_width=16,
    patch_dimension=8,
    width=16,
    depth=1,
    heads=2,
    output_dimension=12,
)


def tokenizer() -> Tokenizer:
    """Words of the form w17, one token each, between [CLS] and [SEP]."""
    made = Tokenizer(models.WordPiece({word: index for index, word in enumerate(WORDS)}, unk_token="[UNK]"))
    made.normalizer = normalizers.Lowercase()
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    made.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return made


@pytest.fixture(scope="session")
def tiny_text() -> Vectorizer:
    """A text vectorizer of dimension 64 with random weights."""
    from transformers import BertConfig, BertModel

    config = BertConfig(
        vocab_size=len(WORDS),
        hidden_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=32,
        initializer_range=0.2,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        transformer = BertModel(config)
    assets = {
        "config.json": config.to_json_string(use_diff=False).encode(),
        "tokenizer.json": tokenizer().to_str().encode(),
        "tokenizer_config.json": b'{"tokenizer_class": "PreTrainedTokenizerFast", "pad_token": "[PAD]"}',
    }
    encoder = TextEncoder(transformer, tokenizer(), TEXT_PREPROCESSING, assets)
    return Vectorizer(_description(ContentType.TEXT, 64, TEXT_PREPROCESSING), encoder, torch.eye(64))


@pytest.fixture(scope="session")
def tiny_image() -> Vectorizer:
    """An image vectorizer of dimension 12 with random weights, for pictures of 16 by 16."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        encoder = new_encoder(image.ARCHITECTURE, TOWER, image.PREPROCESSING)
    description = _description(ContentType.IMAGE, 12, image.PREPROCESSING, image.ARCHITECTURE)
    return Vectorizer(description, encoder, torch.eye(12))


@pytest.fixture(scope="session")
def tiny_timm_image() -> Vectorizer:
    """An image vectorizer of dimension 96 with the production architecture and random weights."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        encoder = new_encoder("open_clip.TimmModel", TIMM_TOWER, image.PREPROCESSING)
        torch.nn.init.normal_(encoder.get_parameter("tower.head.proj.bias"))
    description = _description(ContentType.IMAGE, 96, image.PREPROCESSING, "open_clip.TimmModel")
    return Vectorizer(description, encoder, torch.eye(96))


@pytest.fixture(scope="session")
def tiny_sound() -> Vectorizer:
    """A sound vectorizer of dimension 12 with random weights, for windows of a second at 8 kHz."""
    from vectorizer_trainer.content.sound import new_encoder

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        encoder = new_encoder(SOUND_TOWER, SOUND_PREPROCESSING)
    return Vectorizer(_description(ContentType.SOUND, 12, SOUND_PREPROCESSING), encoder, torch.eye(12))


@pytest.fixture(scope="session")
def tiny_video(tiny_image: Vectorizer) -> Vectorizer:
    """A video vectorizer of dimension 12: the image vectorizer on at most 4 frames."""
    preprocessing = {**image.PREPROCESSING, "frames": 4}
    description = _description(ContentType.VIDEO, 12, preprocessing, image.ARCHITECTURE)
    encoder = VideoEncoder(cast("ImageEncoder", tiny_image.encoder), 4)
    return Vectorizer(description, encoder, torch.eye(12))


@pytest.fixture(scope="session")
def tiny_point_cloud() -> Vectorizer:
    """A point-cloud vectorizer of dimension 12 with random weights, for clouds of 64 points."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        encoder = PointCloudEncoder(PointTransformer(UNI3D))
    return Vectorizer(_description(ContentType.POINT_CLOUD, 12, {}, "uni3d"), encoder, torch.eye(12))


@pytest.fixture(scope="module")
def fewer_halves() -> Iterator[None]:
    """Errors from 50 random halves of the held-out items: a tenth rougher than from 200, in a quarter of the time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(evaluation, "_HALVES", 50)
        yield


@pytest.fixture
def text_file(tmp_path: Path) -> Path:
    """A text file of a few known words."""
    path = tmp_path / "text.txt"
    path.write_text("w1 w2 w3 w2")
    return path


def _description(
    content_type: ContentType, dimension: int, preprocessing: Mapping[str, object], architecture: str = "tiny"
) -> VectorizerDescription:
    return VectorizerDescription(
        name="tiny",
        content_type=content_type,
        architecture=architecture,
        dimension=dimension,
        preprocessing=dict(preprocessing),
        licence="MIT",
        files={},
    )
