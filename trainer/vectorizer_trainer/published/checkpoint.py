"""Reading a published checkpoint, and holding it against its manifest.

The one place that opens pickled files, with torch's loader of tensors alone (`weights_only`), which runs no code of
the file's.
"""

import pickle
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from vectorizer_trainer.errors import BadInput
from vectorizer_trainer.published.manifest import Manifest, PublishedTensor
from vectorizer_trainer.wording import enumerated, quoted

__all__ = ["InvalidCheckpoint", "checked", "published_file", "read_checkpoint", "read_published"]

_TYPES = {
    torch.float64: "F64",
    torch.float32: "F32",
    torch.float16: "F16",
    torch.bfloat16: "BF16",
    torch.int64: "I64",
    torch.int32: "I32",
    torch.bool: "BOOL",
}
_FLOATS = {"F64", "F32", "F16", "BF16"}
_SAFE = ".safetensors"


class InvalidCheckpoint(BadInput):
    """A file is not the published checkpoint that it is to be imported as."""

    default_hint = "Fetch the checkpoint's files anew from their publisher, unchanged."


def read_published(path: Path, manifest: Manifest) -> dict[str, Tensor]:
    """The tensors of a checkpoint that has exactly the manifest's keys and shapes, floats as float32.

    Raises InvalidCheckpoint.
    """
    return checked(read_checkpoint(path, manifest), manifest, path)


def read_checkpoint(path: Path, manifest: Manifest) -> dict[str, Tensor]:
    """The tensors of a .safetensors file or of a pickled one, without the ignored ones; raises InvalidCheckpoint."""

    def wanted(key: str) -> bool:
        return not key.startswith(manifest.ignored)

    return _safe_tensors(path, wanted) if path.suffix == _SAFE else _pickled_tensors(path, manifest.within, wanted)


def checked(tensors: Mapping[str, Tensor], manifest: Manifest, path: Path) -> dict[str, Tensor]:
    """The tensors, floats as float32; raises InvalidCheckpoint where keys, shapes or kinds are not the manifest's."""
    needed = manifest.tensors.keys() - set(manifest.optional)
    shared = sorted(tensors.keys() & manifest.tensors.keys())
    unlike = {key: _unlikeness(tensors[key], manifest.tensors[key]) for key in shared}
    problems = [
        *_problem("missing", sorted(needed - tensors.keys())),
        *_problem("not expected", sorted(tensors.keys() - manifest.tensors.keys())),
        *_problem("of another shape or type", [f"{key}: {why}" for key, why in unlike.items() if why]),
    ]
    if problems:
        raise InvalidCheckpoint(f"{path} is not the expected checkpoint: {'; '.join(problems)}.")
    return {key: value.float() if value.is_floating_point() else value for key, value in tensors.items()}


def published_file(source: Path, names: Sequence[str]) -> Path:
    """The file itself, or the first of `names` in the folder; raises InvalidCheckpoint where there is none."""
    if source.is_file():
        return source
    for name in names:
        if (source / name).is_file():
            return source / name
    raise InvalidCheckpoint(f"{source} is neither a checkpoint file nor a folder with {' or '.join(names)}.")


def _problem(what: str, found: Sequence[str]) -> list[str]:
    return [f"{len(found):,} {what} ({enumerated(found)})"] if found else []


def _unlikeness(tensor: Tensor, expected: PublishedTensor) -> str:
    found = _TYPES.get(tensor.dtype, str(tensor.dtype))
    # A checkpoint is also published in half precision: what counts is that numbers are numbers.
    alike = found == expected.dtype or {found, expected.dtype} <= _FLOATS
    if alike and tuple(tensor.shape) == expected.shape:
        return ""
    return f"{found} {list(tensor.shape)} and not {expected.dtype} {list(expected.shape)}"


def _safe_tensors(path: Path, wanted: Callable[[str], bool]) -> dict[str, Tensor]:
    try:
        with safe_open(path, framework="pt") as opened:
            return {key: opened.get_tensor(key) for key in opened.keys() if wanted(key)}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise InvalidCheckpoint(f"{path} cannot be read as safetensors: {error}.") from error


def _pickled_tensors(path: Path, within: str | None, wanted: Callable[[str], bool]) -> dict[str, Tensor]:
    try:
        loaded = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise InvalidCheckpoint(
            f"{path} is no checkpoint of tensors alone, and whatever else is in it is not run."
        ) from error
    except (OSError, RuntimeError, EOFError, ValueError, LookupError) as error:
        raise InvalidCheckpoint(f"{path} cannot be read as a checkpoint of PyTorch: {error}.") from error
    if within is not None and isinstance(loaded, dict):
        loaded = loaded.get(within)
    if not isinstance(loaded, dict):
        place = f" under {quoted(within)}" if within else ""
        raise InvalidCheckpoint(f"{path} holds no tensors by name{place}.")
    return {str(key): value for key, value in loaded.items() if wanted(str(key)) and isinstance(value, Tensor)}
