"""The reference items of a base: fixed cached inputs that say how far a tuned vectorizer strayed from its start."""

import json
import os
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, overload

import numpy as np
from safetensors.numpy import save

from vectorizer_trainer.content.encoder import Item
from vectorizer_trainer.vectorizer import verified_description, verified_file

__all__ = ["REFERENCE_FILE", "load_reference", "serialise_reference"]

REFERENCE_FILE = "reference.safetensors"

_LENGTH_BYTES = 8
_TYPES = {"U8": "u1", "I8": "i1", "I16": "<i2", "I32": "<i4", "I64": "<i8", "F16": "<f2", "F32": "<f4"}
"""What safetensors calls the types that items have."""


def load_reference(folder: Path) -> Sequence[Item]:
    """The reference items of a base folder, checked against its vectorizer.json; each is read when it is asked for."""
    description = verified_description(folder)[0]
    return _StoredItems(verified_file(folder, REFERENCE_FILE, description))


def serialise_reference(items: Sequence[Item]) -> bytes:
    """The content of the file that load_reference reads."""
    return save({f"{index:06d}": item for index, item in enumerate(items)})


@dataclass(frozen=True)
class _Place:
    offset: int
    shape: tuple[int, ...]
    dtype: np.dtype[Any]


class _StoredItems(Sequence[Item]):
    """The arrays of a safetensors file in the order of their names.

    Those of videos and sounds are hundreds of MiB. They are read and not mapped, since pages of a map count as the
    process's own memory.
    """

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDONLY)
        weakref.finalize(self, os.close, self._descriptor)
        length = int.from_bytes(os.pread(self._descriptor, _LENGTH_BYTES, 0), "little")
        header = json.loads(os.pread(self._descriptor, length, _LENGTH_BYTES))
        names = sorted(header.keys() - {"__metadata__"})
        self._places = [_place(header[name], _LENGTH_BYTES + length) for name in names]

    def __len__(self) -> int:
        return len(self._places)

    @overload
    def __getitem__(self, index: int) -> Item: ...
    @overload
    def __getitem__(self, index: slice) -> list[Item]: ...
    def __getitem__(self, index: int | slice) -> Item | list[Item]:
        if isinstance(index, slice):
            return [self[position] for position in range(*index.indices(len(self)))]
        place = self._places[index]
        item = np.empty(place.shape, place.dtype)
        if item.nbytes:
            os.preadv(self._descriptor, [item.data], place.offset)
        return item


def _place(entry: Mapping[str, Any], data: int) -> _Place:
    return _Place(data + entry["data_offsets"][0], tuple(entry["shape"]), np.dtype(_TYPES[entry["dtype"]]))
