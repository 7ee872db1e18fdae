"""One fine-tuning, stage by stage; the same for a Job on object storage and for a folder on a laptop."""

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING

from vectorizer_api.names import LOG_FILE
from vectorizer_api.run import Metric, RunCost, RunDescription, RunManifest, Stage, Workload

from vectorizer_trainer.cache import Array, ItemCache
from vectorizer_trainer.dataset import (
    TrainingSet,
    check_gathered,
    check_inventory,
    check_pool,
    describe_gathered,
    describe_inventory,
    select,
)
from vectorizer_trainer.download import Reader
from vectorizer_trainer.gathering import Gathered, Pool, gather, open_pool, survey
from vectorizer_trainer.inventory import Inventory, take_inventory
from vectorizer_trainer.progress import ProgressTracker
from vectorizer_trainer.report import (
    AdapterOnTest,
    OwnTest,
    Report,
    augmentation_warnings,
    build_report,
    make_previews,
    render_page,
    sampling_warnings,
    start_warnings,
)
from vectorizer_trainer.staged import RunFiles, open_files
from vectorizer_trainer.store import Source
from vectorizer_trainer.wording import quoted
from vectorizer_trainer.workload import workload_of
from vectorizer_trainer.workplace import Workplace

# What can be refused before torch is loaded is refused in a second: it is imported by the stages that compute.
if TYPE_CHECKING:
    from vectorizer_trainer.augmentation import Augmentation
    from vectorizer_trainer.starting_point import StartingPoint
    from vectorizer_trainer.tuning import Tuned
    from vectorizer_trainer.tuning.checkpoint import Checkpoints
    from vectorizer_trainer.vectorizer import Vectorizer

__all__ = ["run_fine_tuning"]

_log = logging.getLogger(__name__)


def run_fine_tuning(run: RunDescription, place: Workplace, tracker: ProgressTracker) -> RunManifest:
    """Everything from the batch folder to the manifest; raises RunError where it cannot."""
    return _Run(run, place, tracker).carry_out()


@dataclass(frozen=True)
class _Run:
    """The stages of a run."""

    asked: RunDescription
    place: Workplace
    tracker: ProgressTracker

    def carry_out(self) -> RunManifest:
        """All of them, in their order."""
        started = datetime.now(UTC)
        output = self.place.open_store(self.asked.output)
        given = open_files(self.asked, self.place)
        batch = given.source
        inventory = self._take_inventory(given)
        opened = self._open_starting_point(inventory)
        augmentation = self._open_augmentation(opened)
        with ItemCache(self.place.folder / "items", self._items_to_keep(inventory)) as items:
            pool = self._open_pool(batch, inventory, opened.sampling)
            gathered = self._gather(batch, inventory, opened.start, pool, items)
            training_set = self._select(inventory, gathered, items, opened)
            tuned = self._tune(training_set, opened, augmentation)
            own_test = self._measure_own_test(training_set, opened.start, tuned)
            training_set = training_set.with_warnings(tuned.warnings)
            self._tell(training_set, tuned, own_test)
            report = build_report(
                self.asked, training_set, tuned, own_test, opened.lineage, started, self.tracker.seconds
            )
            report = report.model_copy(update={"base_retention": self._measure_kept_of_base(opened, tuned)})
            page = render_page(report, make_previews(report, training_set, opened.start))

        from vectorizer_trainer.result import upload_files, write_manifest, write_result

        vectorizer = tuned.vectorizer.named(self.asked.custom_vectorizer_name, opened.lineage.base)
        result = self.place.folder / "result"
        write_result(result, vectorizer, report, page)
        files = upload_files(result, output)
        self.tracker.stage(Stage.DONE, 0)
        if self.place.log.exists():
            output.upload(LOG_FILE, self.place.log)
        return write_manifest(self.asked, report, files, output, self._cost(report))

    def _cost(self, report: Report) -> RunCost | None:
        """What the run took, where it did all of the work itself."""
        from vectorizer_trainer.cost import cost_of

        work = self.tracker.work
        return (
            None if work is None or self.asked.attempt > 1 else cost_of(self.asked, work, report, self.tracker.seconds)
        )

    def _take_inventory(self, given: RunFiles) -> Inventory:
        most = self.asked.training.max_examples
        inventory = given.explain(take_inventory(given.source, self.asked.limits, self.place.folder))
        self.tracker.found(describe_inventory(inventory))
        self.tracker.expect(workload_of(self.asked, inventory))
        check_inventory(inventory, self.asked.limits, most)
        return inventory

    def _work(self, inventory: Inventory, training_set: TrainingSet) -> Workload:
        """What there is to do now that copies and unreadable files are known."""
        left = {"examples": training_set.dataset.selected, "groups": training_set.groups}
        return workload_of(self.asked, inventory).model_copy(update=left)

    def _items_to_keep(self, inventory: Inventory) -> int:
        return min(len(inventory.wanted), self.asked.training.max_examples) + len(inventory.test.files)

    def _open_starting_point(self, inventory: Inventory) -> "StartingPoint":
        from vectorizer_trainer.starting_point import open_starting_point

        is_choice = len(inventory.wanted) > self.asked.training.max_examples
        return open_starting_point(self.asked, self.place, self.asked.sampling if is_choice else None)

    def _open_augmentation(self, opened: "StartingPoint") -> "Augmentation":
        from vectorizer_trainer.augmentation import augmentation_for

        return augmentation_for(self.asked.content_type, self.asked.augmentation, opened.start.encoder)

    def _open_pool(self, batch: Source, inventory: Inventory, sampling: "Vectorizer | None") -> Pool:
        """What may be trained on; where all is, and where no vectorizer chooses, nothing is read to know it."""
        if sampling is None:
            return open_pool(inventory.wanted, self.asked.training.seed)
        reader = self._reader(batch, sampling)
        pool = survey(inventory.wanted, reader, self.asked.training.seed, self.tracker)
        check_pool(inventory, pool, self.asked.limits)
        return pool

    def _gather(
        self, batch: Source, inventory: Inventory, start: "Vectorizer", pool: Pool, items: ItemCache
    ) -> Gathered:
        most, reader = self.asked.training.max_examples, self._reader(batch, start)
        gathered = gather(pool, inventory.test.files, most, reader, items, self.tracker)
        self.tracker.found(describe_gathered(inventory, gathered))
        check_gathered(inventory, gathered, self.asked.limits)
        return gathered

    def _reader(self, batch: Source, vectorizer: "Vectorizer") -> Reader:
        return Reader(batch, vectorizer, self.asked.limits, self.place.folder)

    def _select(
        self, inventory: Inventory, gathered: Gathered, items: Sequence[Array], opened: "StartingPoint"
    ) -> TrainingSet:
        asked = self.asked
        training_set = select(inventory, gathered, items, asked.training.seed).with_warnings(
            [*augmentation_warnings(asked), *start_warnings(asked), *sampling_warnings(asked, opened.lineage)]
        )
        self.tracker.found(training_set.dataset)
        self.tracker.expect(self._work(inventory, training_set))
        for rejected in training_set.rejected:
            _log.info("not trained on: %s: %s", quoted(rejected.name), rejected.reason)
        for warning in training_set.warnings:
            _log.warning("%s", warning)
        return training_set

    def _tune(self, training_set: TrainingSet, opened: "StartingPoint", augmentation: "Augmentation") -> "Tuned":
        from vectorizer_trainer.tuning import fine_tune

        tuned = fine_tune(
            opened.start,
            training_set.train,
            training_set.choose,
            training_set.gate,
            opened.reference,
            training_set.label_names,
            self.asked.training.seed,
            self.tracker,
            self._checkpoints(training_set),
            augmentation,
        )
        _log.info("%s: %s", tuned.outcome, tuned.reason)
        return tuned

    def _checkpoints(self, training_set: TrainingSet) -> "Checkpoints":
        from vectorizer_trainer.tuning.checkpoint import NoCheckpoints, StoredCheckpoints

        if self.asked.checkpoints is None:
            return NoCheckpoints()
        # What may differ between two attempts that are one training.
        asked = self.asked.model_dump_json(exclude={"attempt", "output", "s3"})
        identity = f"{version('vectorizer-operator')} {training_set.dataset.digest} {asked}"
        digest = hashlib.sha256(identity.encode()).hexdigest()
        store = self.place.open_store(self.asked.checkpoints)
        return StoredCheckpoints(store, self.place.folder, digest, self.tracker.kept)

    def _measure_own_test(self, training_set: TrainingSet, start: "Vectorizer", tuned: "Tuned") -> OwnTest | None:
        """Start and candidate on the account's own test set."""
        test = training_set.test
        if test is None:
            return None
        from vectorizer_trainer.evaluation import HeldOut, compare, values_of
        from vectorizer_trainer.tuning.task import encode_observed

        self.tracker.stage(Stage.EVALUATING, 2 * len(test))
        before = encode_observed(start, test.items, self.tracker)
        after = encode_observed(tuned.judged, test.items, self.tracker, len(test))
        measured = compare([HeldOut(before, after, test.targets, test.groups)], seed=0)
        adapters = [
            AdapterOnTest(name=name, values=values_of(mapped(before), test.targets))
            for name, mapped in tuned.adapters.items()
        ]
        return OwnTest(files=len(test), metrics=measured.metrics(), adapters=adapters)

    def _measure_kept_of_base(self, opened: "StartingPoint", tuned: "Tuned") -> Metric | None:
        """What every fine-tuning since the base has left of its neighbourhoods; the gate looks at the start's."""
        if opened.base is None:
            return None
        from vectorizer_trainer.evaluation import Retention
        from vectorizer_trainer.metrics import neighbour_overlaps
        from vectorizer_trainer.tuning.anchors import part_reference

        _, measured = part_reference(opened.reference, opened.base.open().encode_items(opened.reference))
        after = tuned.vectorizer.encode_items(measured.items)
        return Retention(neighbour_overlaps(measured.vectors, after)).metric()

    def _tell(self, training_set: TrainingSet, tuned: "Tuned", own_test: OwnTest | None) -> None:
        from vectorizer_trainer.result import all_metrics

        self.tracker.stage(Stage.UPLOADING, 0)
        self.tracker.found(training_set.dataset)
        self.tracker.judged(all_metrics(tuned.metrics, own_test), tuned.outcome)
