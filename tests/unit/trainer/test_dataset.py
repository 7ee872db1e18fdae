"""From a folder to examples: reading, rejecting, copies, choosing, splitting.

The vectorizer is a real one of a content type of the test's own: 8 bytes or more, embedded by their histogram.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from vectorizer_api.artifact import VectorizerDescription
from vectorizer_api.content import ContentType
from vectorizer_api.run import Limits, RejectedFile, Stage
from vectorizer_trainer import gathering
from vectorizer_trainer.cache import ItemCache
from vectorizer_trainer.content.encoder import Encoder, Item
from vectorizer_trainer.dataset import TrainingSet, check_gathered, check_inventory, describe_gathered, select
from vectorizer_trainer.download import Reader
from vectorizer_trainer.errors import BadInput, InputChanged, OverLimit, UnreadableFile
from vectorizer_trainer.gathering import CopiedFile, Gathered, Pool, gather, open_pool, survey
from vectorizer_trainer.inventory import Inventory, LabelledFile, take_inventory
from vectorizer_trainer.splitting import Part
from vectorizer_trainer.store import Entry, FolderStore
from vectorizer_trainer.tuning.types import Silent
from vectorizer_trainer.vectorizer import Vectorizer


class Histogram(Encoder):
    """Counts the values of bytes in 16 bins."""

    suffixes: ClassVar[frozenset[str]] = frozenset({".txt"})
    dimension = 16

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(16))

    def decode(self, path: Path, limits: Limits) -> Item:
        content = path.read_bytes()
        if len(content) > limits.max_text_bytes:
            raise UnreadableFile(f"a text of {len(content)} bytes; at most {limits.max_text_bytes} are allowed")
        if len(content) < 8:
            raise UnreadableFile("fewer than 8 bytes")
        return np.frombuffer(content, np.uint8).copy()

    def cost(self, item: Item) -> int:
        return len(item)

    def features(self, items: Sequence[Item]) -> Tensor:
        counts = [torch.bincount(torch.from_numpy(item.copy() // 16), minlength=16) for item in items]
        return torch.stack(counts).float() * self.weight

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
    items: list[Item] = field(default_factory=list)
    """What the last gathering kept."""

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

    def annotate(self, file: str, content: Mapping[str, object]) -> None:
        (self.store.root / file).write_text(json.dumps(content))

    def inventory(self, limits: Limits | None = None) -> Inventory:
        (self.store.root / "example_to_labels.json").write_text(json.dumps(self.labels))
        return take_inventory(self.store, limits or Limits(), self.scratch)

    def reader(self, limits: Limits | None = None) -> Reader:
        return Reader(self.store, self.vectorizer, limits or Limits(), self.scratch)

    def gather(
        self,
        limits: Limits | None = None,
        inventory: Inventory | None = None,
        pool: Pool | None = None,
        most: int = 10_000,
    ) -> tuple[Inventory, Gathered]:
        inventory = inventory or self.inventory(limits)
        pool = pool or open_pool(inventory.wanted, seed=0)
        with ItemCache(self.scratch / "items", len(inventory.wanted)) as items:
            gathered = gather(pool, inventory.test.files, most, self.reader(limits), items, Silent())
            self.items = list(items)
        return inventory, gathered

    def select(self, most: int = 10_000, pool: Pool | None = None) -> TrainingSet:
        inventory, gathered = self.gather(most=most, pool=pool)
        return select(inventory, gathered, self.items, seed=0)


@pytest.fixture
def batch(tmp_path: Path, histogram: Vectorizer) -> Batch:
    return Batch(tmp_path, histogram)


class TestReading:
    def test_items_and_vectors_are_those_of_the_files_in_the_order_of_their_names(self, batch: Batch) -> None:
        batch.fill(200)
        _, gathered = batch.gather()
        reading = gathered.reading
        paths = [batch.store.root / file.name for file in reading.files]
        assert [path.name for path in paths] == sorted(batch.labels)
        assert all(item.tobytes() == path.read_bytes() for item, path in zip(batch.items, paths, strict=True))
        assert np.allclose(gathered.vectors, batch.vectorizer.encode(paths))

    def test_nothing_but_the_labels_stays_on_the_disk(self, batch: Batch) -> None:
        batch.fill(20)
        batch.gather()
        assert [path.name for path in batch.scratch.iterdir()] == ["example_to_labels.json"]

    def test_an_unreadable_file_is_rejected_with_its_reason(self, batch: Batch) -> None:
        batch.fill(20)
        batch.add("005.txt", "short", "odd")
        inventory, gathered = batch.gather()
        assert [(file.name, file.reason) for file in gathered.unreadable] == [("005.txt", "fewer than 8 bytes")]
        assert len(gathered.files) == len(batch.items) == len(gathered.vectors) == 19
        assert describe_gathered(inventory, gathered).rejected == 1

    def test_a_file_over_a_limit_of_its_content_type_is_rejected_and_the_others_are_trained_on(
        self, batch: Batch
    ) -> None:
        batch.fill(20)
        batch.add("007.txt", "long " * 100, "odd")
        inventory, gathered = batch.gather(Limits(max_text_bytes=400))
        check_gathered(inventory, gathered, Limits(max_text_bytes=400))
        reason = "a text of 500 bytes; at most 400 are allowed"
        assert [(file.name, file.reason) for file in gathered.unreadable] == [("007.txt", reason)]
        assert len(gathered.files) == 19

    def test_a_file_that_changes_after_the_listing_ends_the_run(self, batch: Batch) -> None:
        batch.fill(20)
        inventory = batch.inventory()
        (batch.store.root / "007.txt").write_text("something else altogether")
        with pytest.raises(InputChanged, match=r"007\.txt"):
            batch.gather(inventory=inventory)

    def test_a_disk_too_small_for_the_largest_files_is_noticed_before_any_download(self, batch: Batch) -> None:
        batch.fill(20)
        inventory = batch.inventory()
        huge = LabelledFile(Entry("huge.txt", 2**50, None), ("odd",))
        with pytest.raises(OverLimit, match=r"1024\.0 TiB are needed"):
            batch.gather(inventory=replace(inventory, wanted=[huge]))


class TestFaults:
    @pytest.mark.parametrize(("examples", "allowed"), [(20, 5), (100, 5), (200, 10)])
    def test_five_files_or_five_per_cent_are_passed_over_and_not_one_more(
        self, batch: Batch, examples: int, allowed: int
    ) -> None:
        batch.fill(examples)
        for index in range(allowed):
            batch.add(f"{index:03d}.txt", "short", "odd")
        check_gathered(*batch.gather(), Limits())
        batch.add(f"{allowed:03d}.txt", "short", "odd")
        inventory, gathered = batch.gather()
        sentence = (
            f"{allowed + 1} of the {examples} files named in example_to_labels.json cannot be used; at most {allowed}"
        )
        with pytest.raises(BadInput, match=sentence):
            check_gathered(inventory, gathered, Limits())

    def test_absent_and_unreadable_files_count_together(self, batch: Batch) -> None:
        batch.fill(20)
        for index in range(3):
            batch.add(f"{index:03d}.txt", "short", "odd")
            batch.labels[f"absent{index}.txt"] = ["odd"]
        inventory, gathered = batch.gather()
        check_inventory(inventory, Limits(), 10_000)
        with pytest.raises(BadInput, match=r"6 of the 23 files .* “absent0\.txt”: not in the folder"):
            check_gathered(inventory, gathered, Limits())

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
        (batch.store.root / "0").write_text("a name without its suffix")
        with pytest.raises(BadInput, match="100 of the 100 files") as caught:
            check_inventory(batch.inventory(), Limits(), 10_000)
        assert caught.value.hint == (
            "Write each name as it is in the folder, with sub-folder and suffix; not named are “0”."
        )


class TestTooFew:
    """What is said before anything is read, and what to do."""

    def refusal(self, batch: Batch) -> BadInput:
        with pytest.raises(BadInput) as caught:
            check_inventory(batch.inventory(), Limits(), 10_000)
        return caught.value

    def test_no_file_is_named(self, batch: Batch) -> None:
        (batch.store.root / "a.txt").write_text("not named")
        refused = self.refusal(batch)
        assert str(refused) == "No file has a label: example_to_labels.json names no file."
        assert '{"a.txt": ["label_1", "label_2"]}' in refused.hint

    def test_all_lists_are_empty(self, batch: Batch) -> None:
        batch.fill(30)
        batch.labels = {name: [] for name in batch.labels}
        assert str(self.refusal(batch)) == "No file has a label: example_to_labels.json gives 30 files an empty list."

    def test_few_have_a_label(self, batch: Batch) -> None:
        batch.fill(9)
        batch.labels |= {"000.txt": [], "001.txt": [], "absent.txt": ["odd"]}
        (batch.store.root / "more.txt").write_text("not named")
        assert str(self.refusal(batch)) == (
            "There are 7 usable examples; at least 10 are needed, 100 are advised. "
            "1 file cannot be used, the first is “absent.txt”: not in the folder. "
            "1 file not named in example_to_labels.json: “more.txt”. "
            "2 files with an empty list of labels in example_to_labels.json: “000.txt”, “001.txt”."
        )

    def test_each_file_has_a_label_of_its_own(self, batch: Batch) -> None:
        batch.fill(200)
        batch.labels = {name: [name] for name in batch.labels}
        refused = self.refusal(batch)
        assert "No two of the 200 examples share a label" in str(refused)
        assert "the same label" in refused.hint

    def test_all_are_one_group(self, batch: Batch) -> None:
        batch.fill(60)
        batch.annotate("example_to_group.json", dict.fromkeys(batch.labels, "all"))
        assert "the 60 examples are only 1 group" in str(self.refusal(batch))


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
        assert chosen.selection.copies == [CopiedFile("copy.txt", "003.txt")]
        assert (chosen.dataset.selected, chosen.dataset.copies, chosen.dataset.rejected) == (120, 1, 0)
        assert chosen.dataset.warnings == ["Left out: 1 exact copy of other files with the same labels: “copy.txt”."]

    def test_identical_files_with_different_labels_are_warned_of_and_kept_together(self, batch: Batch) -> None:
        batch.fill(120)
        batch.add("twin.txt", (batch.store.root / "003.txt").read_text(), "even")
        chosen = batch.select()
        assert chosen.dataset.warnings == [
            "These files have the same content and different labels: “003.txt”, “twin.txt”."
        ]
        assert chosen.selection.parts["twin.txt"] is chosen.selection.parts["003.txt"]

    def test_copies_of_one_file_are_too_few_examples(self, batch: Batch) -> None:
        for index in range(30):
            batch.add(f"{index}.txt", "the same content", "odd" if index % 2 else "even")
        inventory, gathered = batch.gather()
        with pytest.raises(BadInput, match="There are 2 usable examples") as caught:
            check_gathered(inventory, gathered, Limits())
        assert str(caught.value) == (
            "There are 2 usable examples; at least 10 are needed, 100 are advised. "
            "Beside these, 28 exact copies of them: “10.txt”, “11.txt”, “12.txt”, “13.txt”, “14.txt” and 23 more. "
            "Identical files with different labels: “0.txt” and “1.txt”."
        )
        assert describe_gathered(inventory, gathered).copies == 28

    def test_copies_with_different_labels_do_not_make_up_for_different_files(self, batch: Batch) -> None:
        for index in range(30):
            batch.add(f"{index}.txt", f"content of {index % 3} kinds", f"label {index % 11}", f"label {index % 7} too")
        with pytest.raises(
            BadInput, match="30 examples have only 3 different contents; at least 10 are needed"
        ) as caught:
            batch.select()
        assert "Identical files with different labels: “0.txt” and “12.txt”; “1.txt” and “10.txt”;" in str(caught.value)

    def test_beyond_the_maximum_some_are_chosen_and_the_others_listed(self, batch: Batch) -> None:
        batch.fill(150)
        chosen = batch.select(most=120)
        assert chosen.dataset.selected == len(chosen.selection.parts) == 120
        assert len(chosen.selection.not_chosen) == 30
        assert chosen.dataset.warnings == [
            "120 of the 150 examples were chosen, as many as are to be trained on; report.json says which."
        ]

    def test_the_order_of_names_in_the_labels_file_changes_nothing(self, batch: Batch) -> None:
        """Nor, so, how an example is varied: that follows from its place among those that it is trained with."""
        batch.fill(60)
        one = batch.select()
        batch.labels = dict(reversed(batch.labels.items()))
        other = batch.select()
        assert one.dataset == other.dataset
        assert one.selection == other.selection
        assert [item.tobytes() for item in one.train.items] == [item.tobytes() for item in other.train.items]

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


class TestChoiceAmongMore:
    def test_only_what_is_chosen_is_read(self, batch: Batch) -> None:
        batch.fill(200)
        _, gathered = batch.gather(most=50)
        assert len(batch.items) == len(gathered.files) == 50
        assert len(gathered.unread) == 150

    def test_others_are_read_in_place_of_what_falls_out(self, batch: Batch) -> None:
        batch.fill(200)
        for index in range(0, 200, 4):
            batch.add(f"{index:03d}.txt", "short", "even")
        for index in range(1, 200, 4):
            batch.add(f"{index:03d}.txt", "one and the same content", "odd")
        _, gathered = batch.gather(most=90)
        assert len(gathered.files) == 90
        assert {file.reason for file in gathered.unreadable} == {"fewer than 8 bytes"}
        assert {copy.of for copy in gathered.copies} == {gathered.copies[0].of}

    def test_what_the_last_reading_brought_is_used(self, batch: Batch, monkeypatch: pytest.MonkeyPatch) -> None:
        """A choice of 40 meets 20 copies; the one reading that makes up for them is the last that is allowed."""
        monkeypatch.setattr(gathering, "_ROUNDS", 1)
        batch.fill(200)
        for index in range(1, 200, 2):
            batch.add(f"{index:03d}.txt", "one and the same content", "odd")
        _, gathered = batch.gather(most=40)
        assert len(gathered.reading.files) == len(batch.items)
        assert len(gathered.files) + len(gathered.copies) == len(batch.items) > 40
        assert len(gathered.unread) == 200 - len(batch.items)

    def test_faults_are_counted_among_what_was_read(self, batch: Batch) -> None:
        batch.fill(1000)
        inventory, gathered = batch.gather(most=100)
        unreadable = [RejectedFile(name=f"{index}", reason="broken") for index in range(6)]
        with pytest.raises(BadInput, match=r"6 of the 100 files named in example_to_labels\.json cannot be used"):
            check_gathered(inventory, replace(gathered, unreadable=unreadable), Limits())

    def test_a_sampling_vectorizer_spreads_the_choice_and_keeps_no_item(self, batch: Batch) -> None:
        """One in ten files is of another kind: of 100 that are chosen, 10 are; by chance, give or take 2."""
        random = np.random.default_rng(0)
        for index in range(200):
            letters = "ABCDEFGHIJ" if index % 10 == 0 else "qrstuvwxyz"
            batch.add(f"{index:03d}.txt", "".join(random.choice(list(letters), 40)), "odd" if index % 2 else "even")
        batch.add("short.txt", "short", "odd")
        batch.add("copy.txt", (batch.store.root / "003.txt").read_text(), "odd")
        pool = survey(batch.inventory().wanted, batch.reader(), 0, Silent())
        assert (len(pool.files), [file.name for file in pool.unreadable]) == (200, ["short.txt"])
        assert pool.copies == [CopiedFile("copy.txt", "003.txt")]
        beginning = [int(pool.files[index].name[:3]) % 10 == 0 for index in pool.order[:100]]
        assert sum(beginning) in {9, 10, 11}
        assert [path.name for path in batch.scratch.iterdir()] == ["example_to_labels.json"]
        inventory, gathered = batch.gather(pool=pool, most=100)
        assert len(gathered.files) == 100
        assert gathered.copies == pool.copies
        assert gathered.unreadable == pool.unreadable
        check_gathered(inventory, gathered, Limits())

    def test_a_sampling_vectorizer_reads_all_once_and_what_it_chose_once_more(self, batch: Batch) -> None:
        @dataclass
        class Counting(Silent):
            read: list[tuple[Stage, int]] = field(default_factory=list)

            def stage(self, stage: Stage, steps: int) -> None:
                self.read.append((stage, steps))

        batch.fill(200)
        wanted, counting = batch.inventory().wanted, Counting()
        pool = survey(wanted, batch.reader(), 0, counting)
        with ItemCache(batch.scratch / "items", 50) as items:
            gather(pool, [], 50, batch.reader(), items, counting)
        assert counting.read == [(Stage.SAMPLING, 200), (Stage.DOWNLOADING, 50)]


class TestNearCopies:
    TEXT = "All of these words stand in both of the two texts, which differ in what is between them by one sign. " * 3

    def test_both_are_used_and_never_parted(self, batch: Batch) -> None:
        batch.fill(120)
        batch.add("first.txt", self.TEXT, "odd")
        batch.add("second.txt", self.TEXT + "!", "odd")
        chosen = batch.select()
        assert (chosen.dataset.selected, chosen.dataset.copies, chosen.selection.copies) == (122, 0, [])
        assert chosen.selection.near_copies == [["first.txt", "second.txt"]]
        assert chosen.selection.parts["first.txt"] is chosen.selection.parts["second.txt"]
        (warning,) = chosen.warnings
        assert warning == (
            "2 examples are near copies of one another, in 1 family; all are used, and a family is never parted "
            "between training and measuring. One is “first.txt”, “second.txt”."
        )

    def test_with_other_labels_they_contradict_nobody(self, batch: Batch) -> None:
        """One may be the same thing with a defect."""
        batch.fill(120)
        batch.add("first.txt", self.TEXT, "odd")
        batch.add("second.txt", self.TEXT + "!", "even")
        chosen = batch.select()
        assert not [warning for warning in chosen.warnings if "different labels" in warning]
        assert chosen.selection.parts["first.txt"] is chosen.selection.parts["second.txt"]

    def test_a_row_in_which_each_is_like_the_next_is_never_parted(self, batch: Batch) -> None:
        """The first and the last have little in common, and would tell training of measuring by way of the others."""
        batch.fill(200)
        words = "".join(np.random.default_rng(0).choice(list("abcdefghijklmnop "), 3000))
        for step in range(30):
            batch.add(f"row{step:02d}.txt", words[20 * step : 20 * step + 1500], "odd" if step % 2 else "even")
        chosen = batch.select()
        assert chosen.selection.near_copies == [[f"row{step:02d}.txt" for step in range(30)]]
        assert len({chosen.selection.parts[f"row{step:02d}.txt"] for step in range(30)}) == 1
        assert "30 of the 230 examples look the same but for noise" in chosen.warnings[1]
        assert "example_to_group.json" in chosen.warnings[1]

    def test_the_account_may_say_that_they_are_different_things(self, batch: Batch) -> None:
        batch.fill(120)
        names = [f"like{index:02d}.txt" for index in range(40)]
        for index, name in enumerate(names):
            batch.add(name, self.TEXT + "!" * index, "odd" if index % 2 else "even")
        together = batch.select().selection.parts
        assert len({together[name] for name in names}) == 1
        batch.annotate("example_to_group.json", {name: name for name in names})
        parts = batch.select().selection.parts
        assert {parts[name] for name in names} == set(Part)

    def test_nothing_but_near_copies_is_refused_with_the_way_out(self, batch: Batch) -> None:
        for index in range(40):
            batch.add(f"{index}.txt", self.TEXT + "!" * index, "odd" if index % 2 else "even")
        with pytest.raises(BadInput, match="The 40 examples are near copies of one another: only 1 of them") as caught:
            batch.select()
        assert "a group of its own in example_to_group.json" in caught.value.hint

    def test_one_of_the_test_set_is_warned_of_and_trained_on(self, batch: Batch) -> None:
        TestOwnTestSet().fill(batch, 20)
        (batch.store.root / "test3.txt").write_text(self.TEXT)
        batch.add("known.txt", self.TEXT + "!", "odd")
        chosen = batch.select()
        assert "known.txt" in chosen.selection.parts
        assert chosen.warnings == [
            "1 example is a near copy of files of the test set, so that it tells less of new files: “known.txt”."
        ]


class TestGroups:
    def test_a_group_is_never_parted(self, batch: Batch) -> None:
        batch.fill(300)
        batch.annotate("example_to_group.json", {f"{index:03d}.txt": f"speaker {index % 20}" for index in range(290)})
        chosen = batch.select()
        parts = [{chosen.selection.parts[f"{index:03d}.txt"] for index in range(own, 290, 20)} for own in range(20)]
        assert all(len(used) == 1 for used in parts)
        assert {part for used in parts for part in used} == set(Part)
        groups = np.concatenate([part.groups for part in (chosen.train, chosen.choose, chosen.gate)])
        assert len(np.unique(groups)) == 20 + 10

    def test_groups_that_share_a_content_are_one(self, batch: Batch) -> None:
        batch.fill(100)
        batch.add("left.txt", "a content in two groups", "odd")
        batch.add("right.txt", "a content in two groups", "even")
        said = {"left.txt": "a", "001.txt": "a", "right.txt": "b", "002.txt": "b"}
        batch.annotate("example_to_group.json", said)
        chosen = batch.select()
        assert len({chosen.selection.parts[name] for name in said}) == 1

    def test_too_few_groups_are_refused_before_a_file_is_read(self, batch: Batch) -> None:
        batch.fill(60)
        batch.annotate("example_to_group.json", {name: f"speaker {int(name[:3]) % 9}" for name in batch.labels})
        with pytest.raises(BadInput, match="the 60 examples are only 9 groups; at least 10 are needed") as caught:
            check_inventory(batch.inventory(), Limits(), 10_000)
        assert "never parted" in caught.value.hint

    def test_groups_that_identical_files_join_until_too_few_are_left_are_refused(self, batch: Batch) -> None:
        batch.fill(60)
        batch.annotate("example_to_group.json", {name: f"speaker {int(name[:3]) % 11}" for name in batch.labels})
        batch.add("004.txt", "said by three speakers", "even")
        batch.add("005.txt", "said by three speakers", "odd")
        assert len(batch.select().selection.parts) == 60
        batch.add("006.txt", "said by three speakers", "even", "odd")
        with pytest.raises(BadInput, match="the 60 examples are only 9 groups"):
            batch.select()

    def test_the_digest_knows_groups(self, batch: Batch) -> None:
        batch.fill(20)
        before = batch.select().dataset.digest
        batch.annotate("example_to_group.json", {"003.txt": "speaker"})
        assert batch.select().dataset.digest != before


class TestOwnTestSet:
    def fill(self, batch: Batch, count: int) -> None:
        batch.fill(120)
        for index in range(count):
            (batch.store.root / f"test{index}.txt").write_text(f"{index} to be tested on " * (1 + index % 3))
        batch.annotate("test_to_labels.json", {f"test{index}.txt": ["odd"] for index in range(count)})

    def test_its_files_are_measured_on_and_never_trained_on(self, batch: Batch) -> None:
        self.fill(batch, 20)
        chosen = batch.select()
        assert chosen.test is not None
        paths = [batch.store.root / f"test{index}.txt" for index in range(20)]
        assert sorted(item.tobytes() for item in chosen.test.items) == sorted(path.read_bytes() for path in paths)
        assert [chosen.label_names[column] for column in np.flatnonzero(chosen.test.targets[0])] == ["odd"]
        assert not any(name.startswith("test") for name in chosen.selection.parts)
        assert (chosen.dataset.selected, chosen.dataset.rejected, chosen.warnings) == (120, 0, [])

    def test_no_training_waits_until_they_are_embedded(self, batch: Batch) -> None:
        self.fill(batch, 20)
        _, gathered = batch.gather()
        assert len(batch.items) == 140
        assert len(gathered.vectors) == len(gathered.examples) == 120

    def test_an_example_with_the_content_of_one_of_them_is_left_out(self, batch: Batch) -> None:
        self.fill(batch, 20)
        batch.add("leak.txt", (batch.store.root / "test3.txt").read_text(), "odd")
        batch.add("other.txt", (batch.store.root / "test4.txt").read_text(), "even")
        chosen = batch.select()
        assert len(chosen.selection.parts) == 120
        reasons = {file.name: file.reason for file in chosen.rejected}
        assert reasons == {
            "leak.txt": "the same content as “test3.txt” of the test set",
            "other.txt": "the same content as “test4.txt” of the test set",
        }
        assert chosen.warnings == [
            "Left out: 2 examples with the content of a file of the test set: “leak.txt”, “other.txt”."
        ]

    def test_nothing_is_measured_on_fewer_than_ten(self, batch: Batch) -> None:
        self.fill(batch, count=9)
        chosen = batch.select()
        assert chosen.test is None
        assert chosen.warnings == ["The test set has 9 usable files; nothing is measured on fewer than 10."]

    def test_groups_on_both_sides_are_warned_of(self, batch: Batch) -> None:
        self.fill(batch, 20)
        batch.annotate("example_to_group.json", {"003.txt": "speaker", "test3.txt": "speaker", "004.txt": "another"})
        assert batch.select().warnings == [
            "Groups of the test set are trained on too, so that it tells nothing of new groups: “speaker”."
        ]

    def test_too_many_unusable_files_are_refused_by_the_files_name(self, batch: Batch) -> None:
        self.fill(batch, 20)
        for index in range(6):
            (batch.store.root / f"test{index}.txt").write_text("short")
        inventory, gathered = batch.gather()
        with pytest.raises(BadInput, match=r"6 of the 20 files named in test_to_labels\.json cannot be used"):
            check_gathered(inventory, gathered, Limits())

    def test_more_of_them_than_may_be_trained_on_are_over_the_limit(self, batch: Batch) -> None:
        self.fill(batch, 20)
        with pytest.raises(OverLimit, match=r"test_to_labels\.json names 20 files; at most 19 are allowed"):
            check_inventory(batch.inventory(), Limits(), 19)
