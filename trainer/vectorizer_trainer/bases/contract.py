"""What the module of every small base offers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from vectorizer_trainer.content.encoder import Encoder, Item

__all__ = ["REFERENCE_ITEMS", "SEED", "BaseModule", "SmallBase"]

REFERENCE_ITEMS = 600
SEED = 0
"""Of all that is drawn for a small base: networks, examples and reference items."""


@dataclass(frozen=True)
class SmallBase:
    """A small base as it was made, before it is written."""

    encoder: Encoder
    architecture: str
    """What vectorizer.json is to call the encoder's code."""
    preprocessing: Mapping[str, Any]
    """What the encoder's decoder needs, as JSON."""
    licence: str
    """SPDX identifier of the licence of weights and reference items."""
    reference: Sequence[Item]
    """Items of what the base knows, none of which it was trained on."""


class BaseModule(Protocol):
    """What a module of a small base offers."""

    NAME: str
    REVISION: int
    """Raised whenever `make` comes to make another base, so that an older one in a cache is not taken for it."""

    def make(self) -> SmallBase:
        """The same base each time; raises ModuleNotFoundError where a package that it is made of is not installed."""
