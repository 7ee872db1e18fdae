"""Videos: an image tower on frames spread evenly over each, its unit vectors averaged (meanP of CLIP4Clip).

An item is a clip as uint8 [frames, size, size, 3] at the tower's input size. The adapter acts behind the average, so it
is a file of its own.
"""

from vectorizer_trainer.content.video.encoder import VideoEncoder, open_encoder

__all__ = ["VideoEncoder", "open_encoder"]
