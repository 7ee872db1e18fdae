"""CLAP's audio tower at its published size."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from vectorizer_trainer.published import Manifest, read_manifest, sound


def test_random_weights_of_the_manifests_shapes_are_imported_and_hear(
    drawn_checkpoint: Callable[[Manifest], dict[str, torch.Tensor]], tmp_path: Path
) -> None:
    save_file(drawn_checkpoint(read_manifest(sound.NAME)), tmp_path / "model.safetensors")
    encoder = sound.open_published(tmp_path).encoder.eval()
    clip = np.random.default_rng(0).integers(-9000, 9000, 48_000).astype(np.int16)
    with torch.inference_mode():
        vectors = encoder.features([clip])
    assert vectors.shape == (1, 512)
    assert vectors.norm(dim=1).tolist() == pytest.approx([1], abs=1e-5)
