"""Uni3D: a vision transformer whose tokens are patches of a point cloud.

Written from the paper (Zhou et al., Uni3D, arXiv 2310.06773) and the keys of the published checkpoints. Parameters have
the published names without their prefix `point_encoder.`, those of the transformer that points never reach left out.
"""

from functools import partial
from typing import Any

import torch
from timm.models.eva import EvaBlock
from torch import Tensor, nn
from vectorizer_api.model import ApiModel

__all__ = ["Architecture", "PointTransformer", "nearest"]

_STEM_NUMBERS = 2**24


class Architecture(ApiModel):
    """The numbers that make a PointTransformer: `point_transformer.json` of a vectorizer folder."""

    points: int
    """points of a cloud that are looked at."""
    groups: int
    """groups is the number of patches, about the first points of a cloud."""
    group_size: int
    """groupSize is the number of points in a patch: those next to its centre."""
    stem_width: int
    """stemWidth is the widest layer of the network that reads a patch."""
    patch_dimension: int
    """patchDimension is the length of what that network says of a patch."""
    width: int
    """width of the transformer."""
    depth: int
    """depth is the number of its blocks."""
    heads: int
    """heads of each block's attention."""
    output_dimension: int
    """outputDimension is the length of a feature vector."""


class PointTransformer(nn.Module):
    """From clouds [n, points, 6], the centres of the patches first, to features [n, output dimension]."""

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        width = architecture.width
        self.architecture = architecture
        self.encoder = _PatchEncoder(architecture.stem_width, architecture.patch_dimension)
        self.encoder2trans = nn.Linear(architecture.patch_dimension, width)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, width))
        self.cls_pos = nn.Parameter(torch.randn(1, 1, width))
        self.pos_embed = nn.Sequential(nn.Linear(3, 128), nn.GELU(), nn.Linear(128, width))
        self.visual = _Blocks(width, architecture.depth, architecture.heads)
        self.trans2embed = nn.Linear(width, architecture.output_dimension)

    def forward(self, clouds: Tensor) -> Tensor:
        """Features [n, output dimension] of clouds [n, points, 6]."""
        return self.features(self.tokens(clouds))

    def tokens(self, clouds: Tensor) -> Tensor:
        """The transformer's input [n, 1 + groups, width]: the class token and one token a patch."""
        patches = self.encoder2trans(self.encoder(self._patches(clouds)))
        places = self.pos_embed(clouds[:, : self.architecture.groups, :3])
        first = (self.cls_token + self.cls_pos).expand(clouds.shape[0], -1, -1)
        return torch.cat([first, patches + places], dim=1)

    def features(self, tokens: Tensor) -> Tensor:
        """Features [n, output dimension] of tokens."""
        projected: Tensor = self.trans2embed(self.visual(tokens))
        return projected

    @property
    def clouds_at_once(self) -> int:
        """How many clouds the patch encoder reads in 64 MiB a layer: a hundred times what it says of them."""
        shape = self.architecture
        return max(1, _STEM_NUMBERS // (shape.groups * shape.group_size * shape.stem_width))

    def _patches(self, clouds: Tensor) -> Tensor:
        """[n, groups, group size, 6] of clouds [n, points, 6]: coordinates from the centre, colours as they are."""
        centres = clouds[:, : self.architecture.groups, :3]
        members = nearest(centres, clouds[:, :, :3], self.architecture.group_size)
        row = torch.arange(clouds.shape[0], device=clouds.device)[:, None, None]
        patches = clouds[row, members]
        return torch.cat([patches[..., :3] - centres[:, :, None], patches[..., 3:]], dim=3)


def nearest(centres: Tensor, points: Tensor, count: int) -> Tensor:
    """Indices [n, c, count] of the points [n, p, 3] that are next to each centre [n, c, 3], in no particular order."""
    # In lower precision other points would be next to a centre than those that the vectors were made from.
    with torch.autocast(points.device.type, enabled=False):
        squares = points.square().sum(2)[:, None] - 2 * centres @ points.transpose(1, 2)
    return squares.topk(count, dim=2, largest=False, sorted=False).indices


class _PatchEncoder(nn.Module):
    """A small PointNet: the same layers for each point, the maximum over the points of a patch, twice."""

    def __init__(self, width: int, dimension: int) -> None:
        super().__init__()
        self.first_conv = _pointwise(6, width // 4, width // 2)
        self.second_conv = _pointwise(width, width, dimension)

    def forward(self, patches: Tensor) -> Tensor:
        """Features [n, groups, dimension] of patches [n, groups, points, 6]."""
        shape = patches.shape[:3]
        # All points as one long row: a convolution of width 1 is then one product of matrices.
        points = self.first_conv(patches.flatten(0, 2).T[None]).unflatten(2, shape)
        whole = points.amax(4, keepdim=True).expand_as(points)
        said: Tensor = self.second_conv(torch.cat([whole, points], dim=1).flatten(2)).unflatten(2, shape)
        return said.amax(4)[0].permute(1, 2, 0)


def _pointwise(channels: int, hidden: int, out: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv1d(channels, hidden, 1), nn.BatchNorm1d(hidden), nn.ReLU(), nn.Conv1d(hidden, out, 1))


class _Blocks(nn.Module):
    """The blocks of EVA-02, run without rotary embedding: a patch's place is a point in space, not on a grid."""

    def __init__(self, width: int, depth: int, heads: int) -> None:
        super().__init__()
        norm: Any = partial(nn.LayerNorm, eps=1e-6)
        self.blocks = nn.ModuleList(
            EvaBlock(width, heads, qkv_fused=False, mlp_ratio=8 / 3, swiglu_mlp=True, scale_mlp=True, norm_layer=norm)
            for _ in range(depth)
        )
        self.fc_norm = norm(width)

    def forward(self, tokens: Tensor) -> Tensor:
        """The class token's last state [n, width] for tokens [n, t, width]."""
        for block in self.blocks:
            tokens = block(tokens)
        last: Tensor = self.fc_norm(tokens[:, 0])
        return last
