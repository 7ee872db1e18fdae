"""The files of a folder that are nearest to one file, or to a text; memory does not grow with the folder."""

import heapq
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from rich.text import Text
from vectorizer_api.content import ContentType
from vectorizer_trainer.errors import BadInput, UnreadableFile
from vectorizer_trainer.vectorizer import Vectorizer
from vectorizer_trainer.wording import quoted

from vectorizer_cli.files import stream_files
from vectorizer_cli.vectors import Batch, embedded, open_vectorizer


@dataclass(frozen=True, order=True)
class Neighbour:
    """A file that was found, the nearest being the greatest."""

    similarity: float
    """Cosine of the angle to the query."""
    name: str
    """Relative to the folder."""


@dataclass(frozen=True)
class Search:
    """What `vectorizer search` was asked for."""

    query: str
    folder: Path
    vectorizer: Path | None
    base: ContentType | None
    top: int


def search_folder(asked: Search, console: Console) -> list[Neighbour]:
    """The nearest files of the folder, the query's own left out, the nearest first; raises BadInput for none."""
    if not asked.folder.is_dir():
        raise BadInput(f"--in {asked.folder} is not a folder.", hint="Name the folder to search in.")
    opened = open_vectorizer(asked.vectorizer, asked.base, console)
    query = _vector(asked.query, opened)
    own = Path(asked.query).absolute()
    files = (one for one in stream_files(asked.folder.absolute(), opened.suffixes) if one.path != own)
    with console.status("Searching …"):
        found = nearest(query, embedded(opened, files, console), asked.top)
    if not found:
        kinds = ", ".join(sorted(opened.suffixes))
        raise BadInput(f"--in {asked.folder} holds no file of {opened.content_type} that can be read ({kinds}).")
    return found


def nearest(query: NDArray[np.float32], batches: Iterable[Batch], count: int) -> list[Neighbour]:
    """The `count` names whose vectors are nearest to the query [dimension], the nearest first."""
    kept: list[Neighbour] = []
    for batch in batches:
        similarities = (batch.vectors @ query).tolist()
        kept = heapq.nlargest(count, [*kept, *map(Neighbour, similarities, batch.names)])
    return kept


def table_of_neighbours(found: Iterable[Neighbour]) -> Table:
    """A row for each."""
    table = Table("", "similarity", "file")
    for rank, one in enumerate(found, start=1):
        table.add_row(str(rank), f"{one.similarity:.3f}", Text(one.name, overflow="fold"))
    return table


def _vector(query: str, vectorizer: Vectorizer) -> NDArray[np.float32]:
    path = Path(query)
    try:
        if _is_file(path):
            return vectorizer.encode([path]).reshape(-1)
        if vectorizer.content_type is not ContentType.TEXT:
            raise BadInput(f"The query {quoted(query)} is not a file.", hint="Name a file to find the like of.")
        return _vector_of_words(query, vectorizer)
    except UnreadableFile as error:
        raise BadInput(f"The query {quoted(query)}: {error}.", hint="Name another file.") from error


def _vector_of_words(words: str, vectorizer: Vectorizer) -> NDArray[np.float32]:
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", suffix=".txt") as file:
        file.write(words)
        file.flush()
        return vectorizer.encode([file.name]).reshape(-1)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # as of a text that is too long for a name
        return False
