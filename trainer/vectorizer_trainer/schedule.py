"""How long the deep candidate trains: a matter of numbers alone, which the forecast needs before torch is loaded."""

import math

__all__ = ["BATCH", "FEWEST_EXAMPLES", "epochs_for", "steps_for"]

FEWEST_EXAMPLES = 300
"""Below this many examples the blocks would learn them by heart."""
BATCH = 64


def epochs_for(examples: int) -> int:
    """More epochs for fewer examples: 6 at 1,000."""
    return int(min(12, max(3, 6 * math.sqrt(1000 / examples))))


def steps_for(examples: int) -> int:
    """Optimiser steps in all."""
    return epochs_for(examples) * max(1, examples // BATCH)
