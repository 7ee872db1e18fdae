"""Pictures and videos: mirrored, turned, cropped, in other light, blurred; by nine switches.

Items are uint8 [s, s, 3] (a picture) or [f, s, s, 3] (a video, all of whose frames share one draw). A picture's colours
are computed as floats from 0 to 255 on the device and rounded at the end.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import affine_grid, conv2d, grid_sample
from vectorizer_api.content import AugmentationConditions

from vectorizer_trainer.augmentation.contract import Augmentation
from vectorizer_trainer.augmentation.draws import uniforms
from vectorizer_trainer.content.encoder import Item

__all__ = ["PictureAugmentation"]

_PROBABILITY = 0.5
"""Of a mirroring or a rotation."""
_SMALL_ANGLE, _LARGE_ANGLE = 30.0, 90.0
"""Degrees, either way."""
_CROPS = (0.5, 1.0)
"""Edge of the part that is kept."""
_FACTORS = (0.6, 1.4)
"""Of brightness, contrast and saturation."""
_SIGMAS = (0.1, 2.0)
"""Pixels of a picture with an edge of 256."""
_SIGMA_EDGE = 256
_REACH = 3
"""Sigmas at which a Gaussian is cut off."""
_GREY = (0.299, 0.587, 0.114)
"""Weights of red, green and blue (ITU-R BT.601)."""
_PIXELS_AT_ONCE = 2**21
"""Of all frames together: 24 MiB a copy as float32."""


class _Draw(IntEnum):
    """The columns of an item's random numbers; a switch that is off leaves the others' draws as they are."""

    HORIZONTAL_FLIP = 0
    VERTICAL_FLIP = 1
    ROTATED = 2
    ROTATED_FAR = 3
    ANGLE = 4
    CROP = 5
    BRIGHTNESS = 6
    CONTRAST = 7
    SATURATION = 8
    BLUR = 9


@dataclass(frozen=True)
class _Frames:
    """The frames of some items, one after another."""

    pixels: Tensor
    """Float32 [n, 3, s, s], from 0 to 255."""
    owner: Tensor
    """[n]: which item a frame belongs to."""

    def each(self, values: NDArray[np.float64]) -> Tensor:
        """Float32 [n, 1, 1, 1]: an item's value for each of its frames."""
        return torch.from_numpy(values).to(self.pixels)[self.owner][:, None, None, None]


class PictureAugmentation:
    """Varies pictures or videos of one edge by the transformations that are switched on."""

    def __init__(
        self, conditions: AugmentationConditions, device: torch.device, probability: float = _PROBABILITY
    ) -> None:
        """Takes the switches, where to compute, and how often to mirror or rotate."""
        self._on = conditions
        self._device = device
        self._probability = probability

    @property
    def transformations(self) -> tuple[str, ...]:
        """The JSON names of the switches that are on."""
        return tuple(name for name, on in self._on.model_dump(by_alias=True).items() if on)

    def only(self, transformation: str) -> Augmentation:
        """One switch alone on, applied to every item."""
        switches = dict.fromkeys(self._on.model_dump(by_alias=True), False) | {transformation: True}
        return PictureAugmentation(AugmentationConditions.model_validate(switches), self._device, probability=1.0)

    def vary(self, items: Sequence[Item], seeds: Sequence[int]) -> list[Item]:
        """Varied items, computed some millions of pixels at a time."""
        if not self.transformations:
            return list(items)
        varied: list[Item] = []
        for chunk in _chunks(items):
            varied.extend(self._vary(items[chunk], uniforms(seeds[chunk], len(_Draw))))
        return varied

    def _vary(self, items: Sequence[Item], draws: NDArray[np.float64]) -> Iterator[Item]:
        frames = self._frames(items)
        pixels = self._moved(frames, draws)
        pixels = self._coloured(_Frames(pixels, frames.owner), draws)
        pixels = self._blurred(_Frames(pixels, frames.owner), draws)
        rounded = pixels.round().clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy()
        first = 0
        for item in items:
            count = len(item) if item.ndim == 4 else 1
            yield rounded[first : first + count].reshape(item.shape)
            first += count

    def _frames(self, items: Sequence[Item]) -> _Frames:
        clips = [item if item.ndim == 4 else item[None] for item in items]
        stacked = torch.from_numpy(np.concatenate(clips)).to(self._device)
        owner = torch.repeat_interleave(torch.arange(len(items)), torch.tensor([len(clip) for clip in clips]))
        return _Frames(stacked.permute(0, 3, 1, 2).float().contiguous(), owner.to(self._device))

    def _moved(self, frames: _Frames, draws: NDArray[np.float64]) -> Tensor:
        """Mirrored, rotated and cropped: one resampling, bilinear; what turns into view repeats the picture's edge."""
        if not self._moves():
            return frames.pixels
        matrices = self._matrices(draws)
        places = np.concatenate([matrices, np.zeros((len(matrices), 2, 1))], axis=2)
        grid = affine_grid(
            torch.from_numpy(places).to(frames.pixels)[frames.owner], list(frames.pixels.shape), align_corners=False
        )
        return grid_sample(frames.pixels, grid, padding_mode="border", align_corners=False)

    def _moves(self) -> bool:
        on = self._on
        return on.horizontal_flip or on.vertical_flip or on.small_rotation or on.large_rotation or on.center_crop

    def _matrices(self, draws: NDArray[np.float64]) -> NDArray[np.float64]:
        """[n, 2, 2]: from a place in the new picture to the one in the old that it shows, both from the centre."""
        mirrored_x = np.where(self._on.horizontal_flip & (draws[:, _Draw.HORIZONTAL_FLIP] < self._probability), -1, 1)
        mirrored_y = np.where(self._on.vertical_flip & (draws[:, _Draw.VERTICAL_FLIP] < self._probability), -1, 1)
        scale = _between(_CROPS, draws[:, _Draw.CROP]) if self._on.center_crop else np.ones(len(draws))
        angle = self._angles(draws)
        cos, sin = scale * np.cos(angle), scale * np.sin(angle)
        rows = [[mirrored_x * cos, -mirrored_x * sin], [mirrored_y * sin, mirrored_y * cos]]
        return np.array(rows).transpose(2, 0, 1)

    def _angles(self, draws: NDArray[np.float64]) -> NDArray[np.float64]:
        """Radians [n]; with both switches on a fair coin says which."""
        if not (self._on.small_rotation or self._on.large_rotation):
            return np.zeros(len(draws))
        both = self._on.small_rotation and self._on.large_rotation
        far = draws[:, _Draw.ROTATED_FAR] < 0.5 if both else np.full(len(draws), self._on.large_rotation)
        largest = np.where(far, _LARGE_ANGLE, _SMALL_ANGLE)
        degrees = largest * (2 * draws[:, _Draw.ANGLE] - 1)
        return np.radians(np.where(draws[:, _Draw.ROTATED] < self._probability, degrees, 0.0))

    def _coloured(self, frames: _Frames, draws: NDArray[np.float64]) -> Tensor:
        pixels = frames.pixels
        if self._on.brightness_jitter:
            pixels = _clipped(pixels * frames.each(_between(_FACTORS, draws[:, _Draw.BRIGHTNESS])))
        if self._on.contrast_jitter:
            mean = _mean_grey(_Frames(pixels, frames.owner), len(draws))
            pixels = _clipped(torch.lerp(mean, pixels, frames.each(_between(_FACTORS, draws[:, _Draw.CONTRAST]))))
        if self._on.saturation_jitter:
            grey = _grey(pixels)
            pixels = _clipped(torch.lerp(grey, pixels, frames.each(_between(_FACTORS, draws[:, _Draw.SATURATION]))))
        return pixels

    def _blurred(self, frames: _Frames, draws: NDArray[np.float64]) -> Tensor:
        if not self._on.blur:
            return frames.pixels
        count, colours, edge, _ = frames.pixels.shape
        sigmas = _between(_SIGMAS, draws[:, _Draw.BLUR]) * edge / _SIGMA_EDGE
        reach = math.ceil(_REACH * _SIGMAS[1] * edge / _SIGMA_EDGE)
        weights = _gaussians(torch.from_numpy(sigmas).to(frames.pixels), reach)[frames.owner]
        weights = weights.repeat_interleave(colours, 0)[:, None, None]
        planes = _with_mirrored_margin(frames.pixels, reach).flatten(0, 1)[None]
        lines = conv2d(planes, weights, groups=count * colours)
        return conv2d(lines, weights.transpose(2, 3), groups=count * colours).view_as(frames.pixels)


def _chunks(items: Sequence[Item]) -> Iterator[slice]:
    first, pixels = 0, 0
    for index, item in enumerate(items):
        if pixels and pixels + item.size // 3 > _PIXELS_AT_ONCE:
            yield slice(first, index)
            first, pixels = index, 0
        pixels += item.size // 3
    if first < len(items):
        yield slice(first, len(items))


def _between(bounds: tuple[float, float], draws: NDArray[np.float64]) -> NDArray[np.float64]:
    low, high = bounds
    return low + (high - low) * draws


def _clipped(pixels: Tensor) -> Tensor:
    return pixels.clamp(0, 255)


def _grey(pixels: Tensor) -> Tensor:
    """[n, 1, s, s]."""
    weights = torch.tensor(_GREY).to(pixels)[:, None, None]
    return (pixels * weights).sum(1, keepdim=True)


def _mean_grey(frames: _Frames, items: int) -> Tensor:
    """[n, 1, 1, 1]: the mean over all frames of an item, since one of each frame would make a video flicker."""
    means = _grey(frames.pixels).mean((1, 2, 3))
    totals = torch.zeros(items).to(means).index_add(0, frames.owner, means)
    return (totals / torch.bincount(frames.owner, minlength=items))[frames.owner][:, None, None, None]


def _gaussians(sigmas: Tensor, reach: int) -> Tensor:
    """[n, 2 reach + 1]: the weights of a pixel's neighbours along a line, 1 in all."""
    distance = torch.arange(-reach, reach + 1).to(sigmas)
    weights = torch.exp(-0.5 * (distance / sigmas[:, None]) ** 2)
    return weights / weights.sum(1, keepdim=True)


def _with_mirrored_margin(pixels: Tensor, margin: int) -> Tensor:
    """[n, 3, s + 2 margin, s + 2 margin]: mirrored at the outer edge of the last pixel: a blur then keeps the mean."""
    edge = pixels.shape[-1]
    place = torch.arange(-margin, edge + margin, device=pixels.device)
    inside = torch.where(place < 0, -1 - place, torch.where(place < edge, place, 2 * edge - 1 - place))
    return pixels.index_select(2, inside).index_select(3, inside)
