"""The small base for videos: the small image base on eight frames of a clip.

What it must not forget is what it knows: its reference items show the seven digits that the image base was taught.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from vectorizer_api.content import ContentType

from vectorizer_trainer.bases.cache import ensure_small_base
from vectorizer_trainer.bases.contract import REFERENCE_ITEMS, SEED, SmallBase
from vectorizer_trainer.bases.image.digits import KNOWN, SIZE
from vectorizer_trainer.bases.pool import Pool
from vectorizer_trainer.bases.video.moving_digits import FRAMES, Clip, moving_digits
from vectorizer_trainer.content import image
from vectorizer_trainer.content.video import VideoEncoder
from vectorizer_trainer.vectorizer import verified_description

NAME = "moving-digits-vit-tiny"
REVISION = 3
"""To be raised with the small image base's, whose tower this is."""

_FRAMES = 8


def make() -> SmallBase:
    """Puts the small image base to work; makes that one first where it is missing."""
    pictures = ensure_small_base(ContentType.IMAGE)
    known, _ = verified_description(pictures)
    images, _ = image.open_encoder(pictures, known)
    return SmallBase(
        encoder=VideoEncoder(images, _FRAMES),
        architecture=known.architecture,
        preprocessing={**known.preprocessing, "frames": _FRAMES},
        licence=known.licence,
        reference=[_item(clip) for clip in moving_digits(Pool.REFERENCE, REFERENCE_ITEMS, SEED, KNOWN)],
    )


def _item(clip: Clip) -> NDArray[np.uint8]:
    """What the decoder makes of a clip: every second frame, at the tower's size."""
    chosen = clip.frames[FRAMES // _FRAMES // 2 :: FRAMES // _FRAMES]
    small = [Image.fromarray(frame).resize((SIZE, SIZE), Image.Resampling.BOX) for frame in chosen]
    return np.stack([np.asarray(frame) for frame in small])
