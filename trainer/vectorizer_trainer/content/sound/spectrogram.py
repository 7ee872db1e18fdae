"""Log-mel spectrograms as CLAP was trained on, a batch at a time and where the network is."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

__all__ = ["MelSettings", "MelSpectrogram"]

_LEAST_POWER = 1e-10
"""Below −100 dB everything is silence."""


@dataclass(frozen=True)
class MelSettings:
    """How a waveform becomes a spectrogram."""

    sample_rate: int
    """Hz."""
    fft_length: int
    """Samples of a frame."""
    hop_length: int
    """Samples from one frame to the next."""
    mels: int
    """Filters."""
    lowest_frequency: float
    """Hz, where the first filter begins."""
    highest_frequency: float
    """Hz, where the last filter ends."""


class MelSpectrogram(nn.Module):
    """Power spectrograms under Slaney's mel filters, in decibels.

    The same numbers as `ClapFeatureExtractor` of transformers with `truncation="rand_trunc"`, which computes them in
    numpy, one clip after another.
    """

    window: Tensor
    filters: Tensor

    def __init__(self, settings: MelSettings) -> None:
        """Makes the window [fft] and the filters [bins, mels]; neither is a weight, so that neither is saved."""
        super().__init__()
        self._hop = settings.hop_length
        self.register_buffer("window", torch.hann_window(settings.fft_length), persistent=False)
        self.register_buffer("filters", _filters(settings), persistent=False)

    def forward(self, waveforms: Tensor) -> Tensor:
        """Float32 [n, 1, frames, mels] of waveforms [n, samples] between −1 and 1; frames = samples // hop + 1."""
        # Half precision would move quiet filters by decibels, wherever the network is computed in it.
        with torch.autocast(waveforms.device.type, enabled=False):
            spectrum = torch.stft(
                waveforms, len(self.window), self._hop, window=self.window, center=True, return_complex=True
            )
            # Without the square root of abs(), which took half of the time.
            power = (spectrum.real.square() + spectrum.imag.square()).transpose(1, 2) @ self.filters
            return 10 * power.clamp_min(_LEAST_POWER).log10()[:, None]


def _filters(settings: MelSettings) -> Tensor:
    from transformers.audio_utils import mel_filter_bank

    bank = mel_filter_bank(
        num_frequency_bins=settings.fft_length // 2 + 1,
        num_mel_filters=settings.mels,
        min_frequency=settings.lowest_frequency,
        max_frequency=settings.highest_frequency,
        sampling_rate=settings.sample_rate,
        norm="slaney",
        mel_scale="slaney",
    )
    return torch.from_numpy(bank).float()
