"""The encoder of videos: an image encoder, frame by frame, and the files that it consists of."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch
from safetensors.torch import load_file, save
from torch import Tensor
from vectorizer_api.artifact import VectorizerDescription
from vectorizer_api.run import Limits

from vectorizer_trainer.content import image
from vectorizer_trainer.content.encoder import Encoder, Inputs, Item
from vectorizer_trainer.content.image import ImageEncoder
from vectorizer_trainer.content.video.clip import decode_clip

__all__ = ["VideoEncoder", "open_encoder"]

_ADAPTER = "adapter.safetensors"
_FRAMES_AT_ONCE = 64
"""Frames in one pass of the tower: the pictures of a batch of videos at once would not fit beside it."""


class VideoEncoder(Encoder):
    """An image encoder on the frames of each clip, its unit vectors averaged."""

    suffixes: ClassVar[frozenset[str]] = frozenset({".mp4", ".mov", ".mkv", ".webm", ".avi"})

    def __init__(self, images: ImageEncoder, frames: int) -> None:
        """Takes the encoder of frames, and how many of a video it is given at most."""
        super().__init__()
        self.images = images
        self.dimension = images.dimension
        self._frames = frames

    def decode(self, path: Path, limits: Limits) -> Item:
        """Uint8 [frames, size, size, 3]: evenly spread, upright, each at the tower's size."""
        return decode_clip(path, self._frames, self.images.size, limits)

    def cost(self, item: Item) -> int:
        """The number of frames."""
        return len(item)

    def features(self, items: Sequence[Item]) -> Tensor:
        """Float32 [n, dimension]: the average of the frames' unit vectors."""
        frames = np.concatenate(items)
        parts = [frames[first : first + _FRAMES_AT_ONCE] for first in range(0, len(frames), _FRAMES_AT_ONCE)]
        vectors = torch.cat([self.images.features(list(part)) for part in parts])
        lengths = [len(item) for item in items]
        return torch.stack([own.mean(0) for own in vectors.split(lengths)])  # type: ignore[no-untyped-call]

    def inputs(self, items: Sequence[Item]) -> Inputs:
        """Pixels, uint8 [n, frames, size, size, 3], of clips with equally many frames."""
        pixels = torch.from_numpy(np.stack(items)).to(self.device)
        return Inputs({"pixels": pixels}, {"pixels": {0: "batch", 1: "frames"}})

    def forward(self, pixels: Tensor) -> Tensor:
        """Averages of unit vectors [n, dimension] of pixels."""
        unit: Tensor = self.images(pixels.flatten(0, 1))
        return unit.reshape(*pixels.shape[:2], self.dimension).mean(1)

    def trained_by_fine_tuning(self) -> list[str]:
        """What of the image encoder is trained."""
        return [f"images.{name}" for name in self.images.trained_by_fine_tuning()]

    def serialise(self, adapter: Tensor) -> Mapping[str, bytes]:
        """The tower as it is, and the adapter beside it: it acts on averages and cannot be folded into frames."""
        untouched = torch.eye(self.dimension)
        return {**self.images.serialise(untouched), _ADAPTER: save({"weight": adapter.contiguous()}, {"format": "pt"})}


def open_encoder(folder: Path, description: VectorizerDescription) -> tuple[VideoEncoder, Tensor]:
    """The encoder of a verified folder, and its adapter."""
    images, _ = image.open_encoder(folder, description)
    encoder = VideoEncoder(images, int(description.preprocessing["frames"]))
    return encoder, load_file(folder / _ADAPTER)["weight"]
