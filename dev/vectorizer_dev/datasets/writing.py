"""A data set as a user would upload it: files beside example_to_labels.json."""

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

__all__ = ["Labelled", "png", "write_split"]


@dataclass(frozen=True)
class Labelled:
    """One file with its labels."""

    name: str
    content: bytes
    labels: tuple[str, ...]


def write_split(folder: Path, examples: Sequence[Labelled]) -> None:
    """Writes the files and example_to_labels.json into a folder, which is made where it is missing."""
    for example in examples:
        path = folder / example.name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(example.content)
    labels = {example.name: list(example.labels) for example in examples}
    (folder / "example_to_labels.json").write_text(json.dumps(labels, indent=1) + "\n", encoding="utf-8")


def png(picture: NDArray[np.uint8]) -> bytes:
    """The content of a PNG file of pixels [height, width, 3]."""
    content = io.BytesIO()
    Image.fromarray(picture).save(content, "PNG")
    return content.getvalue()
