"""A vectorizer: encoder and adapter, opened from a folder, applied to files, saved to a folder.

A folder is believed only as far as its `vectorizer.json` vouches for it: every file's size and SHA-256 are checked
before anything is allocated for it, weights are safetensors, and nothing is ever unpickled.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import ValidationError
from torch import Tensor
from torch.nn.functional import normalize
from vectorizer_api.artifact import BaseReference, FileDigest, VectorizerDescription
from vectorizer_api.content import ContentType
from vectorizer_api.run import Limits

from vectorizer_trainer.content import content_module
from vectorizer_trainer.content.encoder import Encoder, Item
from vectorizer_trainer.errors import InvalidVectorizer
from vectorizer_trainer.wording import first_fault

__all__ = [
    "DESCRIPTION_FILE",
    "Vectorizer",
    "load_vectorizer",
    "verified_description",
    "verified_file",
    "write_vectorizer",
]

DESCRIPTION_FILE = "vectorizer.json"

_LARGEST_DESCRIPTION = 1024**2
_CHUNK = 256
"""Items held at once: enough to sort by cost, few enough to forget."""
_BATCH = 64

_T = TypeVar("_T")


class Vectorizer:
    """Maps files of one content type to unit vectors."""

    def __init__(
        self, description: VectorizerDescription, encoder: Encoder, adapter: Tensor, digest: str | None = None
    ) -> None:
        """Takes an encoder, and the adapter [dimension, dimension] that its features are multiplied by."""
        self.description = description
        self.encoder = encoder.eval().requires_grad_(requires_grad=False)
        self.adapter = adapter.to(encoder.device)
        self.digest = digest
        """SHA-256 of the vectorizer.json that it was opened from."""

    @property
    def content_type(self) -> ContentType:
        """The kind of files that it takes."""
        return self.description.content_type

    @property
    def dimension(self) -> int:
        """The length of a vector."""
        return self.description.dimension

    @property
    def suffixes(self) -> frozenset[str]:
        """Lower-case suffixes, with the dot, that files of its content type usually have."""
        return self.encoder.suffixes

    def decode(self, path: Path, limits: Limits | None = None) -> Item:
        """The item of a file, judged by its content and not its name; raises UnreadableFile."""
        return self.encoder.decode(path, limits or Limits())

    def encode(self, paths: Sequence[str | Path], limits: Limits | None = None) -> NDArray[np.float32]:
        """Unit vectors [n, dimension] of files; holds few of them in memory at a time."""
        chunks = [self.encode_items([self.decode(Path(path), limits) for path in chunk]) for chunk in _chunks(paths)]
        return np.concatenate(chunks) if chunks else self._empty()

    def encode_items(self, items: Sequence[Item]) -> NDArray[np.float32]:
        """Unit vectors [n, dimension] of decoded items, in their order; a lazy sequence is read chunk by chunk."""
        chunks = [self._encode_chunk(list(chunk)) for chunk in _chunks(items)]
        return np.concatenate(chunks) if chunks else self._empty()

    def with_weights(self, encoder: Encoder, adapter: Tensor) -> "Vectorizer":
        """A vectorizer of the same description with other weights."""
        return Vectorizer(self.description, encoder, adapter)

    def on(self, device: torch.device) -> "Vectorizer":
        """The same vectorizer, computing elsewhere; its own encoder moves along."""
        return Vectorizer(self.description, self.encoder.to(device), self.adapter, self.digest)

    def named(self, name: str, base: BaseReference) -> "Vectorizer":
        """The same vectorizer under another name, as a descendant of a base."""
        description = self.description.model_copy(update={"name": name, "base": base})
        return Vectorizer(description, self.encoder, self.adapter)

    def save(self, folder: Path, documents: Mapping[str, bytes] | None = None) -> None:
        """Writes the folder that load_vectorizer opens, with documents for people; vectorizer.json comes last."""
        write_vectorizer(folder, self.description, {**(documents or {}), **self.encoder.serialise(self.adapter)})

    def _empty(self) -> NDArray[np.float32]:
        return np.empty((0, self.dimension), np.float32)

    @torch.inference_mode()
    def _encode_chunk(self, items: list[Item]) -> NDArray[np.float32]:
        order = sorted(range(len(items)), key=lambda index: self.encoder.cost(items[index]))
        vectors = np.empty((len(items), self.dimension), np.float32)
        for start in range(0, len(items), _BATCH):
            batch = order[start : start + _BATCH]
            features = self.encoder.features([items[index] for index in batch])
            vectors[batch] = normalize(features @ self.adapter.T, dim=1).cpu().numpy()
        return vectors


def load_vectorizer(folder: str | Path) -> Vectorizer:
    """Opens a vectorizer folder; raises InvalidVectorizer where it is not what its vectorizer.json says."""
    folder = Path(folder)
    description, digest = verified_description(folder)
    for name in description.files:
        verified_file(folder, name, description)
    encoder, adapter = content_module(description.content_type).open_encoder(folder, description)
    if encoder.dimension != description.dimension or adapter.shape != (description.dimension, description.dimension):
        raise InvalidVectorizer(f"{folder}: the weights are not of dimension {description.dimension}")
    return Vectorizer(description, encoder, adapter, digest)


def verified_description(folder: Path) -> tuple[VectorizerDescription, str]:
    """The description of a vectorizer folder, and the SHA-256 of its file; raises InvalidVectorizer."""
    raw = _read_description(folder)
    try:
        description = VectorizerDescription.model_validate_json(raw)
    except ValidationError as error:
        fault = first_fault(error)
        raise InvalidVectorizer(f"{folder / DESCRIPTION_FILE} is not a vectorizer description: {fault}.") from error
    return description, hashlib.sha256(raw).hexdigest()


def verified_file(folder: Path, name: str, description: VectorizerDescription) -> Path:
    """The path of a file of the folder that is as described; raises InvalidVectorizer."""
    expected = description.files.get(name)
    if expected is None:
        raise InvalidVectorizer(f"{folder / DESCRIPTION_FILE} does not vouch for {name!r}")
    _verify(folder, name, expected)
    return folder / name


def write_vectorizer(folder: Path, description: VectorizerDescription, files: Mapping[str, bytes]) -> None:
    """Writes files, by relative path, and then the description that vouches for them."""
    folder.mkdir(parents=True, exist_ok=True)
    digests = {}
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        digests[name] = FileDigest(sha256=hashlib.sha256(content).hexdigest(), size=len(content))
    complete = description.model_copy(update={"files": digests})
    (folder / DESCRIPTION_FILE).write_text(complete.model_dump_json(by_alias=True, indent=2) + "\n")


def _read_description(folder: Path) -> bytes:
    path = folder / DESCRIPTION_FILE
    try:
        if path.stat().st_size > _LARGEST_DESCRIPTION:
            raise InvalidVectorizer(f"{path} is larger than {_LARGEST_DESCRIPTION} bytes")
        return path.read_bytes()
    except OSError as error:
        raise InvalidVectorizer(
            f"{folder} is not a vectorizer folder: it has no readable {DESCRIPTION_FILE}."
        ) from error


def _verify(folder: Path, name: str, expected: FileDigest) -> None:
    parts = PurePosixPath(name)
    if parts.is_absolute() or ".." in parts.parts:
        raise InvalidVectorizer(f"{folder}: {name!r} leads out of the folder")
    path = folder / name
    try:
        size = path.stat().st_size
        if size != expected.size:
            raise InvalidVectorizer(f"{path} has {size} bytes, not {expected.size}")
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise InvalidVectorizer(f"{path} cannot be read") from error
    if digest != expected.sha256:
        raise InvalidVectorizer(f"{path} is not the file that {DESCRIPTION_FILE} describes (SHA-256)")


def _chunks(sequence: Sequence[_T]) -> Iterator[list[_T]]:
    for start in range(0, len(sequence), _CHUNK):
        yield [sequence[index] for index in range(start, min(start + _CHUNK, len(sequence)))]
