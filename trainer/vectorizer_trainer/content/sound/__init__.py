"""Sounds: recordings through CLAP's audio tower.

An item is the sound as int16 samples [t], in mono at the tower's sample rate.
"""

from vectorizer_trainer.content.sound.encoder import SoundEncoder, encoder_of, new_encoder, open_encoder

__all__ = ["SoundEncoder", "encoder_of", "new_encoder", "open_encoder"]
