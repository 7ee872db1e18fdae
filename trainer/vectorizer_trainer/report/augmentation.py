"""What the report says of augmentation: what was done, and what each transformation alone does to the labels."""

from typing import TYPE_CHECKING

from vectorizer_api.content import ContentType
from vectorizer_api.run import RunDescription

from vectorizer_trainer.report.document import Augmentation, TransformationEffect

if TYPE_CHECKING:
    from vectorizer_trainer.tuning.audit import TransformationEffect as Measured
    from vectorizer_trainer.tuning.augmented import Augmented

__all__ = ["augmentation_section"]


def augmentation_section(run: RunDescription, augmented: "Augmented") -> Augmentation:
    """The section, from what augmentation did to the fine-tuning."""
    return Augmentation(
        applied=augmented.applied,
        note=_note(run.content_type, augmented),
        switches=run.augmentation,
        effects=[_effect(effect) for effect in augmented.effects],
    )


def _effect(effect: "Measured") -> TransformationEffect:
    return TransformationEffect(
        transformation=effect.transformation,
        agreement=effect.agreement,
        varied=effect.varied,
        chance=effect.chance,
        error=effect.error,
        breaks_labels=effect.breaks_labels,
    )


def _note(content_type: ContentType, augmented: "Augmented") -> str:
    if augmented.gain is None:
        varied = content_type is not ContentType.TEXT
        return "Every transformation was switched off." if varied else "Texts are not augmented."
    if augmented.harmful:
        return "Varied examples taught less than the examples as they are, so these alone were trained on."
    if not augmented.applied:
        return "Varied examples were tried; a candidate that was trained on the examples as they are was better."
    return "The judged candidate was trained on varied examples."
