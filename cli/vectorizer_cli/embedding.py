"""Embedding files of this machine into one .npz file."""

import os
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn
from vectorizer_api.content import ContentType
from vectorizer_api.names import LABELS_FILE
from vectorizer_trainer.errors import BadInput, OverLimit, StorageError, UnreadableFile
from vectorizer_trainer.vectorizer import Vectorizer, load_vectorizer
from vectorizer_trainer.wording import counted, quoted

_BATCH = 64
"""Files decoded and embedded together: what is in memory at a time."""


@dataclass(frozen=True)
class Found:
    """A file to embed."""

    name: str
    """Relative to the folder that was given, or as given."""
    path: Path


def embed_files(
    paths: Sequence[Path], out: Path, vectorizer: Path | None, base: ContentType | None, console: Console
) -> None:
    """Write `names` and `vectors` of all readable files; raises BadInput where there is none."""
    opened = _open(vectorizer, base, console)
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


def find_files(paths: Sequence[Path], suffixes: frozenset[str]) -> tuple[list[Found], int]:
    """Files as given, those of a folder in the order of their names, and how many of other kinds were passed over."""
    found: list[Found] = []
    passed_over = 0
    for path in paths:
        if path.is_file():
            found.append(Found(path.as_posix(), path))
        elif path.is_dir():
            inside = list(_walk(path))
            own = [file for file in inside if file.suffix.lower() in suffixes]
            passed_over += len(inside) - len(own)
            found += sorted((Found(file.relative_to(path).as_posix(), file) for file in own), key=lambda one: one.name)
        else:
            raise BadInput(f"{path} is neither a file nor a folder.", hint="Name files and folders that exist.")
    return found, passed_over


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


def _open(vectorizer: Path | None, base: ContentType | None, console: Console) -> Vectorizer:
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


def _walk(folder: Path) -> Iterator[Path]:
    for parent, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in files:
            path = Path(parent, name)
            if not name.startswith(".") and name != LABELS_FILE and path.is_file():
                yield path


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
        for start in range(0, len(found), _BATCH):
            batch = found[start : start + _BATCH]
            decoded = list(_decoded(vectorizer, batch, progress.console))
            names += [one.name for one, _ in decoded]
            parts.append(vectorizer.encode_items([item for _, item in decoded]))
            progress.update(task, advance=len(batch))
    return names, np.concatenate(parts), len(found) - len(names)


def _decoded(
    vectorizer: Vectorizer, batch: Sequence[Found], console: Console
) -> Iterator[tuple[Found, "np.ndarray[tuple[int, ...], np.dtype[np.generic]]"]]:
    for one in batch:
        try:
            yield one, vectorizer.decode(one.path)
        except (UnreadableFile, OverLimit, OSError) as error:
            console.print(
                f"[yellow]Left out:[/] {escape(one.name)}: {escape(str(error))}", highlight=False, soft_wrap=True
            )
