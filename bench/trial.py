"""A fine-tuning in memory on a fixed split, and its metrics on the test set: what the measurements of quality share."""

import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from vectorizer_api.content import AugmentationConditions, ContentType
from vectorizer_api.run import Metric
from vectorizer_trainer.augmentation import augmentation_for
from vectorizer_trainer.bases import ensure_base, load_reference
from vectorizer_trainer.content.encoder import Item
from vectorizer_trainer.evaluation import HeldOut, Retention, compare
from vectorizer_trainer.metrics import neighbour_overlaps
from vectorizer_trainer.splitting import Part, split
from vectorizer_trainer.tuning import Examples, Silent, Tuned, fine_tune
from vectorizer_trainer.tuning.anchors import part_reference
from vectorizer_trainer.tuning.checkpoint import NoCheckpoints
from vectorizer_trainer.vectorizer import Vectorizer, load_vectorizer

DATA_SETS = {
    "Text": "vectorizer_dev.datasets.text",
    "Image": "vectorizer_dev.datasets.image",
    "Sound": "vectorizer_dev.datasets.sound",
    "Video": "vectorizer_dev.datasets.video",
    "Point_Cloud": "vectorizer_dev.datasets.point_cloud",
}


@dataclass(frozen=True)
class Split:
    """Decoded files, their labels, and their start vectors."""

    items: list[Item]
    targets: NDArray[np.bool_]
    vectors: NDArray[np.float32]

    def first(self, count: int) -> "Split":
        """The first examples alone."""
        return Split(self.items[:count], self.targets[:count], self.vectors[:count])


@dataclass(frozen=True)
class Trial:
    """A start, examples to train on, a test set that nothing is chosen on."""

    start: Vectorizer
    reference: Sequence[Item]
    reference_vectors: NDArray[np.float32]
    """[n, d] of the start."""
    train: Split
    test: Split
    names: list[str]

    def tune(self, seed: int, conditions: AugmentationConditions | None = None) -> Tuned:
        """The recipe, with the examples split as a run splits them."""
        parts = split(self.train.targets, np.arange(len(self.train.items)), seed)
        fitted, choose, gate = (self.examples(np.flatnonzero(parts == part)) for part in Part)
        encoder = self.start.encoder
        augmentation = augmentation_for(self.start.content_type, conditions or AugmentationConditions(), encoder)
        return fine_tune(
            self.start,
            fitted,
            choose,
            gate,
            self.reference,
            self.names,
            seed,
            Silent(),
            NoCheckpoints(),
            augmentation,
        )

    def on_test(self, tuned: Vectorizer) -> list[Metric]:
        """The metrics of start and tuned on the test set; retention on the reference items that are no anchors."""
        after = self.test.vectors if tuned is self.start else tuned.encode_items(self.test.items)
        fold = HeldOut(self.test.vectors, after, self.test.targets, np.arange(len(self.test.items)))
        measured = part_reference(self.reference, self.reference_vectors)[1]
        overlaps = neighbour_overlaps(measured.vectors, tuned.encode_items(measured.items))
        return [*compare([fold], seed=0).metrics(), Retention(overlaps).metric()]

    def shuffled(self, seed: int) -> "Trial":
        """The same with the labels dealt out anew among the examples: there is nothing to learn."""
        dealt = np.random.default_rng(1000 + seed).permutation(len(self.train.targets))
        lying = Split(self.train.items, self.train.targets[dealt], self.train.vectors)
        return replace(self, train=lying)

    def smaller(self, count: int) -> "Trial":
        """The same with the first examples alone."""
        return replace(self, train=self.train.first(count))

    def examples(self, part: NDArray[np.int64]) -> Examples:
        """Some of the examples to train on, by index; each is a group of its own."""
        split = self.train
        return Examples([split.items[index] for index in part], split.targets[part], part, split.vectors[part])


def open_trial(content: str, train: int, test: int = 1000, data_set: str | None = None) -> Trial:
    """The small base of a content type, and its data set, or another one: the name of a module."""
    base = ensure_base(ContentType(content))
    start, reference = load_vectorizer(base), load_reference(base)
    with tempfile.TemporaryDirectory() as folder:
        import_module(data_set or DATA_SETS[content]).make(Path(folder), train=train, test=test)
        labels = [_labels(Path(folder) / part) for part in ("train", "test")]
        names = sorted({label for carried in labels[0].values() for label in carried})
        splits = [
            _read(start, Path(folder) / part, own, names) for part, own in zip(("train", "test"), labels, strict=True)
        ]
    return Trial(start, reference, start.encode_items(reference), splits[0], splits[1], names)


def _labels(folder: Path) -> dict[str, list[str]]:
    carried: dict[str, list[str]] = json.loads((folder / "example_to_labels.json").read_text())
    return carried


def _read(start: Vectorizer, folder: Path, labels: dict[str, list[str]], names: list[str]) -> Split:
    items = [start.decode(folder / name) for name in labels]
    targets = np.array([[label in carried for label in names] for carried in labels.values()])
    return Split(items, targets, start.encode_items(items))
