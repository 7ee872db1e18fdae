"""The task of a comparison: the demo's data set as files, split once for every method."""

import json
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import numpy as np
from trial import DATA_SETS
from vectorizer_api.content import ContentType
from vectorizer_api.names import LABELS_FILE, TEST_LABELS_FILE
from vectorizer_trainer.bases import ensure_base, load_reference
from vectorizer_trainer.content.text import TextEncoder
from vectorizer_trainer.tuning.anchors import part_reference
from vectorizer_trainer.vectorizer import load_vectorizer

from peers.contract import Part, Task

__all__ = ["Prepared", "TooFewFilesError", "prepare"]

_CHOSEN_ON = 0.1
"""Share of the examples that a peer's checkpoint is chosen on; ours parts the same examples by itself."""


class TooFewFilesError(Exception):
    """The data set has no such number of files."""


@dataclass(frozen=True)
class Prepared:
    """A task, and the same files as a user of this trainer would lay them out."""

    task: Task
    data: Path
    """The folder for `vectorizer train`: examples, and beside them the test set in test/."""
    reference: Path
    """The folder of the reference files."""

    @property
    def examples(self) -> int:
        """Files to train on and to choose on."""
        return len(self.task.train.files) + len(self.task.choose.files)


def prepare(folder: Path, content: str, examples: int, test: int, seed: int) -> Prepared:
    """Writes data, reference files and task into `folder`. Raises TooFewFilesError."""
    import_module(DATA_SETS[content]).make(folder, train=examples, test=test)
    data = (folder / "train").rename(folder / "data")
    (folder / "test").rename(data / "test")
    labels: dict[str, list[str]] = json.loads((data / LABELS_FILE).read_text())
    tested: dict[str, list[str]] = json.loads((data / "test" / LABELS_FILE).read_text())
    if len(labels) < examples or len(tested) < test:
        raise TooFewFilesError(f"the set has {len(labels) + len(tested):,} files, and not {examples + test:,}")
    # A label that no example carries can be learnt by nobody, and is refused in a user's own test set.
    known = {label for own in labels.values() for label in own}
    tested = {name: kept for name, own in tested.items() if (kept := [label for label in own if label in known])}
    (data / "test" / LABELS_FILE).unlink()
    (data / TEST_LABELS_FILE).write_text(json.dumps({f"test/{name}": own for name, own in tested.items()}))
    order = np.random.default_rng(seed).permutation(sorted(labels)).tolist()
    chosen_on = round(_CHOSEN_ON * examples)
    task = Task(
        content=content,
        base=str(ensure_base(ContentType(content))),
        seed=seed,
        names=sorted(known),
        train=_part(data, {name: labels[name] for name in order[chosen_on:]}),
        choose=_part(data, {name: labels[name] for name in order[:chosen_on]}),
        test=_part(data / "test", tested),
        reference=_write_reference(folder / "reference", content),
    )
    task.write(folder)
    return Prepared(task, data, folder / "reference")


def _part(folder: Path, labels: dict[str, list[str]]) -> Part:
    return Part([str(folder / name) for name in labels], list(labels.values()))


def _write_reference(folder: Path, content: str) -> Part:
    """Those reference items that measure retention and anchor nothing, as files."""
    folder.mkdir()
    base = ensure_base(ContentType(content))
    encoder, items = load_vectorizer(base).encoder, load_reference(base)
    if not isinstance(encoder, TextEncoder):
        return Part([], [])
    measured = part_reference(items, np.empty((len(items), 0), np.float32))[1].items
    files = [folder / f"{index:04d}.txt" for index in range(len(measured))]
    for file, item in zip(files, measured, strict=True):
        file.write_text(encoder.spelled(item), encoding="utf-8")
    return Part([str(file) for file in files], [[] for _ in files])
