"""Which vectorizer was tuned from which: a tree below each base."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from rich.markup import escape
from rich.tree import Tree
from vectorizer_api.conditions import ConditionType
from vectorizer_api.custom_vectorizer import CustomVectorizer
from vectorizer_api.names import vectorizer_object_name
from vectorizer_trainer.errors import BadInput
from vectorizer_trainer.wording import quoted

from vectorizer_cli.sentences import visible

__all__ = ["Descent", "descents", "document_of", "tree_of"]


@dataclass
class Descent:
    """A vectorizer, or what is left of it: its name; and what was tuned from it."""

    name: str
    content_type: str
    vectorizer: CustomVectorizer | None
    """None for a base, and for one that was deleted."""
    is_base: bool = False
    children: list["Descent"] = field(default_factory=list)


def descents(vectorizers: Sequence[CustomVectorizer], name: str = "") -> list[Descent]:
    """The trees of all vectorizers, by base; with a name only what leads to that one and what descends from it.

    Raises BadInput where no vectorizer is called so.
    """
    roots = _trees(vectorizers)
    if not name:
        return roots
    wanted = vectorizer_object_name(name)
    found = [cut for root in roots if (cut := _only(root, wanted)) is not None]
    if not found:
        raise BadInput(f"No vectorizer is called {quoted(name)}.", hint="`vectorizer list` names them.")
    return found


def tree_of(descent: Descent) -> Tree:
    """For a terminal."""
    tree = Tree(_line(descent), highlight=False)
    for child in descent.children:
        tree.children.append(tree_of(child))
    return tree


def document_of(descent: Descent) -> dict[str, Any]:
    """For programs."""
    kind = "base" if descent.is_base else "vectorizer" if descent.vectorizer else "deleted"
    said: dict[str, Any] = {"name": descent.name, "contentType": descent.content_type, "kind": kind}
    if descent.vectorizer is not None:
        status = descent.vectorizer.status
        said |= {
            "object": descent.vectorizer.metadata.name,
            "fineTune": descent.vectorizer.spec.source.fine_tune_name,
            "outcome": str(status.outcome) if status and status.outcome else None,
        }
    return said | {"children": [document_of(child) for child in descent.children]}


def _trees(vectorizers: Sequence[CustomVectorizer]) -> list[Descent]:
    by_uid = {one.metadata.uid: _descent(one) for one in vectorizers}
    roots: dict[tuple[str, str], Descent] = {}
    gone: dict[str, Descent] = {}
    for one in vectorizers:
        spec, source = one.spec, one.spec.source
        base = roots.setdefault(
            (spec.content_type, spec.base.name), Descent(spec.base.name, spec.content_type, None, is_base=True)
        )
        above = base
        if source.starting_vectorizer_name:
            # By UID: another vectorizer may have the name of one that was deleted.
            above = by_uid.get(source.starting_vectorizer_uid) or _deleted(one, base, gone)
        above.children.append(by_uid[one.metadata.uid])
    return [roots[key] for key in sorted(roots)]


def _deleted(child: CustomVectorizer, base: Descent, gone: dict[str, Descent]) -> Descent:
    source = child.spec.source
    key = source.starting_vectorizer_uid or source.starting_vectorizer_name
    if key not in gone:
        gone[key] = Descent(source.starting_vectorizer_name, child.spec.content_type, None)
        base.children.append(gone[key])
    return gone[key]


def _descent(vectorizer: CustomVectorizer) -> Descent:
    return Descent(vectorizer.spec.custom_vectorizer_name, vectorizer.spec.content_type, vectorizer)


def _only(descent: Descent, wanted: str) -> Descent | None:
    """The branch to one vectorizer, with all below it."""
    if descent.vectorizer is not None and descent.vectorizer.metadata.name == wanted:
        return descent
    kept = [cut for child in descent.children if (cut := _only(child, wanted)) is not None]
    return Descent(descent.name, descent.content_type, descent.vectorizer, descent.is_base, kept) if kept else None


def _line(descent: Descent) -> str:
    name = escape(visible(descent.name))
    if descent.is_base:
        return f"[bold]{name}[/] (base, {descent.content_type})"
    if descent.vectorizer is None:
        return f"{name} [dim](deleted)[/]"
    return " ".join([name, *(f"[dim]{escape(word)}[/]" for word in _facts(descent.vectorizer))])


def _facts(vectorizer: CustomVectorizer) -> Iterator[str]:
    status = vectorizer.status
    if status is None:
        return
    if status.outcome is not None:
        yield str(status.outcome)
    if status.score:
        yield status.score
    if not any(one.type == ConditionType.READY and one.status == "True" for one in status.conditions):
        yield "(not Ready)"
