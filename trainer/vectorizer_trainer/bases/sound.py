"""The small base for sounds: a tiny CLAP audio tower that knows sixteen words by six voices.

It was taught which words are said, by which voice and before which noise, as general bases tell far more of a sound
than one data set asks for.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import normalize
from vectorizer_api.artifact import VectorizerDescription
from vectorizer_api.content import ContentType

from vectorizer_trainer.bases.recordings import KNOWN, SAMPLE_RATE, Pool, recordings
from vectorizer_trainer.bases.reference import REFERENCE_FILE, serialise_reference
from vectorizer_trainer.content.encoder import Item
from vectorizer_trainer.content.sound import SoundEncoder, new_encoder
from vectorizer_trainer.losses import two_way
from vectorizer_trainer.vectorizer import write_vectorizer

NAME = "spoken-words-clap-tiny"
REVISION = 1

_DIMENSION = 96
_TOWER = {
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
    "projection_dim": _DIMENSION,
}
_PREPROCESSING = {
    "sampleRate": SAMPLE_RATE,
    "windowSeconds": 2,
    "fftLength": 1024,
    "hopLength": 350,
    "lowestFrequency": 50,
    "highestFrequency": 10_000,
}
_RECORDINGS = 6_400
_BATCH = 64
_EPOCHS = 4
_LEARNING_RATE = 2e-3
_LOGIT_SCALE = 8.0
_REFERENCE_ITEMS = 600
_SEED = 0


def make(folder: Path) -> None:
    """Trains the base and writes its folder; raises ModuleNotFoundError where espeakng-loader is not installed."""
    description = VectorizerDescription(
        name=NAME,
        content_type=ContentType.SOUND,
        architecture="transformers.ClapAudioModelWithProjection",
        dimension=_DIMENSION,
        preprocessing=_PREPROCESSING,
        licence="CC0-1.0",
        files={},
    )
    encoder = _trained()
    reference = recordings(Pool.REFERENCE, _REFERENCE_ITEMS, _SEED, KNOWN).waveforms
    files = encoder.serialise(torch.eye(encoder.dimension))
    write_vectorizer(folder, description, {**files, REFERENCE_FILE: serialise_reference(reference)})


def _trained() -> SoundEncoder:
    made = recordings(Pool.BASE, _RECORDINGS, _SEED, KNOWN)
    wanted = torch.from_numpy(np.hstack([made.words, made.voices, made.noises]))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(_SEED)
        encoder = new_encoder(_TOWER, _PREPROCESSING).eval()
        _normalise_input(encoder, made.waveforms[: 4 * _BATCH])
        head = nn.Parameter(torch.randn(wanted.shape[1], encoder.dimension))
        _train(encoder, head, made.waveforms, wanted)
    return encoder


def _normalise_input(encoder: SoundEncoder, waveforms: Sequence[Item]) -> None:
    """Lets the batch normalisation before the patches take mean and variance of real spectrograms, once and for all."""
    batch_norm = encoder.tower.audio_model.audio_encoder.batch_norm
    batch_norm.momentum = None
    batch_norm.train()
    with torch.no_grad():
        encoder.features(waveforms)
    batch_norm.eval()


def _train(encoder: SoundEncoder, head: nn.Parameter, waveforms: Sequence[Item], wanted: Tensor) -> None:
    optimiser = torch.optim.AdamW([*encoder.parameters(), head], lr=_LEARNING_RATE, weight_decay=0.05)
    steps = _EPOCHS * len(waveforms) // _BATCH
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, _LEARNING_RATE, total_steps=steps)
    for _ in range(_EPOCHS):
        for batch in torch.randperm(len(waveforms)).split(_BATCH):  # type: ignore[no-untyped-call]
            vectors = encoder.features([waveforms[index] for index in batch.tolist()])
            loss = two_way(_LOGIT_SCALE * vectors @ normalize(head, dim=1).T, wanted[batch])
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()
