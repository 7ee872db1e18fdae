"""A vectorizer, opened for a command, and the vectors that it gives of many files."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.markup import escape
from vectorizer_api.content import ContentType
from vectorizer_trainer.content.encoder import Item
from vectorizer_trainer.errors import BadInput, UnreadableFile
from vectorizer_trainer.vectorizer import Vectorizer, load_vectorizer

from vectorizer_cli.files import Found

_BATCH = 64
"""Files decoded and embedded together: what is in memory at a time."""


@dataclass(frozen=True)
class Batch:
    """Vectors of some files."""

    names: Sequence[str]
    vectors: NDArray[np.float32]
    """[names, dimension]."""
    files: int
    """Those that could not be read counted too."""


def open_vectorizer(vectorizer: Path | None, base: ContentType | None, console: Console) -> Vectorizer:
    """The vectorizer of a folder, or the base of a content type; raises BadInput unless exactly one is given."""
    from vectorizer_trainer.bases import ensure_base
    from vectorizer_trainer.content import supported_content_types

    if (vectorizer is None) == (base is None):
        given = (
            "Neither --vectorizer nor --base is given." if base is None else "Both --vectorizer and --base are given."
        )
        raise BadInput(given, hint="Give one of --vectorizer FOLDER and --base TYPE.")
    if vectorizer is not None:
        if not vectorizer.is_dir():
            raise BadInput(f"--vectorizer {vectorizer} is not a folder.", hint="Name the folder of a vectorizer.")
        return load_vectorizer(vectorizer)
    if base not in supported_content_types():
        raise BadInput(
            f"--base: {base} is not supported yet.", hint=f"Supported: {', '.join(sorted(supported_content_types()))}."
        )
    with console.status(f"Opening the base for {base}; a small one is made where there is none …"):
        return load_vectorizer(ensure_base(ContentType(base)))


def embedded(vectorizer: Vectorizer, found: Iterable[Found], console: Console) -> Iterator[Batch]:
    """The vectors of files, batch by batch; those that cannot be read are named and left out."""
    waiting = iter(found)
    while batch := list(islice(waiting, _BATCH)):
        read = list(readable(vectorizer, batch, console))
        yield Batch([one.name for one, _ in read], vectorizer.encode_items([item for _, item in read]), len(batch))


def readable(vectorizer: Vectorizer, found: Iterable[Found], console: Console) -> Iterator[tuple[Found, Item]]:
    """Files with their items, one after another; those that cannot be read are named and left out."""
    for one in found:
        try:
            yield one, vectorizer.decode(one.path)
        except (UnreadableFile, OSError) as error:
            console.print(
                f"[yellow]Left out:[/] {escape(one.name)}: {escape(str(error))}", highlight=False, soft_wrap=True
            )
