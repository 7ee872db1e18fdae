"""Augmentation: items varied at random, as the request allows it; items in, items out, and nothing of any encoder.

Every draw comes from a seed of the item's own, so that an item's variation depends neither on its neighbours in a batch
nor on what was varied before. A further content type is a line in `augmentation_for`.
"""

import torch
from vectorizer_api.content import AugmentationConditions, ContentType

from vectorizer_trainer.augmentation.contract import Augmentation, Unchanged
from vectorizer_trainer.augmentation.draws import item_seeds

__all__ = ["Augmentation", "Unchanged", "augmentation_for", "item_seeds"]


def augmentation_for(
    content_type: ContentType, conditions: AugmentationConditions, device: torch.device
) -> Augmentation:
    """What a content type's items are varied by; the switches act on pictures and videos alone."""
    # Imported on demand: torchaudio is a second of its own.
    match content_type:
        case ContentType.IMAGE | ContentType.VIDEO:
            from vectorizer_trainer.augmentation.pictures import PictureAugmentation

            return PictureAugmentation(conditions, device)
        case ContentType.SOUND:
            from vectorizer_trainer.augmentation.sound import SoundAugmentation

            return SoundAugmentation(device)
        case ContentType.POINT_CLOUD:
            from vectorizer_trainer.augmentation.point_cloud import PointCloudAugmentation

            return PointCloudAugmentation()
        case _:
            return Unchanged()
