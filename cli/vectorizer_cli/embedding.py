"""Embedding files of this machine into one .npz file."""

import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn
from vectorizer_api.content import ContentType
from vectorizer_trainer.errors import BadInput, StorageError
from vectorizer_trainer.vectorizer import Vectorizer
from vectorizer_trainer.wording import counted, quoted

from vectorizer_cli.files import Found, find_files
from vectorizer_cli.vectors import embedded, open_vectorizer


def embed_files(
    paths: Sequence[Path], out: Path, vectorizer: Path | None, base: ContentType | None, console: Console
) -> None:
    """Write `names` and `vectors` of all readable files; raises BadInput where there is none."""
    opened = open_vectorizer(vectorizer, base, console)
    found, passed_over = find_files(paths, opened.suffixes)
    if not found:
        raise BadInput(
            f"There is nothing to embed: no file of {opened.content_type} ({', '.join(sorted(opened.suffixes))}).",
            hint=f"Passed over: {counted(passed_over, 'file')} of other kinds.",
        )
    _check_names(found)
    names, vectors, unreadable = _embed(opened, found, console)
    if not names:
        raise BadInput("None of the files could be embedded.", hint="The reasons are above.")
    write_vectors(out, names, vectors)
    console.print(
        f"{counted(len(names), 'file')} embedded by {opened.description.name} ({opened.dimension} numbers each) "
        f"into {out}; "
        f"{passed_over:,} of other kinds passed over, {unreadable:,} could not be read.",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )


def write_vectors(out: Path, names: Sequence[str], vectors: NDArray[np.float32]) -> None:
    """Write the .npz file, whole or not at all; raises StorageError."""
    partial = None
    try:
        with tempfile.NamedTemporaryFile(dir=out.parent, prefix=f".{out.name}.", delete=False) as stream:
            partial = Path(stream.name)
            np.savez(stream, names=np.array(names, dtype=np.str_), vectors=vectors)
        partial.chmod(0o644)
        partial.replace(out)
    except OSError as error:
        raise StorageError(f"{out} cannot be written: {error.strerror}.", hint="Name another --out.") from error
    finally:
        if partial is not None:
            partial.unlink(missing_ok=True)


def _check_names(found: Sequence[Found]) -> None:
    name, times = Counter(one.name for one in found).most_common(1)[0]
    if times > 1:
        raise BadInput(
            f"The name {quoted(name)} stands for {times} files.",
            hint="Embed the folders one by one, into files of their own.",
        )


def _embed(
    vectorizer: Vectorizer, found: Sequence[Found], console: Console
) -> tuple[list[str], NDArray[np.float32], int]:
    names: list[str] = []
    parts: list[NDArray[np.float32]] = []
    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("Embedding", total=len(found))
        for batch in embedded(vectorizer, found, progress.console):
            names += batch.names
            parts.append(batch.vectors)
            progress.update(task, advance=batch.files)
    return names, np.concatenate(parts), len(found) - len(names)
