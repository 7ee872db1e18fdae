"""Pictures of surfaces, labelled by their pattern and their tint: any way up, at any scale, in any light.

A surface turned over, turned round, seen from nearer or in other light is the same surface, so that here, unlike with
digits, every switch of the augmentation gives another true example.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from vectorizer_trainer.bases.pool import Pool

from vectorizer_dev.datasets.writing import Labelled, png, write_split

__all__ = ["make"]

_SIZE = 32
_DARK, _BRIGHT = 60.0, 200.0
_SHORTEST, _LONGEST = 5, 9
"""Periods of a pattern in pixels."""
_GRAIN = 20
"""Standard deviation of the noise, of 255."""

Numbers = NDArray[np.float64]


def make(folder: Path, train: int = 1000, test: int = 1000, seed: int = 0) -> None:
    """Writes `train/` and `test/`, each with PNG files and example_to_labels.json."""
    for name, pool, count in (("train", Pool.TRAIN, train), ("test", Pool.TEST, test)):
        rng = np.random.default_rng([seed, pool, _SIZE])
        write_split(folder / name, [_labelled(index, rng) for index in range(count)])


def _labelled(index: int, rng: np.random.Generator) -> Labelled:
    pattern, tint = list(_PATTERNS)[rng.integers(len(_PATTERNS))], list(_TINTS)[rng.integers(len(_TINTS))]
    lightness = _PATTERNS[pattern](_turned_grid(rng), rng)
    surface = lightness[:, :, None] * _TINTS[tint] * rng.uniform(0.85, 1.15, 3)
    return Labelled(f"{index:05d}.png", png(_photographed(surface, rng)), (pattern, tint))


def _turned_grid(rng: np.random.Generator) -> Numbers:
    """[2, size, size]: the phase of two waves at right angles, turned anyhow, of a period drawn for both."""
    across = np.stack(np.meshgrid(np.arange(_SIZE), np.arange(_SIZE))).astype(float)
    angle = rng.uniform(0, np.pi)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    waves = 2 * np.pi / rng.uniform(_SHORTEST, _LONGEST)
    phase: Numbers = waves * np.tensordot(turn, across, 1) + rng.uniform(0, 2 * np.pi, (2, 1, 1))
    return phase


def _striped(phase: Numbers, _: np.random.Generator) -> Numbers:
    return _lit(np.sin(phase[0]) > 0)


def _chequered(phase: Numbers, _: np.random.Generator) -> Numbers:
    return _lit(np.sin(phase[0]) * np.sin(phase[1]) > 0)


def _dotted(phase: Numbers, _: np.random.Generator) -> Numbers:
    return _lit(np.sin(phase[0]) + np.sin(phase[1]) > 0.8)


def _wavy(phase: Numbers, _: np.random.Generator) -> Numbers:
    return _lit(np.sin(phase[0] + 1.5 * np.sin(0.6 * phase[1])) > 0)


def _ringed(phase: Numbers, rng: np.random.Generator) -> Numbers:
    row, column = rng.integers(_SIZE // 4, 3 * _SIZE // 4, 2)
    return _lit(np.sin(np.hypot(*(phase - phase[:, row, column, None, None]))) > 0)


def _speckled(phase: Numbers, rng: np.random.Generator) -> Numbers:
    """Cells of the turned grid, light or dark by chance."""
    cells = np.floor(phase / np.pi).astype(int) % _SIZE
    return _lit((rng.random((_SIZE, _SIZE)) > 0.5)[cells[0], cells[1]])


def _lit(raised: NDArray[np.bool_]) -> Numbers:
    return np.where(raised, _BRIGHT, _DARK)


def _photographed(surface: Numbers, rng: np.random.Generator) -> NDArray[np.uint8]:
    """With a camera's noise, at any contrast and brightness."""
    noisy = surface + rng.normal(0, _GRAIN, surface.shape)
    contrasted = (noisy - noisy.mean()) * rng.uniform(0.6, 1.4) + noisy.mean()
    lit: NDArray[np.uint8] = (contrasted * rng.uniform(0.6, 1.4)).clip(0, 255).astype(np.uint8)
    return lit


_PATTERNS: dict[str, Callable[[Numbers, np.random.Generator], Numbers]] = {
    "striped": _striped,
    "chequered": _chequered,
    "dotted": _dotted,
    "wavy": _wavy,
    "ringed": _ringed,
    "speckled": _speckled,
}
_TINTS = {"reddish": (1, 0.6, 0.5), "greenish": (0.5, 1, 0.6), "bluish": (0.55, 0.6, 1)}
