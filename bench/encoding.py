"""Files to vectors, beside sentence-transformers and open_clip with the same weights in the same process.

python bench/encoding.py [--content Text Image] [--files 1000] [--rounds 3] [--threads 1]

Each reads the files, prepares and embeds them, in turns; of each the middle round by processor time counts. Pictures
are those of the demo and, as `Image, 12 megapixels`, large ones, of which there are a tenth as many. Where the vectors
are not the same, it ends with an error: then the times would compare different work. A ratio above 1 is in our favour.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from statistics import median

import numpy as np
import torch
from memory import write_pictures
from numpy.typing import NDArray
from trial import DATA_SETS
from vectorizer_api.content import ContentType
from vectorizer_trainer.bases import ensure_base
from vectorizer_trainer.vectorizer import Vectorizer, load_vectorizer

Vectors = NDArray[np.float32]
Encode = Callable[[Sequence[Path]], Vectors]

_AT_ONCE = 32
"""Files of a batch of the peers: the default of sentence-transformers."""
_ALIKE = 0.999
"""Cosine from which two vectors of a picture are the same: a JPEG is decoded at half its size where that is enough."""


def main() -> None:
    """Prints a row for each set of files."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--content", choices=["Text", "Image"], nargs="+", default=["Text", "Image"])
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    print("| files | n | ours, files a CPU second | peer | its files a CPU second | ratio |\n| " + "--- | " * 6)
    for content in arguments.content:
        with tempfile.TemporaryDirectory(prefix="encoding-") as folder:
            _compare(content, Path(folder), arguments.files, arguments.rounds)


def _compare(content: str, folder: Path, files: int, rounds: int) -> None:
    opened = load_vectorizer(ensure_base(ContentType(content)))
    opened.save(folder / "vectorizer")
    ours = load_vectorizer(folder / "vectorizer")
    import_module(DATA_SETS[content]).make(folder / "demo", train=files, test=1)
    sets = {content: _files(folder / "demo" / "train")}
    if content == ContentType.TEXT:
        peer, encode = "sentence-transformers", _sentence_transformers(folder / "vectorizer")
    else:
        peer, encode = "open_clip", _open_clip(folder / "vectorizer", ours)
        write_pictures(folder / "large", files // 10)
        sets["Image, 12 megapixels"] = _files(folder / "large")
    for name, paths in sets.items():
        fast, theirs = _rates(ours.encode, encode, paths, rounds)
        print(f"| {name} | {len(paths):,} | {fast:.0f} | {peer} | {theirs:.0f} | {fast / theirs:.2f} |", flush=True)


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.suffix != ".json")


def _rates(ours: Encode, theirs: Encode, paths: Sequence[Path], rounds: int) -> tuple[float, float]:
    """Files a second of processor time. Raises ValueError where the two do not give the same vectors."""
    alike = (ours(paths) * theirs(paths)).sum(1).min()
    if alike < _ALIKE:
        raise ValueError(f"the vectors are not the same: a cosine of {alike:.4f}")
    took: list[list[float]] = [[], []]
    for _ in range(rounds):
        for turn, encode in enumerate((ours, theirs)):
            began = time.process_time()
            encode(paths)
            took[turn].append(time.process_time() - began)
    own, peer = (len(paths) / median(seconds) for seconds in took)
    return own, peer


def _sentence_transformers(folder: Path) -> Encode:
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(folder), device="cpu")

    def encode(paths: Sequence[Path]) -> Vectors:
        texts = [path.read_text(encoding="utf-8") for path in paths]
        vectors: Vectors = model.encode(texts, batch_size=_AT_ONCE, normalize_embeddings=True, show_progress_bar=False)
        return vectors

    return encode


def _open_clip(folder: Path, ours: Vectorizer) -> Encode:
    """The tower as the model card opens it, behind open_clip's own transform."""
    from open_clip.transform import image_transform
    from open_clip.transformer import VisionTransformer
    from PIL import Image
    from safetensors.torch import load_file

    config = json.loads((folder / "vision_tower.json").read_text())
    tower = VisionTransformer(**config).eval()
    tower.load_state_dict(load_file(folder / "vision_tower.safetensors"))
    prepare = image_transform(
        config["image_size"],
        is_train=False,
        mean=tuple(ours.description.preprocessing["mean"]),
        std=tuple(ours.description.preprocessing["std"]),
        resize_mode="squash",
    )

    @torch.inference_mode()
    def encode(paths: Sequence[Path]) -> Vectors:
        parts = []
        for first in range(0, len(paths), _AT_ONCE):
            batch = torch.stack([prepare(Image.open(path)) for path in paths[first : first + _AT_ONCE]])
            parts.append(torch.nn.functional.normalize(tower(batch), dim=1).numpy())
        return np.concatenate(parts)

    return encode


if __name__ == "__main__":
    main()
