"""Background noises, by their physics."""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

__all__ = ["NOISES"]

Noise = Callable[[int, int, np.random.Generator], NDArray[np.float64]]


def hiss(samples: int, rate: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """White noise [samples], as of an amplifier."""
    return rng.standard_normal(samples)


def rumble(samples: int, rate: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Noise [samples] whose power falls with the square of frequency, as of wind or traffic; nothing below 20 Hz."""
    # A power of two: lengths with large prime factors take ten times as long.
    length = 1 << samples.bit_length()
    spectrum = np.fft.rfft(rng.standard_normal(length))
    frequency = np.fft.rfftfreq(length, 1 / rate)
    spectrum *= np.where(frequency < 20, 0, 1 / np.maximum(frequency, 20))
    return np.fft.irfft(spectrum, length)[:samples]


def hum(samples: int, rate: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """The mains [samples], 50 or 60 Hz, with harmonics of random strength."""
    orders = np.arange(1, 12)
    strengths = rng.uniform(0.2, 1, len(orders)) / orders
    phases = rng.uniform(0, 2 * np.pi, len(orders))
    seconds = np.arange(samples)[:, None] / rate
    waves: NDArray[np.float64] = np.sin(2 * np.pi * rng.choice([50, 60]) * orders * seconds + phases) @ strengths
    return waves


def crackle(samples: int, rate: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Clicks [samples] at random moments, twenty to sixty a second, each a decay of two milliseconds."""
    moments = rng.random(samples) < rng.uniform(20, 60) / rate
    clicks = np.where(moments, rng.standard_normal(samples), 0)
    # A recording too short for a click would have no noise at all.
    clicks[rng.integers(samples)] += 1
    decay = np.exp(-np.arange(int(0.01 * rate)) / (0.002 * rate))
    return np.convolve(clicks, decay * rng.standard_normal(len(decay)))[:samples]


NOISES: Mapping[str, Noise] = {"crackle": crackle, "hiss": hiss, "hum": hum, "rumble": rumble}
