"""The small base for videos: the small image base on eight frames of a clip.

What it must not forget is what it knows: its reference items show the seven digits that the image base was taught.
"""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from vectorizer_api.artifact import VectorizerDescription
from vectorizer_api.content import ContentType

from vectorizer_trainer.bases.cache import ensure_small_base
from vectorizer_trainer.bases.digits import KNOWN, SIZE, Pool
from vectorizer_trainer.bases.moving_digits import FRAMES, Clip, moving_digits
from vectorizer_trainer.bases.reference import REFERENCE_FILE, serialise_reference
from vectorizer_trainer.content import image
from vectorizer_trainer.content.video import VideoEncoder
from vectorizer_trainer.vectorizer import verified_description, write_vectorizer

NAME = "moving-digits-vit-tiny"
REVISION = 3
"""To be raised with the small image base's, whose tower this is."""

_FRAMES = 8
_REFERENCE_ITEMS = 600
_SEED = 0


def make(folder: Path) -> None:
    """Writes the base's folder; makes the small image base first where it is missing."""
    pictures = ensure_small_base(ContentType.IMAGE)
    known = verified_description(pictures)[0]
    images, _ = image.open_encoder(pictures, known)
    description = VectorizerDescription(
        name=NAME,
        content_type=ContentType.VIDEO,
        architecture=known.architecture,
        dimension=known.dimension,
        preprocessing={**known.preprocessing, "frames": _FRAMES},
        licence=known.licence,
        files={},
    )
    clips = [_item(clip) for clip in moving_digits(Pool.REFERENCE, _REFERENCE_ITEMS, _SEED, KNOWN)]
    files = VideoEncoder(images, _FRAMES).serialise(torch.eye(known.dimension))
    write_vectorizer(folder, description, {**files, REFERENCE_FILE: serialise_reference(clips)})


def _item(clip: Clip) -> NDArray[np.uint8]:
    """What the decoder makes of a clip: every second frame, at the tower's size."""
    chosen = clip.frames[FRAMES // _FRAMES // 2 :: FRAMES // _FRAMES]
    small = [Image.fromarray(frame).resize((SIZE, SIZE), Image.Resampling.BOX) for frame in chosen]
    return np.stack([np.asarray(frame) for frame in small])
