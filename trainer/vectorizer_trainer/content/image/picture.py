"""From a raster file to pixels: any of six formats, colour models and orientations, within bounds of size and time."""

import struct
from io import BufferedReader, FileIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError
from vectorizer_api.run import Limits

from vectorizer_trainer.content.deadline import PICTURE_BYTES_AT_ONCE, Deadline
from vectorizer_trainer.errors import UnreadableFile

__all__ = ["SUFFIXES", "decode_picture"]

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff"})

_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")
_DAMAGE = (OSError, SyntaxError, ValueError, EOFError, struct.error, LookupError, ArithmeticError, TypeError)
"""What Pillow's decoders raise on broken files."""
_DEEP_MODES = ("I;16", "I;16B", "I;16L", "I;16N", "I")

# Pillow would warn of large pictures by a limit of its own; ours is checked before any pixel is decoded.
Image.MAX_IMAGE_PIXELS = None


class _Watched(BufferedReader):
    """A file that can be read as long as there is time."""

    def __init__(self, path: Path, deadline: Deadline) -> None:
        super().__init__(FileIO(path))
        self._deadline = deadline

    def read(self, size: int | None = -1, /) -> bytes:
        self._deadline.check()
        return super().read(size)


def decode_picture(path: Path, size: int, limits: Limits) -> NDArray[np.uint8]:
    """Uint8 [size, size, 3]: turned upright, over white, the whole picture squeezed to a square; the first frame.

    Raises UnreadableFile.
    """
    try:
        with (
            _Watched(path, Deadline(limits.max_decode_seconds)) as file,
            Image.open(file, formats=_FORMATS) as picture,
        ):
            _refuse_large(picture, limits)
            # A JPEG decoder can skip detail that the tower would never see.
            picture.draft("RGB", (2 * size, 2 * size))
            picture.decodermaxblock = PICTURE_BYTES_AT_ONCE
            upright = ImageOps.exif_transpose(picture)
            resized = _over_white(upright).resize((size, size), Image.Resampling.BICUBIC)
    except UnidentifiedImageError as error:
        raise UnreadableFile("not a picture that can be read (JPEG, PNG, WebP, GIF, BMP, TIFF)") from error
    except _DAMAGE as error:
        raise UnreadableFile(f"the picture is damaged ({error})") from error
    return np.asarray(resized, np.uint8)


def _refuse_large(picture: Image.Image, limits: Limits) -> None:
    pixels = picture.width * picture.height
    if pixels > limits.max_image_pixels:
        raise UnreadableFile(f"a picture of {pixels} pixels; at most {limits.max_image_pixels} are allowed")


def _over_white(picture: Image.Image) -> Image.Image:
    if picture.mode in _DEEP_MODES:
        picture = Image.fromarray((np.asarray(picture).astype(np.uint32) >> 8).clip(0, 255).astype(np.uint8))
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    opaque = Image.new("RGBA", picture.size, "white")
    opaque.alpha_composite(picture.convert("RGBA"))
    return opaque.convert("RGB")
