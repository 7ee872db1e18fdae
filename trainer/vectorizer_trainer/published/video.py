"""Videos: the vision tower for pictures on eight frames of each (CLIP4Clip took twelve, at half as much again)."""

from pathlib import Path

from vectorizer_trainer.content.video import VideoEncoder
from vectorizer_trainer.published import Published, image

__all__ = ["LICENCE", "NAME", "SOURCE", "open_published"]

NAME = "ViT-B-16-SigLIP2-256-frames"
LICENCE = image.LICENCE
SOURCE = image.SOURCE

_FRAMES = 8


def open_published(source: Path) -> Published:
    """The published file of the image base, or the folder that holds it; raises InvalidCheckpoint."""
    encoder = VideoEncoder(image.open_tower(source), _FRAMES)
    return Published(encoder, image.ARCHITECTURE, {**image.PREPROCESSING, "frames": _FRAMES})
