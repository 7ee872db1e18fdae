"""Clips of handwritten digits that move: what is on them and how it moves shows over several frames only."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vectorizer_trainer.bases.image.digits import SIZE, handwriting
from vectorizer_trainer.bases.pool import Pool

__all__ = ["EDGE", "FRAMES", "MOTIONS", "Clip", "moving_digits"]

EDGE = 2 * SIZE
"""Edge of a frame in pixels: twice that of the pictures that the small image base was trained on."""
FRAMES = 16
MOTIONS = ("still", "sideways", "upwards", "circling", "growing")

_MOST = 2
_SMALLEST, _LARGEST = 22, 30
"""Edges of a digit in pixels; a growing one ends at up to 1.4 times as much."""
_GROWTH = (0.5, 1.4)


@dataclass(frozen=True)
class Clip:
    """A few seconds of moving digits."""

    frames: NDArray[np.uint8]
    """[16, 64, 64, 3]."""
    digits: tuple[int, ...]
    """Which digits are on it at any time, ascending."""
    motion: str
    """How all of them move."""


@dataclass(frozen=True)
class _Actor:
    """One digit with its way through the clip."""

    sample: NDArray[np.uint8]
    """[8, 8]."""
    motion: str
    edge: int
    colour: NDArray[np.float64]
    place: NDArray[np.float64]
    """[2]: from the left and from the top, 0 to 1, where it stands still."""
    turns: float
    """Periods of its motion in the clip."""
    phase: float
    first: int
    last: int
    """Frames from which and before which it is on."""

    def place_at(self, progress: float) -> NDArray[np.float64]:
        """Where it is [2], 0 to 1, at a share of the clip."""
        angle = 2 * np.pi * (progress * self.turns + self.phase)
        swings = 0.5 + 0.5 * np.array([np.cos(angle), np.sin(angle)])
        moving = {"sideways": [True, False], "upwards": [False, True], "circling": [True, True]}
        return np.where(moving.get(self.motion, [False, False]), swings, self.place)

    def edge_at(self, progress: float) -> int:
        """How large it is in pixels at a share of the clip."""
        smallest, largest = _GROWTH if self.motion == "growing" else (1.0, 1.0)
        return int(self.edge * (smallest + (largest - smallest) * progress))


def moving_digits(pool: Pool, count: int, seed: int, digits: Sequence[int] = range(10)) -> Iterator[Clip]:
    """Clips of one or two digits, on together or one after another, with one motion for all of them."""
    rng = np.random.default_rng([seed, pool, FRAMES])
    samples, kinds = handwriting(pool)
    usable = np.flatnonzero(np.isin(kinds, digits))
    for _ in range(count):
        chosen = rng.choice(usable, rng.integers(1, _MOST + 1), replace=False)
        motion = MOTIONS[rng.integers(len(MOTIONS))]
        cuts = np.linspace(0, FRAMES, len(chosen) + 1).astype(int)
        together = rng.random() < 0.5
        actors = [
            _actor(samples[sample], motion, (0, FRAMES) if together else (begin, end), rng)
            for sample, begin, end in zip(chosen, cuts[:-1].tolist(), cuts[1:].tolist(), strict=True)
        ]
        yield Clip(_played(actors), tuple(sorted(set(kinds[chosen].tolist()))), motion)


def _actor(sample: NDArray[np.uint8], motion: str, on: tuple[int, int], rng: np.random.Generator) -> _Actor:
    return _Actor(
        sample=sample,
        motion=motion,
        edge=int(rng.integers(_SMALLEST, _LARGEST + 1)),
        colour=rng.uniform(0.5, 1, size=3),
        place=rng.random(2),
        turns=rng.uniform(0.5, 1),
        phase=rng.random(),
        first=on[0],
        last=on[1],
    )


def _played(actors: Sequence[_Actor]) -> NDArray[np.uint8]:
    frames = np.zeros((FRAMES, EDGE, EDGE, 3), np.uint8)
    for actor in actors:
        for frame in range(actor.first, actor.last):
            _draw(frames[frame], actor, frame / (FRAMES - 1))
    return frames


def _draw(picture: NDArray[np.uint8], actor: _Actor, progress: float) -> None:
    edge = actor.edge_at(progress)
    left, top = (actor.place_at(progress) * (EDGE - edge)).astype(int)
    ink = np.asarray(Image.fromarray(actor.sample).resize((edge, edge), Image.Resampling.BICUBIC))
    drawn = picture[top : top + edge, left : left + edge]
    np.maximum(drawn, (ink[:, :, None] * actor.colour).astype(np.uint8), out=drawn)
