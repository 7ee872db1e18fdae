"""Augmentation: items varied at random, as the request allows it; items in, items out, and nothing of any encoder.

Every draw comes from a seed of the item's own, so that an item's variation depends neither on its neighbours in a batch
nor on what was varied before. A further content type is a line in `augmentation_for`.
"""

from typing import cast

from vectorizer_api.content import AugmentationConditions, ContentType

from vectorizer_trainer.augmentation.contract import UNCHANGED, Augmentation, Unchanged
from vectorizer_trainer.augmentation.draws import Purpose, item_seeds
from vectorizer_trainer.content.encoder import Encoder

__all__ = ["UNCHANGED", "Augmentation", "Purpose", "Unchanged", "augmentation_for", "item_seeds"]


def augmentation_for(content_type: ContentType, conditions: AugmentationConditions, encoder: Encoder) -> Augmentation:
    """What the items of an encoder are varied by, on its device; the switches act on pictures and videos alone."""
    # Imported on demand, as the content types are: torchaudio is a second of its own.
    match content_type:
        case ContentType.IMAGE | ContentType.VIDEO:
            from vectorizer_trainer.augmentation.pictures import PictureAugmentation

            return PictureAugmentation(conditions, encoder.device)
        case ContentType.SOUND:
            from vectorizer_trainer.augmentation.sound import SoundAugmentation
            from vectorizer_trainer.content.sound import SoundEncoder

            return SoundAugmentation(cast("SoundEncoder", encoder).sample_rate, encoder.device)
        case ContentType.POINT_CLOUD:
            from vectorizer_trainer.augmentation.point_cloud import PointCloudAugmentation

            return PointCloudAugmentation()
        case ContentType.TEXT:
            return UNCHANGED
