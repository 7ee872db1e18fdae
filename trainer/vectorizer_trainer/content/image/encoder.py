"""The encoder of pictures, and the files that it consists of."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn
from torch.nn.functional import normalize
from vectorizer_api.artifact import VectorizerDescription
from vectorizer_api.run import Limits

from vectorizer_trainer.content.encoder import Encoder, Inputs, Item
from vectorizer_trainer.content.image.architecture import Architecture, architecture
from vectorizer_trainer.content.image.picture import SUFFIXES, decode_picture
from vectorizer_trainer.errors import InvalidVectorizer

__all__ = ["ImageEncoder", "new_encoder", "open_encoder"]

_WEIGHTS = "vision_tower.safetensors"
_CONFIG = "vision_tower.json"


class ImageEncoder(Encoder):
    """A vision tower of open_clip behind a decoder of raster pictures."""

    suffixes: ClassVar[frozenset[str]] = SUFFIXES

    def __init__(
        self, kind: Architecture, tower: nn.Module, config: Mapping[str, Any], preprocessing: Mapping[str, Any]
    ) -> None:
        """Takes the tower, the arguments that built it, and mean and standard deviation of its input."""
        super().__init__()
        self.tower = tower
        self.dimension = int(config[kind.dimension])
        self.size = int(config["image_size"])
        self._kind = kind
        self._config = config
        self._mean: Tensor
        self._deviation: Tensor
        self.register_buffer("_mean", torch.tensor(preprocessing["mean"])[:, None, None], persistent=False)
        self.register_buffer("_deviation", torch.tensor(preprocessing["std"])[:, None, None], persistent=False)

    def decode(self, path: Path, limits: Limits) -> Item:
        """Uint8 [size, size, 3]: turned upright, over white, the whole picture at the tower's size; one frame."""
        return decode_picture(path, self.size, limits)

    def cost(self, item: Item) -> int:
        """The same for every picture."""
        return 1

    def features(self, items: Sequence[Item]) -> Tensor:
        """Float32 [n, dimension]: the tower's projected outputs as unit vectors."""
        unit: Tensor = self(*self.inputs(items).tensors.values())
        return unit

    def inputs(self, items: Sequence[Item]) -> Inputs:
        """Pixels, uint8 [n, size, size, 3]."""
        pixels = torch.from_numpy(np.stack(items)).to(self.device)
        return Inputs({"pixels": pixels}, {"pixels": {0: "batch"}})

    def forward(self, pixels: Tensor) -> Tensor:
        """Unit vectors [n, dimension] of pixels."""
        scaled = pixels.permute(0, 3, 1, 2).float() / 255
        outputs: Tensor = self.tower((scaled - self._mean) / self._deviation)
        return normalize(outputs.float(), dim=1)

    def trained_by_fine_tuning(self) -> list[str]:
        """All transformer blocks; the patch stem and the position embeddings stay."""
        return [name for name, _ in self.named_parameters() if name.startswith(f"tower.{self._kind.blocks}")]

    def serialise(self, adapter: Tensor) -> Mapping[str, bytes]:
        """The tower with the adapter inside its projection, and the arguments that build it."""
        weights = self.tower.state_dict()
        weights |= self._kind.folded(weights, adapter.to(self.device))
        whole = {name: value.contiguous() for name, value in weights.items()}
        return {_WEIGHTS: save(whole, {"format": "pt"}), _CONFIG: json.dumps(self._config, indent=2).encode()}


def open_encoder(folder: Path, description: VectorizerDescription) -> tuple[ImageEncoder, Tensor]:
    """The encoder of a verified folder; its adapter is in the projection, so that the identity remains."""
    kind = architecture(description.architecture)
    config = json.loads((folder / _CONFIG).read_bytes())
    # Without memory at first: the file's tensors become the weights, and a wrong shape costs nothing.
    with torch.device("meta"):
        tower = kind.build(config)
    try:
        tower.load_state_dict(load_file(folder / _WEIGHTS), assign=True)
    except (RuntimeError, SafetensorError) as error:
        raise InvalidVectorizer(f"{folder / _WEIGHTS} does not fit {_CONFIG}: {error}") from error
    return ImageEncoder(kind, tower, config, description.preprocessing), torch.eye(int(config[kind.dimension]))


def new_encoder(name: str, config: Mapping[str, Any], preprocessing: Mapping[str, Any]) -> ImageEncoder:
    """An encoder with random weights: the architecture's name and arguments, and mean and deviation of its input."""
    kind = architecture(name)
    return ImageEncoder(kind, kind.build(config), config, preprocessing)
