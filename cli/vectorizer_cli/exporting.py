"""A vectorizer's network as an ONNX file, kept only where ONNX Runtime gives the vectors that PyTorch gives."""

import json
import tempfile
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console
from torch import Tensor, nn
from torch.nn.functional import normalize
from vectorizer_api.artifact import VectorizerDescription
from vectorizer_trainer.bases import REFERENCE_FILE, bases_folder, load_reference
from vectorizer_trainer.content.encoder import Encoder, Inputs, Item
from vectorizer_trainer.errors import BadInput, RunError, StorageError
from vectorizer_trainer.vectorizer import Vectorizer, load_vectorizer
from vectorizer_trainer.wording import counted, quoted

from vectorizer_cli.files import stream_files
from vectorizer_cli.vectors import readable

LARGEST_DIFFERENCE = 1e-4
"""Between a vector of ONNX Runtime and one of PyTorch, in any of its numbers."""
_OUTPUT = "vector"
_CHECKED = 32
_PACKAGES = ("onnx", "onnxscript", "onnxruntime")


@dataclass(frozen=True)
class Export:
    """What `vectorizer export` was asked for."""

    vectorizer: Path
    onnx: Path
    samples: Path | None
    """A folder of files to check with; by default the reference items of the base."""


def export_onnx(asked: Export, console: Console) -> None:
    """Write the ONNX file, whole and checked or not at all. Raises RunError."""
    _check_packages()
    if not asked.vectorizer.is_dir():
        raise BadInput(f"{asked.vectorizer} is not a folder.", hint="Name the folder of a vectorizer.")
    vectorizer = load_vectorizer(asked.vectorizer)
    items = [vectorizer.encoder.excerpt(item) for item in _items(asked, vectorizer, console)]
    try:
        with tempfile.TemporaryDirectory(dir=asked.onnx.parent, prefix=f".{asked.onnx.name}-") as temporary:
            made = Path(temporary) / "model.onnx"
            with console.status("Exporting; this takes half a minute …"):
                _write(vectorizer, items, made)
                difference = largest_difference(vectorizer, items, made)
            if difference > LARGEST_DIFFERENCE:
                raise RunError(f"The vectors of ONNX Runtime differ by {difference:.1e} from those of PyTorch.")
            made.replace(asked.onnx)
    except OSError as error:
        raise StorageError(f"{asked.onnx} cannot be written: {error.strerror}.", hint="Name another --onnx.") from error
    console.print(_summary(asked.onnx, vectorizer, items, difference), highlight=False, markup=False, soft_wrap=True)


def largest_difference(vectorizer: Vectorizer, items: Sequence[Item], model: Path) -> float:
    """Of the vectors of one-window items, alone and in batches, between ONNX Runtime and the vectorizer itself."""
    import onnxruntime  # type: ignore[import-untyped]

    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    batches = [items[:1], *_batches(items[1:])]
    found = [_run(session, vectorizer.encoder.inputs(batch)) for batch in batches]
    return max(
        float(np.abs(vectors - vectorizer.encode_items(batch)).max())
        for vectors, batch in zip(found, batches, strict=True)
    )


class _Whole(nn.Module):
    """Encoder and adapter: from tensors to unit vectors."""

    def __init__(self, encoder: Encoder, adapter: Tensor) -> None:
        super().__init__()
        self.encoder = encoder
        self.register_buffer("adapter", adapter)

    def forward(self, *tensors: Tensor) -> Tensor:
        return normalize(self.encoder(*tensors) @ self.adapter.T, dim=1)


def _check_packages() -> None:
    missing = [name for name in _PACKAGES if find_spec(name) is None]
    if missing:
        raise BadInput(
            f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} not installed.",
            hint="Install the extra: pip install 'vectorizer-operator[onnx]'.",
        )


def _items(asked: Export, vectorizer: Vectorizer, console: Console) -> list[Item]:
    if asked.samples is None:
        return list(load_reference(_base_of(asked, vectorizer.description))[:_CHECKED])
    if not asked.samples.is_dir():
        raise BadInput(f"--samples {asked.samples} is not a folder.", hint="Name a folder of files.")
    read = readable(vectorizer, stream_files(asked.samples, vectorizer.suffixes), console)
    items = [item for _, item in islice(read, _CHECKED)]
    if not items:
        raise BadInput(f"--samples {asked.samples}: no file can be read.", hint="Name a folder of the right files.")
    return items


def _base_of(asked: Export, description: VectorizerDescription) -> Path:
    """The folder with reference items: the vectorizer's own where it is a base, else its base's in the cache."""
    if REFERENCE_FILE in description.files:
        return asked.vectorizer
    name = description.base.name if description.base else description.name
    for path in sorted(bases_folder().glob(f"**/{name}/{REFERENCE_FILE}")):
        return path.parent
    raise BadInput(
        f"There are no items to check with: the base {quoted(name)} is not in {bases_folder()}.",
        hint="Give --samples FOLDER with some files of the right kind.",
    )


def _write(vectorizer: Vectorizer, items: Sequence[Item], path: Path) -> None:
    # Two rows of the largest: the exporter takes an axis of length one for one that is always so.
    example = vectorizer.encoder.inputs([max(items, key=vectorizer.encoder.cost)] * 2)
    with warnings.catch_warnings():
        # The exporter warns of its own libraries and of names that two axes share on purpose.
        warnings.simplefilter("ignore")
        program: Any = torch.onnx.export(
            _Whole(vectorizer.encoder, vectorizer.adapter).eval(),
            tuple(example.tensors.values()),
            dynamo=True,
            dynamic_shapes=(tuple(dict(example.free_axes.get(name, {})) for name in example.tensors),),
            input_names=list(example.tensors),
            output_names=[_OUTPUT],
            verbose=False,
        )
    program.model.metadata_props.update(_metadata(vectorizer))
    program.save(path, external_data=False)


def _batches(items: Sequence[Item]) -> list[list[Item]]:
    """Items that go in together: sequences are padded, and what has more dimensions must be of one shape."""
    together: dict[tuple[int, ...], list[Item]] = {}
    for item in items:
        together.setdefault(item.shape if item.ndim > 1 else (), []).append(item)
    return list(together.values())


def _metadata(vectorizer: Vectorizer) -> dict[str, str]:
    """What someone who has this file alone needs to know."""
    described = vectorizer.description
    return {
        "name": described.name,
        "contentType": described.content_type,
        "dimension": str(described.dimension),
        "licence": described.licence,
        "preprocessing": json.dumps(described.preprocessing),
        "vectorizerDigest": vectorizer.digest or "",
    }


def _run(session: Any, inputs: Inputs) -> NDArray[np.float32]:  # noqa: ANN401 - onnxruntime brings no types
    found: NDArray[np.float32] = session.run(
        [_OUTPUT], {name: one.cpu().numpy() for name, one in inputs.tensors.items()}
    )[0]
    return found


def _summary(path: Path, vectorizer: Vectorizer, items: Sequence[Item], difference: float) -> str:
    example = vectorizer.encoder.inputs(items[:1])
    shapes = [
        f"{name} {str(one.dtype).removeprefix('torch.')} {_shape(one, example.free_axes.get(name, {}))}"
        for name, one in example.tensors.items()
    ]
    return (
        f"{path}: {', '.join(shapes)} -> {_OUTPUT} float32 [batch, {vectorizer.dimension}]. "
        f"On {counted(len(items), 'item')} ONNX Runtime differs from PyTorch by {difference:.1e} at most."
    )


def _shape(tensor: Tensor, free: Mapping[int, str]) -> str:
    return f"[{', '.join(free.get(axis, str(length)) for axis, length in enumerate(tensor.shape))}]"
