"""The small base for point clouds: a tiny Uni3D that knows ten kinds of things.

It was taught to tell the kind, its legs and its colour.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vectorizer_trainer.bases.contract import REFERENCE_ITEMS, SEED, SmallBase
from vectorizer_trainer.bases.point_cloud.scans import scanned_items
from vectorizer_trainer.bases.point_cloud.shapes import KNOWN, PAINTS, Shape
from vectorizer_trainer.bases.pool import Pool
from vectorizer_trainer.bases.training import Lessons, trained
from vectorizer_trainer.content.encoder import Item
from vectorizer_trainer.content.point_cloud import Architecture, PointCloudEncoder, PointTransformer

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


def make() -> SmallBase:
    """Trains the base."""
    return SmallBase(
        encoder=trained(lambda: PointCloudEncoder(PointTransformer(_ARCHITECTURE)), _lessons()),
        architecture="uni3d",
        preprocessing={},
        licence="Apache-2.0",
        reference=_scanned(Pool.REFERENCE, REFERENCE_ITEMS)[1],
    )


def _lessons() -> Lessons:
    shapes, items = _scanned(Pool.BASE, _CLOUDS)
    return Lessons(items, _targets(shapes), batch=64, epochs=5)


def _scanned(pool: Pool, count: int) -> tuple[list[Shape], list[Item]]:
    return scanned_items(pool, count, SEED, KNOWN, _ARCHITECTURE.points, _ARCHITECTURE.groups)


def _targets(shapes: Sequence[Shape]) -> NDArray[np.bool_]:
    """[n, labels]: kind, legs and paint of each."""
    names = sorted({label for made in shapes for label in made.labels})
    said = [[name in made.labels for name in names] + [made.paint == paint for paint in PAINTS] for made in shapes]
    return np.array(said)
