"""The small base for images: a tiny vision transformer that knows seven of the ten digits.

It was taught to tell which digit is where.
"""

from vectorizer_trainer.bases.contract import REFERENCE_ITEMS, SEED, SmallBase
from vectorizer_trainer.bases.image.digits import KNOWN, SIZE, compositions
from vectorizer_trainer.bases.pool import Pool
from vectorizer_trainer.bases.training import Lessons, trained
from vectorizer_trainer.content.image import new_encoder

NAME = "digits-vit-tiny"
REVISION = 2

ARCHITECTURE = "open_clip.VisionTransformer"
TOWER = {
    "image_size": SIZE,
    "patch_size": 8,
    "width": 96,
    "layers": 3,
    "heads": 4,
    "mlp_ratio": 2.0,
    "pool_type": "avg",
    "output_dim": 96,
}
PREPROCESSING = {"mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]}
_PICTURES = 12_800


def make() -> SmallBase:
    """Trains the base."""
    return SmallBase(
        encoder=trained(lambda: new_encoder(ARCHITECTURE, TOWER, PREPROCESSING), _lessons()),
        architecture=ARCHITECTURE,
        preprocessing=PREPROCESSING,
        licence="CC-BY-4.0",
        reference=list(compositions(Pool.REFERENCE, REFERENCE_ITEMS, SEED).pictures),
    )


def _lessons() -> Lessons:
    made = compositions(Pool.BASE, _PICTURES, SEED, KNOWN)
    return Lessons(list(made.pictures), made.placed[:, KNOWN].reshape(_PICTURES, -1), batch=128, epochs=5)
