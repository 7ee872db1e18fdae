"""How many examples are for what, and how long training on them takes: numbers, known before any library is loaded."""

import math

__all__ = [
    "ADAPTER_BATCH",
    "ADAPTER_EPOCHS",
    "ANCHORS",
    "AUDITED",
    "BATCH",
    "CHOOSE",
    "FEWEST_FOR_BLOCKS",
    "FEWEST_TO_HOLD_OUT",
    "FOLDS",
    "VIEWS",
    "adapter_steps",
    "batches_for",
    "epochs_for",
    "gate_share",
    "steps_for",
    "varied_copies",
]

FEWEST_TO_HOLD_OUT = 500
"""Below this many groups of examples a tenth is too few to show a gain: each is held out once, in one of the folds."""
FOLDS = 3
"""More would train longer, and find less in each fold."""
FEWEST_FOR_BLOCKS = 100
"""Fewer examples than are advised for any fine-tuning: nothing was measured on them."""
CHOOSE = 0.1
"""Share of the examples to choose a candidate on."""
_GATE = 0.1
_FEWEST_TO_JUDGE = 200
"""Groups that the gate has, as far as a fifth allows: what 800 videos taught could not be shown on 100 others."""
ADAPTER_EPOCHS = 60
ADAPTER_BATCH = 256
BATCH = 64
ANCHORS = BATCH // 4
"""Anchors beside each batch."""
VIEWS = 4
"""Varied copies of each example that the linear adapter is trained on, beside the example as it is."""
AUDITED = 200
"""Examples that the audit tries each transformation on."""


def gate_share(groups: int) -> float:
    """The share of the examples to judge on, from the number of groups."""
    return max(_GATE, min(2 * _GATE, _FEWEST_TO_JUDGE / groups))


def epochs_for(examples: int) -> int:
    """More epochs for fewer examples: 6 at 1,000."""
    return int(min(12, max(3, 6 * math.sqrt(1000 / examples))))


def batches_for(examples: int) -> int:
    """Batches of an epoch, equally large and at most BATCH: each example is seen once, however many there are."""
    return math.ceil(examples / BATCH)


def steps_for(examples: int) -> int:
    """Optimiser steps in all."""
    return epochs_for(examples) * batches_for(examples)


def adapter_steps(vectors: int) -> int:
    """Optimiser steps of the linear adapter on so many vectors."""
    return ADAPTER_EPOCHS * math.ceil(vectors / ADAPTER_BATCH)


def varied_copies(examples: int, transformations: int) -> int:
    """Items that are varied and embedded before the training of so many examples, by so many transformations."""
    return VIEWS * examples + min(AUDITED, examples) * transformations if transformations else 0
