"""The held-out examples by name: what the report shows is taken from them alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vectorizer_trainer.dataset import TrainingSet
from vectorizer_trainer.evaluation import HeldOut
from vectorizer_trainer.splitting import Part

if TYPE_CHECKING:
    from vectorizer_trainer.content.encoder import Item
    from vectorizer_trainer.tuning.types import Tuned

__all__ = ["NamedFold", "items_by_name", "named_folds"]


@dataclass(frozen=True)
class NamedFold:
    """Held-out examples whose vectors compare."""

    names: list[str]
    """[n] file names."""
    vectors: HeldOut


def named_folds(training_set: TrainingSet, tuned: "Tuned") -> list[NamedFold]:
    """The folds of a tuning with the names of their files."""
    names = _names(training_set)
    return [
        NamedFold([names[index] for index in indices.tolist()], fold)
        for indices, fold in zip(tuned.shown, tuned.folds, strict=True)
    ]


def items_by_name(training_set: TrainingSet, names: Sequence[str]) -> "dict[str, Item]":
    """The decoded files of these names."""
    wanted = set(names)
    parts = (training_set.train.items, training_set.choose.items, training_set.gate.items)
    places = ((items, index) for items in parts for index in range(len(items)))
    named = zip(_names(training_set), places, strict=True)
    return {name: items[index] for name, (items, index) in named if name in wanted}


def _names(training_set: TrainingSet) -> list[str]:
    """File names counted through train, choose and gate."""
    of = training_set.selection.parts.items()
    return [name for part in Part for name, own in of if own is part]
