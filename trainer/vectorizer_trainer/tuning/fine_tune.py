"""One fine-tuning: which recipe the number of examples calls for."""

from collections.abc import Sequence

import numpy as np

from vectorizer_trainer.augmentation import UNCHANGED, Augmentation
from vectorizer_trainer.content.encoder import Item
from vectorizer_trainer.schedule import FEWEST_TO_HOLD_OUT
from vectorizer_trainer.tuning.checkpoint import Checkpoints
from vectorizer_trainer.tuning.cross_validated import tune_cross_validated
from vectorizer_trainer.tuning.held_out import tune_held_out
from vectorizer_trainer.tuning.task import Stopwatch, Task
from vectorizer_trainer.tuning.types import Examples, Observer, Tuned
from vectorizer_trainer.vectorizer import Vectorizer

__all__ = ["fine_tune"]


def fine_tune(
    start: Vectorizer,
    train: Examples,
    choose: Examples,
    gate: Examples,
    reference: Sequence[Item],
    label_names: Sequence[str],
    seed: int,
    observer: Observer,
    checkpoints: Checkpoints,
    augmentation: Augmentation = UNCHANGED,
) -> Tuned:
    """Trains the candidates, chooses one and a share of its change, and judges it on examples that chose nothing.

    `reference` are items of the base, whose change of neighbourhood measures what is forgotten; `augmentation` varies
    what is trained on, and nothing that is measured. The same seed on the same kind of processor with the same number
    of threads gives the same weights, also where the training goes on from a checkpoint.
    """
    task = Task(
        start, train, choose, gate, reference, label_names, seed, Stopwatch(observer), checkpoints, augmentation
    )
    # A group is one witness, however many examples it has.
    groups = np.unique(np.concatenate([part.groups for part in (train, choose, gate)]))
    return tune_cross_validated(task) if len(groups) < FEWEST_TO_HOLD_OUT else tune_held_out(task)
