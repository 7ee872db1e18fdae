"""Sounds: with noise, slower or faster, higher or lower, louder or softer; each in half of the cases.

Items are int16 [samples]. Slower and faster, higher and lower are one phase vocoder and one resampling: a sound
stretched by r x p and played p times faster lasts r times as long at p times the pitch (Laroche and Dolson 1999).
"""

import math
from collections.abc import Sequence
from enum import IntEnum
from fractions import Fraction

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torchaudio.functional import phase_vocoder, resample  # type: ignore[import-untyped]

from vectorizer_trainer.augmentation.contract import Augmentation
from vectorizer_trainer.augmentation.draws import uniforms
from vectorizer_trainer.content.encoder import Item

__all__ = ["SoundAugmentation"]

_PROBABILITY = 0.5
_SIGNAL_TO_NOISE = (5.0, 30.0)
"""Decibels."""
_SPEED_CHANGES = (-0.2, 0.25)
"""Share of the speed."""
_SEMITONES = (-4.0, 4.0)
_GAINS = (-6.0, 6.0)
"""Decibels."""

_WINDOW_SECONDS = 0.043
"""Long enough to tell the partials of a voice apart, short enough not to smear what happens."""
_HOPS = 4
"""Of a window."""
_PIECE = 480_000
"""Samples that are slowed at once: the spectrum of a long sound would fill the memory."""
_LARGEST_RATIO_TERM = 32
"""A ratio of small numbers resamples by a short table of filters; it is a thirtieth of a semitone off at most."""
_LOUDEST = np.iinfo(np.int16)


class _Draw(IntEnum):
    """The columns of an item's random numbers."""

    NOISY = 0
    SIGNAL_TO_NOISE = 1
    STRETCHED = 2
    SPEED = 3
    SHIFTED = 4
    SEMITONES = 5
    AMPLIFIED = 6
    GAIN = 7
    NOISE_SEED = 8


class SoundAugmentation:
    """Varies sounds, each as long as before."""

    def __init__(
        self,
        sample_rate: int,
        device: torch.device,
        transformations: tuple[str, ...] = ("noise", "timeStretch", "pitchShift", "gain"),
        probability: float = _PROBABILITY,
    ) -> None:
        """Takes the samples a second of every item, where to compute, what may be done, and how often."""
        self.transformations = transformations
        self._sample_rate = sample_rate
        self._device = device
        self._probability = probability

    def only(self, transformation: str) -> Augmentation:
        """One transformation alone, applied to every item."""
        if transformation not in self.transformations:
            raise ValueError(f"sounds are not varied by {transformation}")
        return SoundAugmentation(self._sample_rate, self._device, (transformation,), probability=1.0)

    def vary(self, items: Sequence[Item], seeds: Sequence[int]) -> list[Item]:
        """Varied items, one after another: their lengths and ratios have nothing in common to batch."""
        draws = uniforms(seeds, len(_Draw))
        return [self._varied(item, own) for item, own in zip(items, draws, strict=True)]

    def _varied(self, item: Item, draws: NDArray[np.float64]) -> Item:
        if not item.any():
            return item
        samples = torch.from_numpy(item).to(self._device, torch.float32)
        samples = self._stretched_and_shifted(samples, draws)
        samples = self._with_noise(samples, draws)
        samples = samples * 10 ** (self._amount("gain", _Draw.AMPLIFIED, _GAINS, draws) / 20)
        return samples.round().clamp(_LOUDEST.min, _LOUDEST.max).to(torch.int16).cpu().numpy()

    def _stretched_and_shifted(self, samples: Tensor, draws: NDArray[np.float64]) -> Tensor:
        speed = 1 + self._amount("timeStretch", _Draw.STRETCHED, _SPEED_CHANGES, draws)
        pitch = 2 ** (self._amount("pitchShift", _Draw.SHIFTED, _SEMITONES, draws) / 12)
        ratio = Fraction(pitch).limit_denominator(_LARGEST_RATIO_TERM)
        if speed == 1 and ratio == 1:
            return samples
        window = 2 ** round(math.log2(_WINDOW_SECONDS * self._sample_rate))
        pieces = samples.split(_PIECE)  # type: ignore[no-untyped-call]
        slowed = torch.cat([_at_speed(piece, speed / float(ratio), window) for piece in pieces])
        return _of_length(resample(slowed, ratio.numerator, ratio.denominator), len(samples))

    def _with_noise(self, samples: Tensor, draws: NDArray[np.float64]) -> Tensor:
        if not self._does("noise", _Draw.NOISY, draws):
            return samples
        decibels = self._amount("noise", _Draw.NOISY, _SIGNAL_TO_NOISE, draws)
        rng = np.random.default_rng(int(draws[_Draw.NOISE_SEED] * 2**53))
        noise = torch.from_numpy(rng.standard_normal(len(samples), np.float32)).to(samples)
        return samples + noise * (samples.square().mean().sqrt() * 10 ** (-decibels / 20))

    def _does(self, name: str, decision: _Draw, draws: NDArray[np.float64]) -> bool:
        return name in self.transformations and bool(draws[decision] < self._probability)

    def _amount(self, name: str, decision: _Draw, bounds: tuple[float, float], draws: NDArray[np.float64]) -> float:
        """The amount drawn in the column behind the decision; 0 where it is decided against."""
        low, high = bounds
        return float(low + (high - low) * draws[decision + 1]) if self._does(name, decision, draws) else 0.0


def _at_speed(samples: Tensor, speed: float, length: int) -> Tensor:
    """[samples / speed], at the same pitch, from the spectra of windows of so many samples."""
    if speed == 1:
        return samples
    window, hop = torch.hann_window(length).to(samples), length // _HOPS
    advance = torch.linspace(0, torch.pi * hop, length // 2 + 1).to(samples)[:, None]
    # Silence before and behind: a mirrored beginning needs more samples than the shortest sounds have.
    spectrum = torch.stft(samples, length, hop, window=window, pad_mode="constant", return_complex=True)
    slowed = phase_vocoder(spectrum, speed, advance)
    return torch.istft(slowed, length, hop, window=window, length=round(len(samples) / speed))


def _of_length(samples: Tensor, length: int) -> Tensor:
    """The middle of what is longer; what is shorter begins again."""
    if len(samples) < length:
        return samples.repeat(-(-length // len(samples)))[:length]
    first = (len(samples) - length) // 2
    return samples[first : first + length]
