"""Things of daily life as meshes, each with measures of its own: what the clouds of base and data set are of."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vectorizer_trainer.bases.point_cloud.solids import Solid, bent, box, joined, prism, rod, turned
from vectorizer_trainer.bases.pool import Pool

__all__ = ["KNOWN", "NEW", "PAINTS", "Kind", "Shape", "shape"]

Draw = np.random.Generator
Drawn = tuple[list[Solid], list[str]]
"""What a thing is put together from, and what is to be said of it."""


PAINTS = {
    "wood": (0.55, 0.36, 0.2),
    "steel": (0.62, 0.65, 0.7),
    "brass": (0.8, 0.65, 0.25),
    "red plastic": (0.8, 0.12, 0.1),
    "glass": (0.6, 0.85, 0.8),
}


@dataclass(frozen=True)
class Shape:
    """A thing, standing upright, turned about the vertical axis by chance."""

    labels: tuple[str, ...]
    """What it is, and what of it is not so with all of its kind."""
    paint: str
    """What it is made of: one of PAINTS."""
    colour: NDArray[np.float64]
    """Red, green and blue [3] within 0..1."""
    solid: Solid


@dataclass(frozen=True)
class Kind:
    """Things of one name."""

    name: str
    put_together: Callable[[Draw], Drawn]


def shape(pool: Pool, index: int, seed: int, kinds: Sequence[Kind]) -> Shape:
    """The shape of an index in a pool; kinds take turns."""
    rng = np.random.default_rng([seed, pool, index])
    kind = kinds[index % len(kinds)]
    parts, traits = kind.put_together(rng)
    paint = sorted(PAINTS)[rng.integers(len(PAINTS))]
    colour = (np.array(PAINTS[paint]) * rng.uniform(0.75, 1.25) + rng.normal(0, 0.03, 3)).clip(0, 1)
    cosine, sine = np.cos(angle := rng.uniform(0, 2 * np.pi)), np.sin(angle)
    upright = joined(parts).turned_by(np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1]]))
    return Shape((kind.name, *traits), paint, colour, upright)


def _legs(rng: Draw, count: int, reach: float, height: float) -> list[Solid]:
    """Rods from a top at z = height to the floor, a little apart below."""
    angles = np.arange(count) * 2 * np.pi / count + np.pi / 4
    spread, radius = rng.uniform(1, 1.25), rng.uniform(0.03, 0.06)
    places = np.stack([np.cos(angles), np.sin(angles)], axis=1) * reach
    return [rod((*place, height), (*(place * spread), 0), radius) for place in places]


_LEG_NAMES = {3: "three legs", 4: "four legs"}


def _stand(rng: Draw, reach: float, height: float) -> Drawn:
    """Three legs, four, or one in the middle."""
    count = int(rng.choice([1, 3, 4]))
    if count > 1:
        return _legs(rng, count, reach, height), [_LEG_NAMES[count]]
    radius = rng.uniform(0.05, 0.1)
    profile = [(0, 0), (reach * 0.9, 0), (reach * 0.9, 0.04), (radius, 0.1), (radius, height), (0, height)]
    return [turned(profile)], ["one leg"]


def _stool(rng: Draw) -> Drawn:
    radius, height = rng.uniform(0.25, 0.4), rng.uniform(0.5, 0.9)
    legs, traits = _stand(rng, radius * 0.75, height)
    seat = [(0, height), (radius, height), (radius, height + 0.06), (0, height + 0.06)]
    return [*legs, turned(seat)], traits


def _lamp(rng: Draw) -> Drawn:
    height, shade, top = rng.uniform(0.8, 1.4), rng.uniform(0.25, 0.4), rng.uniform(0.1, 0.25)
    foot = [(0, 0), (0.22, 0), (0.22, 0.03), (0.02, 0.06), (0.02, height)]
    return [turned(foot), turned([(shade, height - 0.1), (top, height + 0.25)])], []


def _vase(rng: Draw) -> Drawn:
    z = np.linspace(0, rng.uniform(0.6, 1.2), 16)
    waist = 0.25 + 0.12 * np.sin(z * rng.uniform(2, 5) + rng.uniform(0, 6)) + 0.02 * z
    return [turned(np.column_stack([waist, z]))], []


def _screw(rng: Draw) -> Drawn:
    length, turns, radius = rng.uniform(0.8, 1.4), rng.uniform(6, 12), rng.uniform(0.08, 0.14)
    head = [(0, length), (2 * radius, length), (2 * radius, length + radius), (0, length + radius)]
    shaft = turned([(0, 0), (radius, 0.15), (radius, length)])
    return [shaft, turned(head), bent(_helix(radius, length, turns), 0.02)], []


def _helix(radius: float | NDArray[np.float64], length: float, turns: float) -> NDArray[np.float64]:
    share = np.linspace(0, 1, int(turns * 14))
    angle = share * turns * 2 * np.pi
    wide = np.interp(share, np.linspace(0, 1, np.size(radius)), np.atleast_1d(radius))
    return np.stack([wide * np.cos(angle), wide * np.sin(angle), share * length], axis=1)


def _ring(rng: Draw) -> Drawn:
    angle, radius = np.linspace(0, 2 * np.pi, 40), rng.uniform(0.04, 0.2)
    return [bent(np.stack([np.cos(angle), 0 * angle, 1 + np.sin(angle)], axis=1), radius)], []


def _tower(rng: Draw) -> Drawn:
    parts, z, width = [], 0.0, rng.uniform(0.6, 0.9)
    for _ in range(rng.integers(2, 6)):
        height = rng.uniform(0.15, 0.4)
        parts.append(box(width, width, height).at(z=z + height / 2))
        z, width = z + height, width * rng.uniform(0.6, 0.9)
    return parts, []


def _dumbbell(rng: Draw) -> Drawn:
    length, weight = rng.uniform(0.4, 0.9), rng.uniform(0.12, 0.25)
    ball = np.linspace(0, np.pi, 10)
    profile = np.stack([weight * np.sin(ball), weight * np.cos(ball)], axis=1)
    ends = [turned(profile).at(x=side * length, z=weight) for side in (-1, 1)]
    return [*ends, rod((-length, 0, weight), (length, 0, weight), 0.05)], []


def _pipe(rng: Draw) -> Drawn:
    angle = np.linspace(0, rng.uniform(0.3, 1) * np.pi, 16)
    curve = np.stack([np.cos(angle), 0 * angle, np.sin(angle)], axis=1)
    ends = curve[[0, -1]] + [[0, 0, -rng.uniform(0.2, 0.8)], [-np.sin(angle[-1]) * 0.6, 0, np.cos(angle[-1]) * 0.6]]
    return [bent(np.concatenate([ends[:1], curve, ends[1:]]), rng.uniform(0.1, 0.25))], []


def _shelf(rng: Draw) -> Drawn:
    width, height, boards = rng.uniform(0.6, 1), rng.uniform(0.8, 1.6), int(rng.integers(3, 6))
    levels = np.linspace(0.02, height, boards)
    sides = [box(0.04, 0.3, height).at(x=side * width / 2, z=height / 2) for side in (-1, 1)]
    return [*sides, *(box(width, 0.3, 0.04).at(z=z) for z in levels)], []


def _cross(rng: Draw) -> Drawn:
    height, arm = rng.uniform(1, 1.6), rng.uniform(0.5, 0.9)
    bar = box(arm, 0.12, 0.12).at(z=height * rng.uniform(0.55, 0.8))
    return [box(0.12, 0.12, height).at(z=height / 2), bar], []


def _chair(rng: Draw) -> Drawn:
    width, seat, back = rng.uniform(0.4, 0.55), rng.uniform(0.4, 0.55), rng.uniform(0.35, 0.7)
    parts, traits = _stand(rng, width * 0.6, seat)
    parts += [box(width, width, 0.05).at(z=seat)]
    behind = width / 2
    if rng.random() < 0.5:
        parts.append(box(width, 0.04, back).at(y=behind, z=seat + back / 2))
    else:
        traits.append("slats")
        across = np.linspace(-width / 2, width / 2, int(rng.integers(3, 6)))
        parts += [rod((x, behind, seat), (x, behind, seat + back), 0.02) for x in across]
        parts.append(box(width, 0.04, 0.06).at(y=behind, z=seat + back))
    if rng.random() < 0.5:
        traits.append("armrests")
        for x in (-width / 2, width / 2):
            parts.append(box(0.05, width, 0.04).at(x=x, z=seat + 0.22))
            parts.append(rod((x, -width / 2, seat), (x, -width / 2, seat + 0.22), 0.02))
    return parts, traits


def _table(rng: Draw) -> Drawn:
    width, height = rng.uniform(0.8, 1.4), rng.uniform(0.45, 0.8)
    parts, traits = _stand(rng, width * 0.45, height)
    if rng.random() < 0.5:
        edge = [(0, height), (width / 2, height), (width / 2, height + 0.05), (0, height + 0.05)]
        return [*parts, turned(edge)], [*traits, "round"]
    return [*parts, box(width, width * rng.uniform(0.6, 1), 0.05).at(z=height)], traits


def _handle(radius: float, height: float, size: float) -> Solid:
    angle = np.linspace(-0.5 * np.pi, 0.5 * np.pi, 12)
    path = np.stack([radius + size * np.cos(angle), 0 * angle, height / 2 + 0.35 * height * np.sin(angle)], axis=1)
    return bent(path, 0.04)


def _mug(rng: Draw) -> Drawn:
    radius, height = rng.uniform(0.25, 0.4), rng.uniform(0.5, 0.9)
    inner, rim = radius - 0.04, radius * rng.uniform(0.9, 1.2)
    parts = [turned([(0, 0), (radius, 0), (rim, height), (rim - 0.04, height), (inner, 0.05), (0, 0.05)])]
    if rng.random() < 0.5:
        return parts, []
    return [*parts, _handle(radius, height, rng.uniform(0.15, 0.3))], ["handle"]


def _jug(rng: Draw) -> Drawn:
    height, belly, neck = rng.uniform(0.8, 1.3), rng.uniform(0.3, 0.45), rng.uniform(0.1, 0.2)
    z = np.array([0, 0.1, 0.3, 0.55, 0.75, 1]) * height
    body = turned(np.column_stack([[0, 0.7 * belly, belly, belly, neck, neck * 1.5], z]))
    if rng.random() < 0.5:
        return [body], []
    return [body, _handle(0.75 * belly, height * 1.2, rng.uniform(0.2, 0.35))], ["handle"]


def _gear(rng: Draw) -> Drawn:
    many = rng.random() < 0.5
    teeth = int(rng.integers(18, 28)) if many else int(rng.integers(7, 13))
    angle = np.arange(teeth * 4) * 2 * np.pi / (teeth * 4)
    outer = np.tile([1, 1, 0.8, 0.8], teeth) if not many else np.tile([1, 1, 0.88, 0.88], teeth)
    wheel = prism(np.stack([outer * np.cos(angle), outer * np.sin(angle)], axis=1), rng.uniform(0.15, 0.4))
    standing = np.array([[1, 0, 0], [0, 0, 1], [0, -1, 0]])
    hub = rod((0, 0, -0.4), (0, 0, 0.4), rng.uniform(0.1, 0.2))
    return [joined([wheel, hub]).turned_by(standing).at(z=1)], ["fine" if many else "coarse"]


def _knot(rng: Draw) -> Drawn:
    loops, name = ((3, "trefoil"), (5, "cinquefoil"))[rng.integers(2)]
    angle = np.linspace(0, 2 * np.pi, 120)
    wide = 1 + rng.uniform(0.3, 0.45) * np.cos(loops * angle)
    path = np.stack([wide * np.cos(2 * angle), wide * np.sin(2 * angle), 0.4 * np.sin(loops * angle)], axis=1)
    return [bent(path, rng.uniform(0.06, 0.14))], [name]


def _spring(rng: Draw) -> Drawn:
    turns, length = rng.uniform(4, 12), rng.uniform(0.8, 1.6)
    tapered = rng.random() < 0.5
    radius = np.array([0.4, rng.uniform(0.08, 0.2)]) if tapered else np.array([0.35])
    traits = ["tapered"] if tapered else []
    traits.append("fine" if turns > 8 else "coarse")
    return [bent(_helix(radius, length, turns), rng.uniform(0.02, 0.05))], traits


def _ladder(rng: Draw) -> Drawn:
    height, width, rungs = rng.uniform(1.4, 2.2), rng.uniform(0.35, 0.55), int(rng.integers(4, 10))
    tapered = rng.random() < 0.5
    top = width * (0.5 if tapered else 1)
    sides = [rod((side * width / 2, 0, 0), (side * top / 2, 0, height), 0.03) for side in (-1, 1)]
    shares = np.linspace(0.08, 0.92, rungs)
    half = [(width + (top - width) * share) / 2 for share in shares]
    steps = [rod((-x, 0, s * height), (x, 0, s * height), 0.025) for x, s in zip(half, shares, strict=True)]
    return [*sides, *steps], ["tapered"] if tapered else []


def _hammer(rng: Draw) -> Drawn:
    length, head = rng.uniform(0.9, 1.4), rng.uniform(0.35, 0.6)
    shaft = rod((0, 0, 0), (0, 0, length), rng.uniform(0.03, 0.06))
    size = rng.uniform(0.12, 0.2)
    if rng.random() < 0.5:
        return [shaft, rod((-head / 2, 0, length), (head / 2, 0, length), size * 0.7)], ["round"]
    return [shaft, box(head, size, size).at(z=length)], []


def _wheel(rng: Draw) -> Drawn:
    angle = np.linspace(0, 2 * np.pi, 40)
    parts = [bent(np.stack([np.cos(angle), 0 * angle, np.sin(angle)], axis=1), rng.uniform(0.06, 0.16))]
    traits = []
    if rng.random() < 0.5:
        traits.append("spokes")
        spokes = np.arange(count := int(rng.integers(4, 9))) * 2 * np.pi / count
        parts += [rod((0, 0, 0), (np.cos(a), 0, np.sin(a)), 0.03) for a in spokes]
    else:
        parts.append(rod((0, -0.02, 0), (0, 0.02, 0), 1))
    return [joined([*parts, rod((0, -0.2, 0), (0, 0.2, 0), 0.12)]).at(z=1.1)], traits


KNOWN = (
    Kind("stool", _stool),
    Kind("lamp", _lamp),
    Kind("vase", _vase),
    Kind("screw", _screw),
    Kind("ring", _ring),
    Kind("tower", _tower),
    Kind("dumbbell", _dumbbell),
    Kind("pipe", _pipe),
    Kind("shelf", _shelf),
    Kind("cross", _cross),
)
"""What the small base is trained on."""

NEW = (
    Kind("chair", _chair),
    Kind("table", _table),
    Kind("mug", _mug),
    Kind("jug", _jug),
    Kind("gear", _gear),
    Kind("knot", _knot),
    Kind("spring", _spring),
    Kind("ladder", _ladder),
    Kind("hammer", _hammer),
    Kind("wheel", _wheel),
)
"""What it has never seen."""
