"""Docstrings of the standard library and of installed packages, labelled by package, kind and sub-field."""

import os
import random
from collections import Counter
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from vectorizer_trainer.bases.text.docstrings import Docstring, docstrings

from vectorizer_dev.datasets.writing import Labelled, write_split

__all__ = ["make"]

_PACKAGES = ["numpy", "python", "scipy", "sklearn", "torch"]
_SHORTEST = 80
"""Characters below which a docstring says too little to be told from others."""
_LONGEST = 400
_SMALLEST_FIELD = 40
"""Docstrings below which a sub-field is no label."""


def make(folder: Path, train: int = 1000, test: int = 1000, seed: int = 0) -> None:
    """Writes `train/` and `test/`, each with text files and example_to_labels.json; no text is in both."""
    pool = _labelled(_distinct(), seed)[: train + test]
    write_split(folder / "train", pool[:train])
    write_split(folder / "test", pool[train:])


def _distinct() -> list[Docstring]:
    seen: dict[str, Docstring] = {}
    for package in _PACKAGES:
        for found in docstrings(_root(package), package):
            if _SHORTEST <= len(found.text) <= _LONGEST:
                seen.setdefault(" ".join(found.text.split()), found)
    return list(seen.values())


def _root(package: str) -> Path:
    if package == "python":
        return Path(os.__file__).parent
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"the package {package} is not installed")
    return Path(spec.origin).parent


def _labelled(found: list[Docstring], seed: int) -> list[Labelled]:
    sizes = Counter(field for one in found for field in _fields(one))
    examples = []
    for index, one in enumerate(_taken_in_turn(found, seed)):
        field = [field for field in _fields(one) if sizes[field] >= _SMALLEST_FIELD]
        labels = (one.module.split(".")[0], one.kind, *field)
        examples.append(Labelled(f"{index:05d}-{one.name}.txt"[:80], one.text.encode(), labels))
    return examples


def _fields(one: Docstring) -> Iterator[str]:
    parts = one.module.split(".")
    if len(parts) > 1 and parts[1] != "__init__":
        yield parts[1].strip("_")


def _taken_in_turn(found: list[Docstring], seed: int) -> list[Docstring]:
    """All of them, the packages by turns as long as each has some left, in random order within a package."""
    turns: list[tuple[int, str, Docstring]] = []
    for package in _PACKAGES:
        own = [one for one in found if one.module.split(".")[0] == package]
        random.Random(f"{seed} {package}").shuffle(own)
        turns += [(turn, package, one) for turn, one in enumerate(own)]
    return [one for _, _, one in sorted(turns, key=lambda taken: taken[:2])]
