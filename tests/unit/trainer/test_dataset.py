"""From a folder to examples: reading, rejecting, copies, choosing, splitting.

The vectorizer is a real one of a content type of the test's own: 8 bytes or more, embedded by their histogram.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import torch
from torch import Tensor
from vectorizer_api.artifact import VectorizerDescription
from vectorizer_api.content import ContentType
from vectorizer_api.run import Limits, TrainingSettings
from vectorizer_trainer.cache import ItemCache
from vectorizer_trainer.content.encoder import Encoder, Item
from vectorizer_trainer.dataset import TrainingSet, check_inventory, check_reading, describe_reading, select
from vectorizer_trainer.download import Reader, Reading
from vectorizer_trainer.errors import BadInput, InputChanged, OverLimit, UnreadableFile
from vectorizer_trainer.inventory import Inventory, LabelledFile, take_inventory
from vectorizer_trainer.sampling import Part
from vectorizer_trainer.store import Entry, FolderStore
from vectorizer_trainer.tuning.types import Silent
from vectorizer_trainer.vectorizer import Vectorizer


class Histogram(Encoder):
    """Counts the values of bytes in 16 bins."""

    suffixes: ClassVar[frozenset[str]] = frozenset({".txt"})
    dimension = 16

    def decode(self, path: Path, limits: Limits) -> Item:
        content = path.read_bytes()
        if len(content) > limits.max_text_bytes:
            raise OverLimit(f"a text of {len(content)} bytes; at most {limits.max_text_bytes} are allowed")
        if len(content) < 8:
            raise UnreadableFile("fewer than 8 bytes")
        return np.frombuffer(content, np.uint8).copy()

    def cost(self, item: Item) -> int:
        return len(item)

    def features(self, items: Sequence[Item]) -> Tensor:
        return torch.stack(
            [torch.bincount(torch.from_numpy(item.copy() // 16), minlength=16).float() for item in items]
        )

    def serialise(self, adapter: Tensor) -> Mapping[str, bytes]:
        return {}


@pytest.fixture(scope="module")
def histogram() -> Vectorizer:
    description = VectorizerDescription(
        name="histogram",
        content_type=ContentType.TEXT,
        architecture="histogram",
        dimension=16,
        licence="MIT",
        files={},
    )
    return Vectorizer(description, Histogram(), torch.eye(16))


@dataclass
class Batch:
    """A batch folder to be read by the histogram."""

    root: Path
    vectorizer: Vectorizer

    def __post_init__(self) -> None:
        self.labels: dict[str, list[str]] = {}
        self.store = FolderStore(self.root / "batch")
        self.store.root.mkdir()
        self.scratch = self.root / "scratch"
        self.scratch.mkdir()

    def add(self, name: str, content: str, *labels: str) -> None:
        (self.store.root / name).write_text(content)
        self.labels[name] = list(labels)

    def fill(self, count: int) -> None:
        for index in range(count):
            self.add(f"{index:03d}.txt", f"content {index} " * (1 + index % 5), "odd" if index % 2 else "even")

    def inventory(self, limits: Limits | None = None) -> Inventory:
        (self.store.root / "example_to_labels.json").write_text(json.dumps(self.labels))
        return take_inventory(self.store, limits or Limits(), self.scratch)

    def read(self, limits: Limits | None = None, inventory: Inventory | None = None) -> tuple[Inventory, Reading]:
        inventory = inventory or self.inventory(limits)
        with ItemCache(self.scratch / "items", len(inventory.wanted)) as items:
            reading = Reader(self.store, self.vectorizer, limits or Limits(), self.scratch).read(
                inventory.wanted, items, Silent()
            )
            return inventory, replace(reading, items=list(items))

    def select(self, **training: int) -> TrainingSet:
        return select(*self.read(), TrainingSettings(**training), Limits())


@pytest.fixture
def batch(tmp_path: Path, histogram: Vectorizer) -> Batch:
    return Batch(tmp_path, histogram)


class TestReading:
    def test_items_and_vectors_are_those_of_the_files_in_the_order_of_their_names(self, batch: Batch) -> None:
        batch.fill(200)
        _, reading = batch.read()
        paths = [batch.store.root / file.name for file in reading.files]
        assert [path.name for path in paths] == sorted(batch.labels)
        assert all(item.tobytes() == path.read_bytes() for item, path in zip(reading.items, paths, strict=True))
        assert np.allclose(reading.vectors, batch.vectorizer.encode(paths))

    def test_nothing_but_the_labels_stays_on_the_disk(self, batch: Batch) -> None:
        batch.fill(20)
        batch.read()
        assert [path.name for path in batch.scratch.iterdir()] == ["example_to_labels.json"]

    def test_an_unreadable_file_is_rejected_with_its_reason(self, batch: Batch) -> None:
        batch.fill(20)
        batch.add("005.txt", "short", "odd")
        inventory, reading = batch.read()
        assert [(file.name, file.reason) for file in reading.unreadable] == [("005.txt", "fewer than 8 bytes")]
        assert len(reading.files) == len(reading.items) == len(reading.vectors) == 19
        assert describe_reading(inventory, reading).rejected == 1

    def test_a_file_over_a_limit_of_its_content_type_is_named(self, batch: Batch) -> None:
        batch.fill(20)
        batch.add("007.txt", "long " * 100, "odd")
        with pytest.raises(OverLimit, match=r"“007\.txt”: a text of 500 bytes; at most 400 are allowed"):
            batch.read(Limits(max_text_bytes=400))

    def test_a_file_that_changes_after_the_listing_ends_the_run(self, batch: Batch) -> None:
        batch.fill(20)
        inventory = batch.inventory()
        (batch.store.root / "007.txt").write_text("something else altogether")
        with pytest.raises(InputChanged, match=r"007\.txt"):
            batch.read(inventory=inventory)

    def test_a_disk_too_small_for_the_largest_files_is_noticed_before_any_download(self, batch: Batch) -> None:
        batch.fill(20)
        inventory = batch.inventory()
        huge = LabelledFile(Entry("huge.txt", 2**50, None), ("odd",))
        with pytest.raises(OverLimit, match=r"1024\.0 TiB are needed"):
            batch.read(inventory=replace(inventory, wanted=[huge]))


class TestFaults:
    @pytest.mark.parametrize(("examples", "allowed"), [(20, 5), (100, 5), (200, 10)])
    def test_five_files_or_five_per_cent_are_passed_over_and_not_one_more(
        self, batch: Batch, examples: int, allowed: int
    ) -> None:
        batch.fill(examples)
        for index in range(allowed):
            batch.add(f"{index:03d}.txt", "short", "odd")
        check_reading(*batch.read(), Limits())
        batch.add(f"{allowed:03d}.txt", "short", "odd")
        inventory, reading = batch.read()
        sentence = (
            f"{allowed + 1} of the {examples} files named in example_to_labels.json cannot be used; at most {allowed}"
        )
        with pytest.raises(BadInput, match=sentence):
            check_reading(inventory, reading, Limits())

    def test_absent_and_unreadable_files_count_together(self, batch: Batch) -> None:
        batch.fill(20)
        for index in range(3):
            batch.add(f"{index:03d}.txt", "short", "odd")
            batch.labels[f"absent{index}.txt"] = ["odd"]
        inventory, reading = batch.read()
        check_inventory(inventory, Limits())
        with pytest.raises(BadInput, match=r"6 of the 23 files .* “absent0\.txt”: not in the batch folder"):
            check_reading(inventory, reading, Limits())

    def test_files_that_are_not_named_do_not_count(self, batch: Batch) -> None:
        batch.fill(20)
        for index in range(50):
            (batch.store.root / f"more{index}.txt").write_text("not named")
        training_set = batch.select()
        assert training_set.dataset.rejected == 50
        assert len(training_set.dataset.rejected_files) == 20
        assert len(training_set.rejected) == 50

    def test_too_many_absent_files_are_noticed_before_any_download(self, batch: Batch) -> None:
        batch.labels = {f"{index}.txt": ["odd"] for index in range(100)}
        with pytest.raises(BadInput, match="100 of the 100 files"):
            check_inventory(batch.inventory(), Limits())


class TestSelection:
    def test_each_example_is_used_for_one_thing_with_its_own_item_labels_and_vector(self, batch: Batch) -> None:
        batch.fill(60)
        chosen = batch.select()
        assert sum(map(len, (chosen.train, chosen.choose, chosen.gate))) == len(chosen.selection.parts) == 60
        names = [name for name, part in chosen.selection.parts.items() if part is Part.GATE]
        for row, name in enumerate(names):
            path = batch.store.root / name
            assert chosen.gate.items[row].tobytes() == path.read_bytes()
            assert [chosen.label_names[column] for column in np.flatnonzero(chosen.gate.targets[row])] == batch.labels[
                name
            ]
            assert chosen.gate.vectors is not None
            assert np.allclose(chosen.gate.vectors[row], batch.vectorizer.encode([path])[0])

    def test_exact_copies_with_the_same_labels_are_left_out_and_listed(self, batch: Batch) -> None:
        batch.fill(120)
        batch.add("copy.txt", (batch.store.root / "003.txt").read_text(), "odd")
        chosen = batch.select()
        assert chosen.selection.copies == {"copy.txt": "003.txt"}
        assert chosen.dataset.selected == 120
        assert chosen.dataset.warnings == ["Left out: 1 exact copy of other files with the same labels: “copy.txt”."]

    def test_identical_files_with_different_labels_are_warned_of_and_kept_together(self, batch: Batch) -> None:
        batch.fill(120)
        batch.add("twin.txt", (batch.store.root / "003.txt").read_text(), "even")
        chosen = batch.select()
        assert chosen.dataset.warnings == [
            "These files are identical and carry different labels: “003.txt”, “twin.txt”."
        ]
        assert chosen.selection.parts["twin.txt"] is chosen.selection.parts["003.txt"]

    def test_copies_of_one_file_are_too_few_examples(self, batch: Batch) -> None:
        for index in range(30):
            batch.add(f"{index}.txt", "the same content", "odd" if index % 2 else "even")
        with pytest.raises(BadInput, match="There are 2 usable examples"):
            batch.select()

    def test_copies_with_different_labels_do_not_make_up_for_different_files(self, batch: Batch) -> None:
        for index in range(30):
            batch.add(f"{index}.txt", f"content of {index % 3} kinds", f"label {index % 11}", f"label {index % 7} too")
        with pytest.raises(BadInput, match="30 examples have only 3 different contents; at least 10 are needed"):
            batch.select()

    def test_beyond_the_maximum_some_are_chosen_and_the_others_listed(self, batch: Batch) -> None:
        batch.fill(150)
        chosen = batch.select(max_examples=120)
        assert chosen.dataset.selected == len(chosen.selection.parts) == 120
        assert len(chosen.selection.not_chosen) == 30
        assert chosen.dataset.warnings == [
            "120 of the 150 examples were chosen (training.maxExamples); report.json says which."
        ]

    def test_the_digest_knows_names_contents_and_labels(self, batch: Batch) -> None:
        batch.fill(20)
        digests = [batch.select().dataset.digest, batch.select().dataset.digest]
        batch.labels["003.txt"] = ["even"]
        digests.append(batch.select().dataset.digest)
        batch.add("004.txt", "other content", "even")
        digests.append(batch.select().dataset.digest)
        assert digests[0] == digests[1]
        assert len(set(digests)) == 3

    def test_status_holds_fifty_warnings_and_the_report_all(self, batch: Batch) -> None:
        batch.fill(200)
        for index in range(60):
            batch.add(f"twin{index}.txt", (batch.store.root / f"{index:03d}.txt").read_text(), "even", "odd")
        chosen = batch.select()
        assert (len(chosen.dataset.warnings), len(chosen.warnings)) == (50, 60)
