"""Uni3D-B at its published size."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from vectorizer_api.run import Limits
from vectorizer_dev.datasets.point_cloud import mesh_file
from vectorizer_trainer.bases.point_cloud.shapes import KNOWN, shape
from vectorizer_trainer.bases.pool import Pool
from vectorizer_trainer.published import Manifest, point_cloud, read_manifest


def test_random_weights_of_the_manifests_shapes_are_imported_and_see(
    drawn_checkpoint: Callable[[Manifest], dict[str, torch.Tensor]], tmp_path: Path
) -> None:
    torch.save({"module": drawn_checkpoint(read_manifest(point_cloud.NAME))}, tmp_path / "model.pt")
    encoder = point_cloud.open_published(tmp_path).encoder.eval()
    (tmp_path / "lamp").write_bytes(mesh_file(shape(Pool.BASE, 1, 0, KNOWN), "glb"))
    item = encoder.decode(tmp_path / "lamp", Limits())
    assert item.shape == (10_000, 6)
    assert item.dtype == np.float16
    with torch.inference_mode():
        vectors = encoder.features([item])
    assert vectors.shape == (1, 1024)
    assert vectors.norm(dim=1).tolist() == pytest.approx([1], abs=1e-5)
