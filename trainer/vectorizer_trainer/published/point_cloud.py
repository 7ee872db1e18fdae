"""Point clouds: Uni3D-B, as its authors published it.

The file is a checkpoint of DeepSpeed. It holds the whole vision transformer that Uni3D took its blocks from: what made
patches and places of pictures, and told classes, is never computed with and left out.
"""

from pathlib import Path

from vectorizer_trainer.content.point_cloud import Architecture, PointCloudEncoder, PointTransformer
from vectorizer_trainer.published import Published, checked, published_file, read_checkpoint, read_manifest

__all__ = ["LICENCE", "NAME", "SOURCE", "open_published"]

NAME = "Uni3D-B"
LICENCE = "MIT"
SOURCE = "BAAI/Uni3D on the Hugging Face hub, modelzoo/uni3d-b/model.pt"

_ARCHITECTURE = Architecture(
    points=10_000,
    groups=512,
    group_size=64,
    stem_width=512,
    patch_dimension=512,
    width=768,
    depth=12,
    heads=12,
    output_dimension=1024,
)
_WRAPPER = "module."
"""Stands before every key where the model was saved as it was wrapped for several processes."""
_PREFIX = "point_encoder."


def open_published(source: Path) -> Published:
    """Uni3D-B from its file or the folder that holds it; raises InvalidCheckpoint."""
    path, manifest = published_file(source, ("model.pt", "model.safetensors")), read_manifest(NAME)
    found = {key.removeprefix(_WRAPPER): tensor for key, tensor in read_checkpoint(path, manifest).items()}
    read = {key: tensor for key, tensor in found.items() if not key.startswith(manifest.ignored)}
    weights = {key.removeprefix(_PREFIX): tensor for key, tensor in checked(read, manifest, path).items()}
    network = PointTransformer(_ARCHITECTURE)
    network.load_state_dict(weights)
    return Published(PointCloudEncoder(network), "uni3d", {})
