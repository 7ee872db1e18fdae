"""Docstrings of installed packages: real English text, read without importing what it describes."""

import ast
import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

__all__ = ["Docstring", "docstrings"]

Kind = Literal["class", "function", "method"]

_SKIPPED = {"test", "tests", "testing", "_vendor", "externals", "idlelib", "lib2to3", "site-packages", "dist-packages"}
_SKIPPED |= {
    "_inductor",
    "_dynamo",
    "_functorch",
    "_export",
    "_subclasses",
    "_higher_order_ops",
    "encodings",
    "pydoc_data",
}


@dataclass(frozen=True)
class Docstring:
    """What a class, function or method says about itself."""

    module: str
    """Dotted name, as `scipy.linalg.basic`."""
    name: str
    kind: Kind
    text: str
    """With indentation removed."""


def docstrings(root: Path, package: str) -> Iterator[Docstring]:
    """The docstrings of the public classes, functions and methods of the package in a folder, in a fixed order."""
    for path in sorted(root.rglob("*.py")):
        inside = path.relative_to(root)
        if _SKIPPED.isdisjoint(part.lower() for part in inside.parts):
            yield from _in_file(path, ".".join([package, *inside.with_suffix("").parts]))


def _in_file(path: Path, module: str) -> Iterator[Docstring]:
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError):
        return
    yield from _in_body(tree.body, module, "function")


def _in_body(body: list[ast.stmt], module: str, kind: Kind) -> Iterator[Docstring]:
    for node in body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield from _of(node, module, "class")
            yield from _in_body(node.body, module, "method")
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_"):
            yield from _of(node, module, kind)


def _of(node: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef, module: str, kind: Kind) -> Iterator[Docstring]:
    text = ast.get_docstring(node)
    if text:
        yield Docstring(module, node.name, kind, inspect.cleandoc(text))
