"""Which files of this machine a command takes."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from vectorizer_api.names import GROUPS_FILE, LABELS_FILE, TEST_LABELS_FILE
from vectorizer_trainer.errors import BadInput

_ANNOTATIONS = frozenset({LABELS_FILE, GROUPS_FILE, TEST_LABELS_FILE})


@dataclass(frozen=True)
class Found:
    """A file to embed."""

    name: str
    """Relative to the folder that was given, or as given."""
    path: Path


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


def stream_files(folder: Path, suffixes: frozenset[str]) -> Iterator[Found]:
    """The files of such suffixes below a folder, one after another in no particular order, however many there are."""
    for path in _walk(folder):
        if path.suffix.lower() in suffixes:
            yield Found(path.relative_to(folder).as_posix(), path)


def _walk(folder: Path) -> Iterator[Path]:
    """Files below a folder, without hidden ones and what is said of files."""
    waiting = [folder]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(Path(entry.path))
                elif entry.name not in _ANNOTATIONS and entry.is_file():
                    yield Path(entry.path)
