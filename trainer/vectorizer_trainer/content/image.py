"""Images: raster files through an open_clip vision tower.

An item is a picture as uint8 [size, size, 3] at the tower's input size. The adapter is folded into the tower's
projection on saving, so that the saved tower is an open_clip one as it stands.
"""

import json
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from PIL import Image, ImageOps, UnidentifiedImageError
from safetensors.torch import load_file, save
from torch import Tensor, nn
from torch.nn.functional import normalize
from vectorizer_api.artifact import VectorizerDescription
from vectorizer_api.run import Limits

from vectorizer_trainer.content.encoder import Encoder, Item
from vectorizer_trainer.errors import OverLimit, UnreadableFile

__all__ = ["ImageEncoder", "new_encoder", "open_encoder"]

_WEIGHTS = "vision_tower.safetensors"
_CONFIG = "vision_tower.json"
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")
_DAMAGE = (OSError, SyntaxError, ValueError, EOFError, struct.error, LookupError, ArithmeticError, TypeError)
"""What Pillow's decoders raise on broken files."""
_DEEP_MODES = ("I;16", "I;16B", "I;16L", "I;16N", "I")

# Pillow would warn of large pictures by a limit of its own; ours is checked before any pixel is decoded.
Image.MAX_IMAGE_PIXELS = None


class ImageEncoder(Encoder):
    """An open_clip `VisionTransformer` behind a decoder of raster pictures."""

    suffixes: ClassVar[frozenset[str]] = frozenset({".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff"})

    def __init__(self, tower: nn.Module, config: Mapping[str, Any], preprocessing: Mapping[str, Any]) -> None:
        """Takes the tower, the arguments that built it, and mean and standard deviation of its input."""
        super().__init__()
        self.tower = tower
        self.dimension = int(config["output_dim"])
        self._config = config
        self._size = int(config["image_size"])
        self._mean: Tensor
        self._deviation: Tensor
        self.register_buffer("_mean", torch.tensor(preprocessing["mean"])[:, None, None], persistent=False)
        self.register_buffer("_deviation", torch.tensor(preprocessing["std"])[:, None, None], persistent=False)

    def decode(self, path: Path, limits: Limits) -> Item:
        """Uint8 [size, size, 3]: turned upright, over white, the whole picture at the tower's size; one frame."""
        try:
            with Image.open(path, formats=_FORMATS) as picture:
                _refuse_large(picture, limits)
                # A JPEG decoder can skip detail that the tower would never see.
                picture.draft("RGB", (2 * self._size, 2 * self._size))
                upright = ImageOps.exif_transpose(picture)
                resized = _over_white(upright).resize((self._size, self._size), Image.Resampling.BICUBIC)
        except UnidentifiedImageError as error:
            raise UnreadableFile("not a picture that can be read (JPEG, PNG, WebP, GIF, BMP, TIFF)") from error
        except _DAMAGE as error:
            raise UnreadableFile(f"the picture is damaged ({error})") from error
        return np.asarray(resized, np.uint8)

    def cost(self, item: Item) -> int:
        """The same for every picture."""
        return 1

    def features(self, items: Sequence[Item]) -> Tensor:
        """Float32 [n, dimension]: the tower's projected outputs as unit vectors."""
        pixels = torch.from_numpy(np.stack(items)).to(self.device).permute(0, 3, 1, 2).float() / 255
        outputs: Tensor = self.tower((pixels - self._mean) / self._deviation)
        return normalize(outputs, dim=1)

    def serialise(self, adapter: Tensor) -> Mapping[str, bytes]:
        """The tower with the adapter inside its projection, and the arguments that build it."""
        weights = {name: value.contiguous() for name, value in self.tower.state_dict().items()}
        weights["proj"] = (weights["proj"] @ adapter.T).contiguous()
        return {_WEIGHTS: save(weights, {"format": "pt"}), _CONFIG: json.dumps(self._config, indent=2).encode()}


def open_encoder(folder: Path, description: VectorizerDescription) -> tuple[ImageEncoder, Tensor]:
    """The encoder of a verified folder; its adapter is in the projection, so that the identity remains."""
    encoder = new_encoder(json.loads((folder / _CONFIG).read_bytes()), description.preprocessing)
    encoder.tower.load_state_dict(load_file(folder / _WEIGHTS))
    return encoder, torch.eye(encoder.dimension)


def new_encoder(config: Mapping[str, Any], preprocessing: Mapping[str, Any]) -> ImageEncoder:
    """An encoder with random weights; `config` holds the arguments of open_clip's VisionTransformer."""
    from open_clip.transformer import VisionTransformer

    return ImageEncoder(VisionTransformer(**config), config, preprocessing)


def _refuse_large(picture: Image.Image, limits: Limits) -> None:
    pixels = picture.width * picture.height
    if pixels > limits.max_image_pixels:
        raise OverLimit(f"a picture of {pixels} pixels; at most {limits.max_image_pixels} are allowed")


def _over_white(picture: Image.Image) -> Image.Image:
    if picture.mode in _DEEP_MODES:
        picture = Image.fromarray((np.asarray(picture).astype(np.uint32) >> 8).clip(0, 255).astype(np.uint8))
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    opaque = Image.new("RGBA", picture.size, "white")
    opaque.alpha_composite(picture.convert("RGBA"))
    return opaque.convert("RGB")
