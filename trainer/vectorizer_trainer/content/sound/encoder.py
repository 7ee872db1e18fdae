"""CLAP's audio tower behind windows of our own, in the folder format of transformers.

A long sound is heard in windows of exactly the length that the tower was trained on, spread evenly over it, whose unit
vectors are averaged: one file has one result, where CLAP's own feature extractor draws one window at random. Up to
twelve windows cover a sound; a longer one is heard in twelve.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor
from torch.nn.functional import normalize
from vectorizer_api.artifact import VectorizerDescription
from vectorizer_api.run import Limits

from vectorizer_trainer.content.encoder import Encoder, Inputs, Item
from vectorizer_trainer.content.sound.decode import decode_sound
from vectorizer_trainer.content.sound.spectrogram import MelSettings, MelSpectrogram
from vectorizer_trainer.errors import InvalidVectorizer

if TYPE_CHECKING:
    from transformers import ClapAudioConfig, ClapAudioModelWithProjection

__all__ = ["SoundEncoder", "encoder_of", "new_encoder", "open_encoder"]

_CONFIG = "config.json"
_WEIGHTS = "model.safetensors"
_EXTRACTOR = "preprocessor_config.json"
_ADAPTER = "adapter.safetensors"
_LAST_LAYER = "audio_projection.linear2."
_WINDOWS_AT_ONCE = 16
"""Windows in one pass of the network: enough for the cores, few enough for their memory."""
_MOST_WINDOWS = 12
"""Two minutes of CLAP's ten seconds: bounds what one file costs in memory, on the disk of a run, and in time."""
_FULL_SCALE = 32768


class SoundEncoder(Encoder):
    """A `ClapAudioModelWithProjection` behind a decoder of sound files."""

    suffixes: ClassVar[frozenset[str]] = frozenset({".wav", ".flac", ".mp3", ".ogg", ".oga", ".opus", ".m4a"})

    def __init__(self, tower: "ClapAudioModelWithProjection", preprocessing: Mapping[str, Any]) -> None:
        """Takes the tower, and how its input was made: sample rate, window, frames and filters."""
        super().__init__()
        self.tower = tower
        self.dimension = int(tower.config.projection_dim)
        self.sample_rate = int(preprocessing["sampleRate"])
        self._window = int(preprocessing["windowSeconds"]) * self.sample_rate
        self._settings = _mel_settings(preprocessing, tower.config.num_mel_bins)
        self._spectrogram = MelSpectrogram(self._settings)

    def decode(self, path: Path, limits: Limits) -> Item:
        """Int16 samples [t] in mono at the tower's rate; of a very long sound the windows that are heard, in a row."""
        samples = decode_sound(path, self.sample_rate, limits)
        if len(samples) <= _MOST_WINDOWS * self._window:
            return samples
        return np.concatenate(_spread(samples, self._window, _MOST_WINDOWS))

    def cost(self, item: Item) -> int:
        """The number of windows."""
        return -(-len(item) // self._window)

    def features(self, items: Sequence[Item]) -> Tensor:
        """Float32 [n, dimension]: the average of the windows' unit vectors."""
        windows = [_windows(item, self._window) for item in items]
        heard = self._heard([window for own in windows for window in own])
        return torch.stack([own.mean(0) for own in torch.split(heard, [len(own) for own in windows])])

    def training_features(self, items: Sequence[Item]) -> Tensor:
        """Float32 [n, dimension] of one window of each sound."""
        return self._heard([self.excerpt(item) for item in items])

    def excerpt(self, item: Item) -> Item:
        """The window in the middle: beginnings and ends are often silent."""
        windows = _windows(item, self._window)
        return windows[len(windows) // 2]

    def inputs(self, items: Sequence[Item]) -> Inputs:
        """Spectrograms of excerpts in decibels, float32 [n, 1, frames, mels]."""
        waveforms = torch.from_numpy(np.stack(items)).to(self.device).float() / _FULL_SCALE
        return Inputs({"input_features": self._spectrogram(waveforms)}, {"input_features": {0: "batch"}})

    def forward(self, input_features: Tensor) -> Tensor:
        """Unit vectors [n, dimension] of spectrograms."""
        outputs: Tensor = self.tower(input_features=input_features).audio_embeds
        return normalize(outputs.float(), dim=1)

    def trained_by_fine_tuning(self) -> list[str]:
        """All transformer blocks; the patch stem and the input's normalisation stay."""
        return [name for name, _ in self.named_parameters() if ".layers." in name]

    def serialise(self, adapter: Tensor) -> Mapping[str, bytes]:
        """A folder that `ClapAudioModelWithProjection.from_pretrained(folder)` opens, with the adapter inside.

        The last layer is also kept as it was before, beside the adapter: averaged windows tell the two apart.
        """
        weights = {name: value.contiguous() for name, value in self.tower.state_dict().items()}
        last = {name: value for name, value in weights.items() if name.startswith(_LAST_LAYER)}
        folded = {name: (adapter.to(value) @ value).contiguous() for name, value in last.items()}
        return {
            _CONFIG: _config_file(self.tower.config),
            _EXTRACTOR: json.dumps(_extractor(self._settings, self._window), indent=2).encode(),
            _WEIGHTS: save({**weights, **folded}, {"format": "pt"}),
            _ADAPTER: save({"adapter": adapter.contiguous(), **last}, {"format": "pt"}),
        }

    def _heard(self, windows: Sequence[NDArray[np.int16]]) -> Tensor:
        """Unit vectors [n, dimension] of windows."""
        groups = [windows[start : start + _WINDOWS_AT_ONCE] for start in range(0, len(windows), _WINDOWS_AT_ONCE)]
        return torch.cat([self(*self.inputs(group).tensors.values()) for group in groups])


def open_encoder(folder: Path, description: VectorizerDescription) -> tuple[SoundEncoder, Tensor]:
    """The encoder of a verified folder, and its adapter: the identity where none was kept beside the tower."""
    config = json.loads((folder / _CONFIG).read_bytes())
    try:
        weights = load_file(folder / _WEIGHTS)
        kept = load_file(folder / _ADAPTER) if (folder / _ADAPTER).is_file() else {}
        adapter = kept.pop("adapter", None)
        encoder = encoder_of(config, weights | kept, description.preprocessing)
    except (RuntimeError, SafetensorError) as error:
        raise InvalidVectorizer(f"The weights in {folder} do not fit its {_CONFIG}: {error}") from error
    return encoder, torch.eye(encoder.dimension) if adapter is None else adapter


def encoder_of(
    config: Mapping[str, Any], weights: Mapping[str, Tensor], preprocessing: Mapping[str, Any]
) -> SoundEncoder:
    """An encoder with the weights of a `ClapAudioModelWithProjection`; raises RuntimeError where they do not fit."""
    # Without memory at first: the given tensors become the weights, and a wrong shape costs nothing.
    with torch.device("meta"):
        tower = _tower(config)
    tower.load_state_dict({**weights, **_position_indices(tower)}, assign=True)
    return SoundEncoder(tower, preprocessing)


def new_encoder(config: Mapping[str, Any], preprocessing: Mapping[str, Any]) -> SoundEncoder:
    """An encoder with random weights; `config` holds the arguments of transformers' ClapAudioConfig."""
    return SoundEncoder(_tower(config), preprocessing)


def _tower(config: Mapping[str, Any]) -> "ClapAudioModelWithProjection":
    from transformers import ClapAudioConfig, ClapAudioModelWithProjection

    audio: ClapAudioConfig = ClapAudioConfig.from_dict(dict(config))
    if audio.enable_fusion:
        raise InvalidVectorizer("The tower fuses several windows (enable_fusion); only towers without fusion are read.")
    return ClapAudioModelWithProjection(audio)


def _position_indices(tower: "ClapAudioModelWithProjection") -> dict[str, Tensor]:
    """Constants that transformers keeps among the weights; nothing is looked up at a place that a file names."""
    from transformers.models.clap.modeling_clap import ClapAudioSelfAttention

    return {
        f"{name}.relative_position_index": module.create_relative_position_index()  # type: ignore[no-untyped-call]
        for name, module in tower.named_modules()
        if isinstance(module, ClapAudioSelfAttention)
    }


def _windows(item: Item, length: int) -> list[NDArray[np.int16]]:
    """Windows of exactly `length`: as many as cover the item, spread evenly; a short item is repeated.

    As often as it fits, and zeros after that: CLAP's `repeatpad`.
    """
    if len(item) <= length:
        repeated = np.tile(item, length // len(item))
        return [np.pad(repeated, (0, length - len(repeated)))]
    return _spread(item, length, -(-len(item) // length))


def _spread(samples: NDArray[np.int16], length: int, count: int) -> list[NDArray[np.int16]]:
    """`count` windows, the first at the beginning and the last at the end."""
    starts = np.linspace(0, len(samples) - length, count).round().astype(int)
    return [samples[start : start + length] for start in starts]


def _mel_settings(preprocessing: Mapping[str, Any], mels: int) -> MelSettings:
    return MelSettings(
        sample_rate=int(preprocessing["sampleRate"]),
        fft_length=int(preprocessing["fftLength"]),
        hop_length=int(preprocessing["hopLength"]),
        mels=mels,
        lowest_frequency=float(preprocessing["lowestFrequency"]),
        highest_frequency=float(preprocessing["highestFrequency"]),
    )


def _extractor(settings: MelSettings, window: int) -> dict[str, Any]:
    """What `ClapFeatureExtractor.from_pretrained` reads."""
    return {
        "feature_extractor_type": "ClapFeatureExtractor",
        "feature_size": settings.mels,
        "fft_window_size": settings.fft_length,
        "frequency_max": settings.highest_frequency,
        "frequency_min": settings.lowest_frequency,
        "hop_length": settings.hop_length,
        "max_length_s": window // settings.sample_rate,
        "padding": "repeatpad",
        "sampling_rate": settings.sample_rate,
        "truncation": "rand_trunc",
    }


def _config_file(config: "ClapAudioConfig") -> bytes:
    return config.to_json_string(use_diff=False).encode()
