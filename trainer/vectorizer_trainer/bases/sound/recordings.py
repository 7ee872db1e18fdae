"""Recordings composed of one or two spoken words before a noise, as many as wanted."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vectorizer_trainer.bases.pool import Pool
from vectorizer_trainer.bases.sound.noises import NOISES
from vectorizer_trainer.bases.sound.speech import Utterance, speak

__all__ = ["KNOWN", "NEW", "SAMPLE_RATE", "Recordings", "Repertoire", "recordings"]

SAMPLE_RATE = 22_050
"""Hz: the rate of eSpeak NG."""
_TAKES = 16
"""Utterances of each word by each voice, at a speed and a pitch of their own."""
_SLOWEST = 120
"""Words a minute."""
_SPEEDS = 25
"""In each pool."""
_PITCHES = (25, 76)
_MOST_WORDS = 2
_LONGEST_PAUSE = 0.15
"""Seconds before, between and after the words."""
_SIGNAL_TO_NOISE = (3.0, 20.0)
"""Decibels."""
_LOUDNESS = (0.03, 0.2)
"""Root mean square, of full scale."""

_Place = tuple[int, int, int]
"""A word, a voice and a take, by number."""


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
    takes = _takes(pool, repertoire, rng)
    plans = [_plan(repertoire, rng) for _ in range(count)]
    wanted = sorted({place for plan in plans for place in plan.places})
    spoken = dict(zip(wanted, speak([takes[place] for place in wanted]).waveforms, strict=True))
    made = Recordings([], *(np.zeros((count, len(kinds)), bool) for kinds in _aspects(repertoire)))
    for index, plan in enumerate(plans):
        made.words[index, plan.words] = made.voices[index, plan.voice] = made.noises[index, plan.noise] = True
        speech = _in_turn([spoken[place] for place in plan.places], rng)
        made.waveforms.append(_mixed(speech, repertoire.noises[plan.noise], rng))
    return made


@dataclass(frozen=True)
class _Plan:
    """Which take of which words by which voice is heard before which noise."""

    words: list[int]
    voice: int
    takes: list[int]
    noise: int

    @property
    def places(self) -> list[_Place]:
        return [(word, self.voice, take) for word, take in zip(self.words, self.takes, strict=True)]


def _plan(repertoire: Repertoire, rng: np.random.Generator) -> _Plan:
    words = rng.choice(len(repertoire.words), rng.integers(1, _MOST_WORDS + 1), replace=False).tolist()
    voice, noise = rng.integers([len(repertoire.voices), len(repertoire.noises)]).tolist()
    return _Plan(words, voice, rng.integers(_TAKES, size=len(words)).tolist(), noise)


def _takes(pool: Pool, repertoire: Repertoire, rng: np.random.Generator) -> dict[_Place, Utterance]:
    """All utterances that there are, by word, voice and take; no speed is in two pools, so that no utterance is."""
    shape = (len(repertoire.words), len(repertoire.voices), _TAKES)
    speeds = _SLOWEST + len(Pool) * rng.integers(0, _SPEEDS, shape) + pool
    pitches = rng.integers(*_PITCHES, shape)
    return {
        (word, voice, take): Utterance(
            repertoire.words[word],
            f"en-us+{repertoire.voices[voice][1]}",
            int(speeds[word, voice, take]),
            int(pitches[word, voice, take]),
        )
        for word, voice, take in np.ndindex(shape)
    }


def _aspects(repertoire: Repertoire) -> list[Sequence[object]]:
    return [repertoire.words, repertoire.voices, repertoire.noises]


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
