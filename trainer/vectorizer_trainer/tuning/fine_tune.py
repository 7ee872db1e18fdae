"""One fine-tuning, from the start's baseline to the verdict."""

from collections.abc import Sequence

from vectorizer_trainer.content.encoder import Item
from vectorizer_trainer.tuning.types import Examples, Observer, Tuned
from vectorizer_trainer.vectorizer import Vectorizer


def fine_tune(
    start: Vectorizer,
    train: Examples,
    choose: Examples,
    gate: Examples,
    reference: Sequence[Item],
    label_names: Sequence[str],
    seed: int,
    observer: Observer,
) -> Tuned:
    """Trains the candidates, chooses one and a share of its change, and judges it on examples that chose nothing."""
    raise NotImplementedError
