"""The small base for sounds: a tiny CLAP audio tower that knows sixteen words by six voices.

It was taught which words are said, by which voice and before which noise.
"""

from collections.abc import Sequence

import numpy as np
import torch

from vectorizer_trainer.bases.contract import REFERENCE_ITEMS, SEED, SmallBase
from vectorizer_trainer.bases.pool import Pool
from vectorizer_trainer.bases.sound.recordings import KNOWN, SAMPLE_RATE, recordings
from vectorizer_trainer.bases.training import Lessons, trained
from vectorizer_trainer.content.encoder import Item
from vectorizer_trainer.content.sound import SoundEncoder, new_encoder

NAME = "spoken-words-clap-tiny"
REVISION = 1

TOWER = {
    "spec_size": 64,
    "num_mel_bins": 32,
    "patch_size": 8,
    "patch_stride": [8, 8],
    "window_size": 4,
    "patch_embeds_hidden_size": 64,
    "depths": [2, 2],
    "num_attention_heads": [4, 8],
    "num_hidden_layers": 2,
    "hidden_size": 128,
    "mlp_ratio": 2.0,
    "hidden_dropout_prob": 0.0,
    "projection_dim": 96,
}
PREPROCESSING = {
    "sampleRate": SAMPLE_RATE,
    "windowSeconds": 2,
    "fftLength": 1024,
    "hopLength": 350,
    "lowestFrequency": 50,
    "highestFrequency": 10_000,
}
_RECORDINGS = 6_400
_HEARD_FIRST = 256
"""Recordings whose spectrograms say how loud each frequency is."""


def make() -> SmallBase:
    """Trains the base; raises ModuleNotFoundError where espeakng-loader is not installed."""
    lessons = _lessons()
    return SmallBase(
        encoder=trained(lambda: _new_encoder(lessons.items[:_HEARD_FIRST]), lessons),
        architecture="transformers.ClapAudioModelWithProjection",
        preprocessing=PREPROCESSING,
        licence="CC0-1.0",
        reference=recordings(Pool.REFERENCE, REFERENCE_ITEMS, SEED, KNOWN).waveforms,
    )


def _lessons() -> Lessons:
    made = recordings(Pool.BASE, _RECORDINGS, SEED, KNOWN)
    return Lessons(made.waveforms, np.hstack([made.words, made.voices, made.noises]), batch=64, epochs=4)


def _new_encoder(waveforms: Sequence[Item]) -> SoundEncoder:
    encoder = new_encoder(TOWER, PREPROCESSING).eval()
    _normalise_input(encoder, waveforms)
    return encoder


def _normalise_input(encoder: SoundEncoder, waveforms: Sequence[Item]) -> None:
    """Lets the batch normalisation before the patches take mean and variance of real spectrograms, once and for all."""
    batch_norm = encoder.tower.audio_model.audio_encoder.batch_norm
    batch_norm.momentum = None
    batch_norm.train()
    with torch.no_grad():
        encoder.features(waveforms)
    batch_norm.eval()
