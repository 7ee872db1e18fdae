"""Pictures of what each augmentation does, for the manual; `python -m vectorizer_dev.augmentation_pictures` draws them.

The original is drawn here; the others are made of it by the trainer's own code, four draws each.
"""

from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw
from vectorizer_api.content import AugmentationConditions
from vectorizer_trainer.augmentation.pictures import PictureAugmentation

__all__ = ["main"]

_FOLDER = Path(__file__).parents[2] / "docs" / "pictures"
_EDGE = 256
_SHOWN = 112
_GAP = 6
_SEEDS = (3, 14, 15, 92)


def main() -> None:
    """Write a row of pictures for each switch: the original, then four draws of that switch alone."""
    _FOLDER.mkdir(parents=True, exist_ok=True)
    every = PictureAugmentation(AugmentationConditions(), torch.device("cpu"))
    original = _original()
    for name in every.transformations:
        varied = every.only(name).vary([original] * len(_SEEDS), list(_SEEDS))
        _row([original, *varied]).save(_FOLDER / f"{name}.webp", quality=80)
    _row([original, *every.vary([original] * len(_SEEDS), list(_SEEDS))]).save(_FOLDER / "all.webp", quality=80)


def _original() -> "np.ndarray[tuple[int, ...], np.dtype[np.uint8]]":
    """A house with a door on its left, the sun on its right, and a sky that grows brighter downwards."""
    picture = Image.new("RGB", (_EDGE, _EDGE))
    pen = ImageDraw.Draw(picture)
    for line in range(_EDGE):
        share = line / _EDGE
        pen.line([(0, line), (_EDGE, line)], fill=(int(90 + 110 * share), int(150 + 80 * share), 235))
    pen.ellipse([178, 22, 232, 76], fill=(250, 205, 60))
    pen.rectangle([0, 200, _EDGE, _EDGE], fill=(95, 150, 80))
    pen.rectangle([62, 118, 194, 210], fill=(225, 215, 195))
    pen.polygon([(48, 120), (128, 52), (208, 120)], fill=(170, 70, 55))
    pen.rectangle([78, 158, 108, 210], fill=(110, 70, 45))
    for left in (128, 160):
        pen.rectangle([left, 140, left + 22, 166], fill=(120, 170, 210), outline=(80, 80, 80), width=2)
    return np.asarray(picture)


def _row(items: "list[np.ndarray[tuple[int, ...], np.dtype[np.uint8]]]") -> Image.Image:
    row = Image.new("RGB", (len(items) * _SHOWN + (len(items) - 1) * _GAP, _SHOWN), "white")
    for place, item in enumerate(items):
        row.paste(Image.fromarray(item).resize((_SHOWN, _SHOWN)), (place * (_SHOWN + _GAP), 0))
    return row


if __name__ == "__main__":
    main()
