"""A PointTransformer behind a decoder of point clouds and meshes.

The adapter is folded into the last projection on saving, which is exact: what follows it is the scaling to unit length.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch
from safetensors.torch import load_file, save
from torch import Tensor
from torch.nn.functional import normalize
from vectorizer_api.artifact import VectorizerDescription
from vectorizer_api.run import Limits

from vectorizer_trainer.content.encoder import Encoder, Inputs, Item
from vectorizer_trainer.content.point_cloud.architecture import Architecture, PointTransformer
from vectorizer_trainer.content.point_cloud.decode import decode

__all__ = ["PointCloudEncoder", "open_encoder"]

_WEIGHTS = "point_transformer.safetensors"
_CONFIG = "point_transformer.json"


class PointCloudEncoder(Encoder):
    """Uni3D, of any size."""

    suffixes: ClassVar[frozenset[str]] = frozenset(
        {".ply", ".obj", ".stl", ".off", ".glb", ".xyz", ".pcd", ".npy", ".las", ".laz"}
    )

    def __init__(self, network: PointTransformer) -> None:
        super().__init__()
        self.network = network
        self.dimension = network.architecture.output_dimension

    def decode(self, path: Path, limits: Limits) -> Item:
        """Float16 [points, 6], as `content.point_cloud.item` says; the same file gives the same item."""
        shape = self.network.architecture
        return decode(path, limits, shape.points, shape.groups)

    def cost(self, item: Item) -> int:
        """The same for every cloud."""
        return 1

    def features(self, items: Sequence[Item]) -> Tensor:
        """Float32 [n, dimension]: the projected class tokens as unit vectors."""
        parts = self._points(items).split(self.network.clouds_at_once)  # type: ignore[no-untyped-call]
        if torch.is_grad_enabled():
            # The patches are read a few at a time also where the blocks are trained on all of them together.
            return normalize(self.network.features(torch.cat([self.network.tokens(part) for part in parts])), dim=1)
        return torch.cat([self(part) for part in parts])

    def inputs(self, items: Sequence[Item]) -> Inputs:
        """Points, float32 [n, points, 6], the centres of the patches first."""
        return Inputs({"points": self._points(items)}, {"points": {0: "batch"}})

    def forward(self, points: Tensor) -> Tensor:
        """Unit vectors [n, dimension] of points."""
        return normalize(self.network(points), dim=1)

    def _points(self, items: Sequence[Item]) -> Tensor:
        return torch.from_numpy(np.stack(items)).to(self.device).float()

    def trained_by_fine_tuning(self) -> list[str]:
        """All transformer blocks; what reads the patches stays."""
        return [name for name, _ in self.named_parameters() if ".blocks." in name]

    def serialise(self, adapter: Tensor) -> Mapping[str, bytes]:
        """The network with the adapter inside its projection, and the numbers that build it."""
        weights = {name: value.contiguous() for name, value in self.network.state_dict().items()}
        for name in ("trans2embed.weight", "trans2embed.bias"):
            weights[name] = adapter @ weights[name]
        config = self.network.architecture.model_dump_json(by_alias=True, indent=2)
        return {_WEIGHTS: save(weights, {"format": "pt"}), _CONFIG: config.encode()}


def open_encoder(folder: Path, description: VectorizerDescription) -> tuple[PointCloudEncoder, Tensor]:
    """The encoder of a verified folder; its adapter is in the projection, so that the identity remains."""
    architecture = Architecture.model_validate_json((folder / _CONFIG).read_bytes())
    network = PointTransformer(architecture)
    network.load_state_dict(load_file(folder / _WEIGHTS))
    return PointCloudEncoder(network), torch.eye(description.dimension)
