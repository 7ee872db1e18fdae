"""Images: raster files through an open_clip vision tower.

An item is a picture as uint8 [size, size, 3] at the tower's input size. The adapter is folded into the tower's
projection on saving, so that the saved tower is an open_clip one as it stands.
"""

from vectorizer_trainer.content.image.architecture import architecture
from vectorizer_trainer.content.image.encoder import ImageEncoder, new_encoder, open_encoder

__all__ = ["ImageEncoder", "architecture", "new_encoder", "open_encoder"]
