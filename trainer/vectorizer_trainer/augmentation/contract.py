"""What every augmentation can do."""

from collections.abc import Sequence
from typing import Protocol

from vectorizer_trainer.content.encoder import Item

__all__ = ["UNCHANGED", "Augmentation", "Unchanged"]


class Augmentation(Protocol):
    """Varies items at random."""

    @property
    def transformations(self) -> tuple[str, ...]:
        """Names of what it may do to an item, as in the request where it names them; none: items stay as they are."""

    def vary(self, items: Sequence[Item], seeds: Sequence[int]) -> list[Item]:
        """Items of the same shapes and types; each depends on its own seed and on nothing else.

        The arrays given are never written to, and one that nothing changed may come back itself.
        """

    def only(self, transformation: str) -> "Augmentation":
        """One of its transformations alone, applied to every item instead of some."""


class Unchanged:
    """Leaves items as they are."""

    transformations: tuple[str, ...] = ()

    def vary(self, items: Sequence[Item], seeds: Sequence[int]) -> list[Item]:
        """The items themselves."""
        return list(items)

    def only(self, transformation: str) -> Augmentation:
        """Raises ValueError: it has none."""
        raise ValueError(f"nothing is varied, so not {transformation} either")


UNCHANGED = Unchanged()
"""For texts, and for trainings that vary nothing."""
