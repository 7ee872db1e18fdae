"""A picture in a terminal: two pixels a character cell, by the upper half block."""

from pathlib import Path

from PIL import Image
from rich.color import Color
from rich.style import Style
from rich.text import Text

UPPER_HALF = "▀"


def in_half_blocks(path: Path, side: int) -> Text:
    """Return the picture scaled to `side` x `side` pixels, `side` an even number."""
    with Image.open(path) as opened:
        pixels = opened.convert("RGB").resize((side, side), Image.Resampling.BOX).load()
    if pixels is None:
        raise ValueError(f"{path} holds no pixels")
    rows = (
        Text.assemble(*((UPPER_HALF, _style(pixels[x, y], pixels[x, y + 1])) for x in range(side)))
        for y in range(0, side, 2)
    )
    return Text("\n").join(rows)


def _style(upper: object, lower: object) -> Style:
    return Style(color=_color(upper), bgcolor=_color(lower))


def _color(pixel: object) -> Color:
    if not isinstance(pixel, tuple):
        raise TypeError(f"{pixel!r} is no RGB pixel")
    return Color.from_rgb(*pixel)
