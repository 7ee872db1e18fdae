"""Whether varied examples taught more than the examples as they are, and what a user must know of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from vectorizer_api.content import AugmentationConditions

from vectorizer_trainer.augmentation import UNCHANGED, Augmentation
from vectorizer_trainer.evaluation import Difference, HeldOut, compare
from vectorizer_trainer.tuning.audit import TransformationEffect
from vectorizer_trainer.wording import spaced

__all__ = ["Augmented", "measure_gain"]

_SWITCHES = frozenset(AugmentationConditions().model_dump(by_alias=True))


@dataclass(frozen=True)
class Augmented:
    """What augmentation did to a fine-tuning."""

    effects: list[TransformationEffect] = field(default_factory=list)
    """Of each transformation that was on."""
    gain: Difference | None = None
    """NDCG@10 + mAP@100 of the linear adapter trained on varied examples too, minus that of the one trained on the
    examples as they are; None where nothing is varied."""
    applied: bool = False
    """Whether the judged candidate was trained on varied examples."""

    @property
    def harmful(self) -> bool:
        """Whether varied examples taught less, by more than one standard error."""
        return self.gain is not None and self.gain.value + self.gain.error < 0

    @property
    def helpful(self) -> bool:
        """Whether varied examples taught more, by more than one standard error."""
        return self.gain is not None and self.gain.value - self.gain.error > 0

    def to_try(self, asked: Augmentation) -> list[Augmentation]:
        """How the blocks see their examples: where the adapters leave it in doubt, both ways are tried.

        What a linear map makes of varied examples tells only roughly what an encoder does.
        """
        if self.gain is None or self.harmful:
            return [UNCHANGED]
        return [asked] if self.helpful else [UNCHANGED, asked]

    def warnings(self) -> list[str]:
        """What to turn off, and what was not done as asked."""
        return [*self._on_labels(), *self._on_gain()]

    def _on_labels(self) -> list[str]:
        named = [effect for effect in self.effects if effect.breaks_labels and effect.transformation in _SWITCHES]
        if not named:
            return []
        shares = ", ".join(f"{spaced(effect.transformation)} {100 * effect.varied:.0f} %" for effect in named)
        warning = (
            f"Augmentation: an example shares {100 * named[0].agreement:.0f} % of its labels with its nearest ones, "
            f"far fewer once it is varied by one transformation alone: {shares}. Switch off those that make another "
            "thing of your examples."
        )
        return [warning]

    def _on_gain(self) -> list[str]:
        if self.gain is None or not self.harmful:
            return []
        value, error = 100 * self.gain.value, 100 * self.gain.error
        warning = (
            f"Augmentation: with varied examples the linear adapter did worse by {-value:.1f} ± {error:.1f} points of "
            "NDCG@10 + mAP@100, so the examples were trained on as they are."
        )
        return [warning]


def measure_gain(folds: Sequence[HeldOut], seed: int) -> Difference:
    """The gain of varied examples, from held-out items under both adapters: `tuned` is the one that saw variations."""
    comparison = compare(folds, seed)
    return comparison.difference(*comparison.known("ndcg_at_10", "map_at_100"))
