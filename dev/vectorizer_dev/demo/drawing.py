"""Neighbours in a terminal."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from vectorizer_dev.demo.neighbours import Gallery, nearest
from vectorizer_dev.demo.pictures import in_half_blocks

QUERIES = 3
LONGEST_TITLE = 24
LARGEST_SIDE = 20
"""Columns of a picture, at most."""


class Drawing(Protocol):
    """How files look in a terminal."""

    @property
    def neighbours(self) -> int:
        """How many fit side by side or beneath each other."""

    def draw(self, gallery: Gallery, items: Sequence[int], query: int) -> RenderableType:
        """Draw items with their labels, those of the query standing out."""


@dataclass(frozen=True)
class Lines:
    """A line for each file: name and labels."""

    neighbours: int = 3

    def draw(self, gallery: Gallery, items: Sequence[int], query: int) -> RenderableType:
        """Draw items beneath each other."""
        return Text("\n").join(
            Text(f"{_title(gallery.paths[item])} ") + _caption(gallery, item, query) for item in items
        )


@dataclass(frozen=True)
class Pictures:
    """Pictures side by side with their labels beneath."""

    columns: int
    """Width of the terminal."""
    neighbours: int = 2

    def draw(self, gallery: Gallery, items: Sequence[int], query: int) -> RenderableType:
        """Draw items side by side."""
        row = Table.grid(padding=(0, 1))
        row.add_row(*(in_half_blocks(gallery.paths[item], self._side) for item in items))
        row.add_row(*(_caption(gallery, item, query) for item in items))
        return row

    @property
    def _side(self) -> int:
        in_a_row = 1 + 2 * self.neighbours
        frame = 16
        return min(LARGEST_SIDE, (self.columns - frame) // in_a_row // 2 * 2)


def comparison(gallery: Gallery, before: NDArray[np.float32], after: NDArray[np.float32], drawing: Drawing) -> Table:
    """Draw the nearest neighbours of a few files before and after; labels shared with the query stand out."""
    table = Table(
        "file",
        "nearest before",
        "nearest after",
        title="Nearest neighbours of unseen files, drawn at random",
        show_lines=True,
    )
    columns = nearest(before, drawing.neighbours), nearest(after, drawing.neighbours)
    for query in range(min(QUERIES, len(gallery.paths))):
        cells = [drawing.draw(gallery, items, query) for items in ([query], *(list(rows[query]) for rows in columns))]
        table.add_row(*cells)
    return table


def _caption(gallery: Gallery, item: int, query: int) -> Text:
    """Return an item's labels, those shared with the query standing out."""
    shared = gallery.labels[query]
    labels = sorted(gallery.labels[item])
    return Text(" ").join(Text(label, "bold green" if label in shared else "dim") for label in labels)


def _title(path: Path) -> str:
    """Return the name without the number that keeps names apart."""
    return (path.stem.lstrip("0123456789-") or path.stem)[:LONGEST_TITLE]
