"""The small base for point clouds: a tiny Uni3D that knows ten kinds of things.

It was taught to tell the kind, its legs and its colour, as general bases tell far more than one data set asks for.
"""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn.functional import normalize
from vectorizer_api.artifact import VectorizerDescription
from vectorizer_api.content import ContentType

from vectorizer_trainer.bases.reference import REFERENCE_FILE, serialise_reference
from vectorizer_trainer.bases.scans import scanned_items
from vectorizer_trainer.bases.shapes import KNOWN, PAINTS, Pool, Shape
from vectorizer_trainer.content.encoder import Item
from vectorizer_trainer.content.point_cloud import Architecture, PointCloudEncoder, PointTransformer
from vectorizer_trainer.losses import two_way
from vectorizer_trainer.vectorizer import write_vectorizer

NAME = "shapes-uni3d-tiny"
REVISION = 1

_ARCHITECTURE = Architecture(
    points=1024,
    groups=64,
    group_size=16,
    stem_width=64,
    patch_dimension=64,
    width=96,
    depth=3,
    heads=4,
    output_dimension=96,
)
_CLOUDS = 3_200
_BATCH = 64
_EPOCHS = 5
_LEARNING_RATE = 2e-3
_LOGIT_SCALE = 8.0
_REFERENCE_ITEMS = 600
_SEED = 0


def make(folder: Path) -> None:
    """Trains the base and writes its folder."""
    description = VectorizerDescription(
        name=NAME,
        content_type=ContentType.POINT_CLOUD,
        architecture="uni3d",
        dimension=_ARCHITECTURE.output_dimension,
        licence="Apache-2.0",
        files={},
    )
    encoder = _trained()
    _, items = scanned_items(Pool.REFERENCE, _REFERENCE_ITEMS, _SEED, KNOWN, _ARCHITECTURE.points, _ARCHITECTURE.groups)
    files = encoder.serialise(torch.eye(encoder.dimension))
    write_vectorizer(folder, description, {**files, REFERENCE_FILE: serialise_reference(items)})


def _trained() -> PointCloudEncoder:
    shapes, items = scanned_items(Pool.BASE, _CLOUDS, _SEED, KNOWN, _ARCHITECTURE.points, _ARCHITECTURE.groups)
    wanted = torch.from_numpy(_targets(shapes))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(_SEED)
        encoder = PointCloudEncoder(PointTransformer(_ARCHITECTURE))
        head = nn.Parameter(torch.randn(wanted.shape[1], encoder.dimension))
        _train(encoder, head, items, wanted)
    return encoder.eval()


def _train(encoder: PointCloudEncoder, head: nn.Parameter, items: list[Item], wanted: torch.Tensor) -> None:
    optimiser = torch.optim.AdamW([*encoder.parameters(), head], lr=_LEARNING_RATE, weight_decay=0.05)
    steps = _EPOCHS * len(items) // _BATCH
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, _LEARNING_RATE, total_steps=steps)
    for _ in range(_EPOCHS):
        for batch in torch.randperm(len(items)).split(_BATCH):  # type: ignore[no-untyped-call]
            vectors = encoder.features([items[index] for index in batch.tolist()])
            loss = two_way(_LOGIT_SCALE * vectors @ normalize(head, dim=1).T, wanted[batch])
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()


def _targets(shapes: list[Shape]) -> NDArray[np.bool_]:
    """[n, labels]: kind, legs and paint of each."""
    names = sorted({label for made in shapes for label in made.labels})
    said = [[name in made.labels for name in names] + [made.paint == paint for paint in PAINTS] for made in shapes]
    return np.array(said)
