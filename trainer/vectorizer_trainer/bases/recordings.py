"""Recordings composed of one or two spoken words before a noise, as many as wanted."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from vectorizer_trainer.bases.noises import NOISES
from vectorizer_trainer.bases.speech import Utterance, speak

__all__ = ["KNOWN", "NEW", "SAMPLE_RATE", "Pool", "Recordings", "Repertoire", "recordings"]

SAMPLE_RATE = 22_050
"""Hz: the rate of eSpeak NG."""
_TAKES = 16
"""Utterances of each word by each voice, at a speed and a pitch of their own."""
_MOST_WORDS = 2
_LONGEST_PAUSE = 0.15
"""Seconds before, between and after the words."""
_SIGNAL_TO_NOISE = (3.0, 20.0)
"""Decibels."""
_LOUDNESS = (0.03, 0.2)
"""Root mean square, of full scale."""


class Pool(IntEnum):
    """Which utterances are used for what; no speed is in two pools, so that no utterance is."""

    BASE = 0
    REFERENCE = 1
    TRAIN = 2
    TEST = 3


@dataclass(frozen=True)
class Repertoire:
    """What recordings are composed of."""

    words: tuple[str, ...]
    voices: tuple[tuple[str, str], ...]
    """A kind of voice and the variant of eSpeak NG, each."""
    noises: tuple[str, ...]

    @property
    def kinds(self) -> list[str]:
        """The kinds of voices."""
        return sorted({kind for kind, _ in self.voices})


_FAMILIAR = ("candle", "garden", "rabbit", "silver", "window")
_FORMER = ("apple", "doctor", "engine", "market", "monkey", "pillow", "river", "sugar", "thunder", "ticket", "yellow")

KNOWN = Repertoire(
    words=(*_FAMILIAR, *_FORMER),
    voices=(("man", "m1"), ("man", "m3"), ("man", "m7"), ("woman", "f1"), ("woman", "f2"), ("woman", "f5")),
    noises=("hiss", "rumble"),
)
"""What the small base is trained on."""

NEW = Repertoire(
    words=(*_FAMILIAR, "bridge", "forest", "hammer", "planet", "tiger"),
    voices=(("man", "m2"), ("man", "m6"), ("whisper", "whisper"), ("woman", "f3"), ("woman", "f4")),
    noises=("crackle", "hiss", "hum", "rumble"),
)
"""What data sets are made of: half of the words, all voices and half of the noises are new to the base."""


@dataclass(frozen=True)
class Recordings:
    """Recordings with what is on them."""

    waveforms: list[NDArray[np.int16]]
    """[t] of each, at SAMPLE_RATE."""
    words: NDArray[np.bool_]
    """[n, words of the repertoire]: one or two each."""
    voices: NDArray[np.bool_]
    """[n, voices of the repertoire]: one each."""
    noises: NDArray[np.bool_]
    """[n, noises of the repertoire]: one each."""


def recordings(pool: Pool, count: int, seed: int, repertoire: Repertoire) -> Recordings:
    """The same recordings for the same arguments; each has one voice and one noise."""
    rng = np.random.default_rng([seed, pool])
    bank = _bank(pool, repertoire, rng)
    made = Recordings([], *(np.zeros((count, len(kinds)), bool) for kinds in _aspects(repertoire)))
    for index in range(count):
        words = rng.choice(len(repertoire.words), rng.integers(1, _MOST_WORDS + 1), replace=False)
        voice, noise = rng.integers(len(repertoire.voices)), rng.integers(len(repertoire.noises))
        made.words[index, words] = made.voices[index, voice] = made.noises[index, noise] = True
        spoken = [bank[word][voice][rng.integers(_TAKES)] for word in words]
        made.waveforms.append(_mixed(_in_turn(spoken, rng), repertoire.noises[noise], rng))
    return made


def _aspects(repertoire: Repertoire) -> list[Sequence[object]]:
    return [repertoire.words, repertoire.voices, repertoire.noises]


def _bank(pool: Pool, repertoire: Repertoire, rng: np.random.Generator) -> list[list[list[NDArray[np.int16]]]]:
    """Utterances by word, voice and take."""
    speeds = 120 + len(Pool) * rng.integers(0, 25, (len(repertoire.words), len(repertoire.voices), _TAKES)) + pool
    pitches = rng.integers(25, 76, speeds.shape)
    asked = [
        Utterance(word, f"en-us+{variant}", int(speeds[place]), int(pitches[place]))
        for place, word, variant in _places(repertoire)
    ]
    spoken = iter(speak(asked).waveforms)
    return [[[next(spoken) for _ in range(_TAKES)] for _ in repertoire.voices] for _ in repertoire.words]


def _places(repertoire: Repertoire) -> list[tuple[tuple[int, int, int], str, str]]:
    return [
        ((number, voice, take), word, variant)
        for number, word in enumerate(repertoire.words)
        for voice, (_, variant) in enumerate(repertoire.voices)
        for take in range(_TAKES)
    ]


def _in_turn(spoken: list[NDArray[np.int16]], rng: np.random.Generator) -> NDArray[np.float64]:
    parts = [_pause(rng)]
    for one in spoken:
        parts += [one.astype(np.float64), _pause(rng)]
    return np.concatenate(parts)


def _pause(rng: np.random.Generator) -> NDArray[np.float64]:
    return np.zeros(int(rng.uniform(0, _LONGEST_PAUSE) * SAMPLE_RATE))


def _mixed(speech: NDArray[np.float64], noise: str, rng: np.random.Generator) -> NDArray[np.int16]:
    background = NOISES[noise](len(speech), SAMPLE_RATE, rng)
    ratio = 10 ** (rng.uniform(*_SIGNAL_TO_NOISE) / 20)
    mixed = speech / _level(speech) + background / _level(background) / ratio
    loudness = np.exp(rng.uniform(*np.log(_LOUDNESS)))
    scaled: NDArray[np.float64] = mixed * loudness / _level(mixed) * 32767
    return scaled.round().clip(-32768, 32767).astype(np.int16)


def _level(waveform: NDArray[np.float64]) -> float:
    return float(np.sqrt((waveform**2).mean()))
