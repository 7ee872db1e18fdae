"""The small base for images: a tiny vision transformer that knows seven of the ten digits.

It was taught to tell which digit is where, as general bases tell far more of a picture than one data set asks for.
"""

from pathlib import Path

import torch
from torch import nn
from torch.nn.functional import normalize
from vectorizer_api.artifact import VectorizerDescription
from vectorizer_api.content import ContentType

from vectorizer_trainer.bases.digits import KNOWN, QUARTERS, SIZE, Pool, compositions
from vectorizer_trainer.bases.reference import REFERENCE_FILE, serialise_reference
from vectorizer_trainer.content.image import ImageEncoder, new_encoder
from vectorizer_trainer.losses import two_way
from vectorizer_trainer.vectorizer import write_vectorizer

NAME = "digits-vit-tiny"
REVISION = 2

_ARCHITECTURE = "open_clip.VisionTransformer"
_DIMENSION = 96
_TOWER = {
    "image_size": SIZE,
    "patch_size": 8,
    "width": 96,
    "layers": 3,
    "heads": 4,
    "mlp_ratio": 2.0,
    "pool_type": "avg",
    "output_dim": _DIMENSION,
}
_PREPROCESSING = {"mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]}
_PICTURES = 12_800
_BATCH = 128
_EPOCHS = 5
_LEARNING_RATE = 2e-3
_LOGIT_SCALE = 8.0
_REFERENCE_ITEMS = 600
_SEED = 0


def make(folder: Path) -> None:
    """Trains the base and writes its folder."""
    description = VectorizerDescription(
        name=NAME,
        content_type=ContentType.IMAGE,
        architecture=_ARCHITECTURE,
        dimension=_DIMENSION,
        preprocessing=_PREPROCESSING,
        licence="CC-BY-4.0",
        files={},
    )
    encoder = _trained()
    pictures = compositions(Pool.REFERENCE, _REFERENCE_ITEMS, _SEED).pictures
    files = encoder.serialise(torch.eye(encoder.dimension))
    write_vectorizer(folder, description, {**files, REFERENCE_FILE: serialise_reference(list(pictures))})


def _trained() -> ImageEncoder:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(_SEED)
        encoder = new_encoder(_ARCHITECTURE, _TOWER, _PREPROCESSING)
        head = nn.Parameter(torch.randn(len(KNOWN) * QUARTERS, encoder.dimension))
        _train(encoder, head)
    return encoder.eval()


def _train(encoder: ImageEncoder, head: nn.Parameter) -> None:
    made = compositions(Pool.BASE, _PICTURES, _SEED, KNOWN)
    wanted = torch.from_numpy(made.placed[:, KNOWN].reshape(_PICTURES, -1))
    optimiser = torch.optim.AdamW([*encoder.parameters(), head], lr=_LEARNING_RATE, weight_decay=0.05)
    steps = _EPOCHS * _PICTURES // _BATCH
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, _LEARNING_RATE, total_steps=steps)
    for _ in range(_EPOCHS):
        for batch in torch.randperm(_PICTURES).split(_BATCH):  # type: ignore[no-untyped-call]
            vectors = encoder.features(list(made.pictures[batch.numpy()]))
            loss = two_way(_LOGIT_SCALE * vectors @ normalize(head, dim=1).T, wanted[batch])
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()
