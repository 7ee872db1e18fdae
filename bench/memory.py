"""Peak memory and seconds per stage of a local fine-tuning, at several numbers of examples, extrapolated to 10,000.

python bench/memory.py --content Image --examples 1000 2000     pictures of 12 megapixels
python bench/memory.py --content Text --examples 10000 --steps 40

The run is `vectorizer train` in a process of its own; its peak is what the kernel counted, pages of files included.
With --steps the blocks are trained for so many steps only: after a few of them memory grows no more.
"""

import argparse
import json
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from itertools import islice
from pathlib import Path

import numpy as np
from PIL import Image
from training import Trained, train
from trial import DATA_SETS
from vectorizer_api.names import LABELS_FILE
from vectorizer_dev.datasets.writing import Labelled, write_split
from vectorizer_trainer.bases.image.digits import NAMES, compositions
from vectorizer_trainer.bases.pool import Pool
from vectorizer_trainer.bases.text.docstrings import docstrings

MOST = 10_000
"""Examples that are extrapolated to: the default of training.maxExamples."""

_MIB = 1024**2
_MEGAPIXELS = (4000, 3000)
_GRAIN = (500, 375)
_PACKAGES = ("numpy", "scipy", "sklearn", "torch", "transformers")
_SHORTEST, _PIECE = 80, 300
"""Characters of a text."""
_LONG = 50
"""Every so manieth text is a whole docstring, however long: it is read in several windows."""


@dataclass(frozen=True)
class Measured:
    """What one run took."""

    examples: int
    run: Trained


def main() -> None:
    """Prints a table for each number of examples, and what 10,000 would take."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--content", choices=sorted(DATA_SETS), default="Image")
    parser.add_argument("--examples", type=int, nargs="+", default=[1000, 2000])
    parser.add_argument("--steps", type=int, default=0, help="of the blocks' training; 0: as many as the recipe says")
    arguments = parser.parse_args()
    measured = []
    with tempfile.TemporaryDirectory(prefix="memory-") as folder:
        made = Path(folder) / "made"
        _make(arguments.content, made, max(arguments.examples))
        for examples in arguments.examples:
            place = Path(folder) / f"{examples}"
            _link_first(made, place / "data", examples)
            measured.append(Measured(examples, train(arguments.content, place, arguments.steps)))
            _print(measured[-1])
    if len(measured) > 1:
        _extrapolate(measured)


def _make(content: str, folder: Path, examples: int) -> None:
    match content:
        case "Image":
            write_pictures(folder, examples)
        case "Text":
            write_split(folder, list(islice(_texts(), examples)))
        case _:
            import_module(DATA_SETS[content]).make(folder.parent, train=examples, test=1)
            (folder.parent / "train").rename(folder)


def _link_first(made: Path, folder: Path, examples: int) -> None:
    """The first examples of a data set, without copying them."""
    folder.mkdir(parents=True)
    labels: dict[str, list[str]] = json.loads((made / LABELS_FILE).read_text())
    first = dict(islice(labels.items(), examples))
    for name in first:
        os.link(made / name, folder / name)
    (folder / LABELS_FILE).write_text(json.dumps(first))


def write_pictures(folder: Path, examples: int) -> None:
    """Handwritten digits on grainy ground of 12 megapixels: each another picture, of 0.8 MB."""
    folder.mkdir(parents=True)
    made = compositions(Pool.TRAIN, examples, 0)
    labels = {}
    for index, (picture, target) in enumerate(zip(made.pictures, made.targets, strict=True)):
        rng = np.random.default_rng(index)
        grain = rng.integers(-24, 25, (*reversed(_GRAIN), 3))
        small = np.asarray(Image.fromarray(picture).resize(_GRAIN, Image.Resampling.BICUBIC)).astype(np.int64)
        grainy = Image.fromarray((small + 40 + grain).clip(0, 255).astype(np.uint8))
        grainy.resize(_MEGAPIXELS, Image.Resampling.NEAREST).save(folder / f"{index:05d}.jpg", quality=85)
        labels[f"{index:05d}.jpg"] = [name for name, on in zip(NAMES, target, strict=True) if on]
    (folder / LABELS_FILE).write_text(json.dumps(labels))


def _texts() -> Iterator[Labelled]:
    """Pieces of docstrings, each another, labelled by package, kind and module."""
    seen: set[str] = set()
    sizes: Counter[str] = Counter()
    for package in _PACKAGES:
        for found in docstrings(_root(package), package):
            whole = found.text[: 20 * _PIECE]
            pieces = [whole[start : start + _PIECE] for start in range(0, len(whole), _PIECE)]
            for piece in [whole] if len(seen) % _LONG == 0 else pieces:
                text = " ".join(piece.split())
                if len(text) < _SHORTEST or text in seen:
                    continue
                seen.add(text)
                sizes[package] += 1
                yield Labelled(f"{package}-{sizes[package]:05d}.txt", piece.encode(), (package, found.kind))


def _root(package: str) -> Path:
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"the package {package} is not installed")
    return Path(spec.origin).parent


def _peaks(run: Trained) -> dict[str, int]:
    """Stage -> bytes, the largest sample of each; the stages follow one another from the start of the run."""
    peaks, begins = {}, run.report.provenance.started.timestamp()
    for stage, seconds in run.report.provenance.stage_seconds.items():
        peaks[stage] = max((one.resident for one in run.samples if begins <= one.time < begins + seconds), default=0)
        begins += seconds
    peaks["Report"] = max((one.resident for one in run.samples if one.time >= begins), default=0)
    return peaks


def _print(one: Measured) -> None:
    report, copies = one.run.report, len(one.run.report.selection.copies)
    print(f"\n{one.examples:,} files, {copies} copies: {one.run.peak / _MIB:,.0f} MiB, {one.run.seconds:.0f} s in all;")
    print(f"{report.outcome}, {report.chosen}, on {report.provenance.threads} threads")
    for stage, peak in _peaks(one.run).items():
        seconds = report.provenance.stage_seconds.get(stage)
        print(f"  {stage:13s} {peak / _MIB:7,.0f} MiB {'' if seconds is None else f'{seconds:9.1f} s'}")
    sys.stdout.flush()


def _extrapolate(measured: Sequence[Measured]) -> None:
    """By the straight line through the first and the last."""
    first, last = measured[0], measured[-1]
    each = (last.run.peak - first.run.peak) / (last.examples - first.examples)
    at_most = last.run.peak + each * (MOST - last.examples)
    print(f"\n{each / 1024:+,.1f} KiB an example; at {MOST:,} examples {at_most / _MIB:,.0f} MiB")


if __name__ == "__main__":
    main()
