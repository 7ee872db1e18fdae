"""One fine-tuning, stage by stage; the same for a Job on object storage and for a folder on a laptop."""

import hashlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from vectorizer_api.artifact import BaseReference, FileDigest, VectorizerDescription
from vectorizer_api.names import LOG_FILE, MANIFEST_FILE, MODEL_FOLDER, REPORT_FILE, REPORT_FOLDER, REPORT_PAGE
from vectorizer_api.run import Metric, RunDescription, RunManifest, Stage, VectorizerSource

from vectorizer_trainer.cache import ItemCache
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
from vectorizer_trainer.errors import BadInput
from vectorizer_trainer.gathering import Gathered, Pool, gather, open_pool, survey
from vectorizer_trainer.inventory import Inventory, take_inventory
from vectorizer_trainer.progress import ProgressTracker
from vectorizer_trainer.report import (
    Lineage,
    Origin,
    OwnTest,
    Report,
    augmentation_warnings,
    build_report,
    make_previews,
    render_page,
    sampling_warnings,
    start_warnings,
)
from vectorizer_trainer.report.model_card import MODEL_CARD, model_card
from vectorizer_trainer.sources import bring
from vectorizer_trainer.store import Store
from vectorizer_trainer.wording import quoted

if TYPE_CHECKING:
    from vectorizer_trainer.augmentation import Augmentation
    from vectorizer_trainer.content.encoder import Item
    from vectorizer_trainer.tuning import Tuned
    from vectorizer_trainer.tuning.checkpoint import Checkpoints
    from vectorizer_trainer.vectorizer import Vectorizer

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Vectorizers:
    """What a run starts from and is measured against."""

    start: "Vectorizer"
    reference: Sequence["Item"]
    """The base's reference items, whose neighbourhoods measure retention."""
    sampling: "Vectorizer | None"
    """What the examples are chosen with, where one was named and there are more than are trained on."""
    lineage: Lineage


@dataclass(frozen=True)
class Workplace:
    """Where a run reads, writes and keeps what is on its way."""

    open_store: Callable[[str], Store]
    """Opens a location of the run description."""
    folder: Path
    """An empty folder on a disk of the run's own."""

    @property
    def log(self) -> Path:
        """The file that the run's log is written to meanwhile."""
        return self.folder / LOG_FILE


def run_fine_tuning(run: RunDescription, place: Workplace, tracker: ProgressTracker) -> RunManifest:
    """Everything from the batch folder to the manifest; raises RunError where it cannot."""
    started = datetime.now(UTC)
    output = place.open_store(run.output)
    batch = _open_batch(run, place)
    inventory = _take_inventory(run, batch, place, tracker)
    vectorizers = _open_vectorizers(run, place, inventory)
    augmentation = _open_augmentation(run, vectorizers, tracker)
    with ItemCache(place.folder / "items", _foreseen(run, inventory)) as items:
        pool = _open_pool(run, batch, inventory, vectorizers, place, tracker)
        gathered = _gather(
            run, Reader(batch, vectorizers.start, run.limits, place.folder), pool, inventory, items, tracker
        )
        training_set = _select(run, inventory, gathered, items, vectorizers, tracker)
        checkpoints = _checkpoints(run, place, training_set, tracker)
        tuned = _tune(run, training_set, vectorizers, tracker, checkpoints, augmentation)
        own_test = _measure_own_test(training_set, vectorizers, tuned, tracker)
        training_set = training_set.with_warnings(tuned.warnings)
        tracker.stage(Stage.UPLOADING, 0)
        tracker.found(training_set.dataset)
        tracker.judged([*tuned.metrics, *_told_apart(own_test)], tuned.outcome)
        report = build_report(run, training_set, tuned, own_test, vectorizers.lineage, started, tracker.seconds)
        page = render_page(report, make_previews(report, training_set, vectorizers.start))

    vectorizer = tuned.vectorizer.named(run.custom_vectorizer_name, vectorizers.lineage.base)
    result = _write_result(place.folder / "result", vectorizer, report, page)
    return _upload(run, result, report, output, place, tracker)


def _open_batch(run: RunDescription, place: Workplace) -> Store:
    if run.batch is None:
        raise BadInput("The run names no batch folder, and files from URLs are not supported yet.")
    return place.open_store(run.batch)


def _take_inventory(run: RunDescription, batch: Store, place: Workplace, tracker: ProgressTracker) -> Inventory:
    inventory = take_inventory(batch, run.limits, place.folder)
    tracker.at_most(run.training.max_examples)
    tracker.found(describe_inventory(inventory))
    check_inventory(inventory, run.limits, run.training.max_examples)
    return inventory


def _foreseen(run: RunDescription, inventory: Inventory) -> int:
    """How many items are to be kept."""
    return min(len(inventory.wanted), run.training.max_examples) + len(inventory.test.files)


def _is_choice(run: RunDescription, inventory: Inventory) -> bool:
    return len(inventory.wanted) > run.training.max_examples


def _open_vectorizers(run: RunDescription, place: Workplace, inventory: Inventory) -> Vectorizers:
    # Imported here: what can be refused before torch is loaded is refused in a second.
    from vectorizer_trainer.bases import load_reference
    from vectorizer_trainer.device import fastest_device
    from vectorizer_trainer.vectorizer import load_vectorizer, verified_description

    def brought(source: VectorizerSource, name: str) -> Path:
        return bring(source, place.open_store(source.location), place.folder / name)

    base_folder = brought(run.base, "base")
    start_folder = base_folder if run.start == run.base else brought(run.start, "start")
    base, base_digest = verified_description(base_folder)
    _check_content_type(run, run.base.name, base)
    start, start_digest = verified_description(start_folder)
    _check_content_type(run, run.start.name, start)
    sampling, sampled_with = None, None
    if run.sampling is not None and _is_choice(run, inventory):
        sampling_folder = brought(run.sampling, "sampling")
        description, sampling_digest = verified_description(sampling_folder)
        _check_content_type(run, run.sampling.name, description)
        sampling = load_vectorizer(sampling_folder).on(fastest_device())
        sampled_with = Origin(name=run.sampling.name, digest=sampling_digest)
    lineage = Lineage(
        BaseReference(name=base.name, digest=base_digest),
        Origin(name=run.start.name, digest=start_digest),
        sampled_with,
    )
    return Vectorizers(
        load_vectorizer(start_folder).on(fastest_device()), load_reference(base_folder), sampling, lineage
    )


def _open_augmentation(run: RunDescription, vectorizers: Vectorizers, tracker: ProgressTracker) -> "Augmentation":
    from vectorizer_trainer.augmentation import augmentation_for

    augmentation = augmentation_for(run.content_type, run.augmentation, vectorizers.start.encoder)
    tracker.varied_by(len(augmentation.transformations))
    return augmentation


def _check_content_type(run: RunDescription, name: str, description: VectorizerDescription) -> None:
    if description.content_type != run.content_type:
        raise BadInput(
            f"The vectorizer {quoted(name)} is for {description.content_type}, not for {run.content_type}.",
            hint="Name a vectorizer of the same content type, or none.",
        )


def _open_pool(
    run: RunDescription,
    batch: Store,
    inventory: Inventory,
    vectorizers: Vectorizers,
    place: Workplace,
    tracker: ProgressTracker,
) -> Pool:
    """What may be trained on; where all is, and where no vectorizer chooses, nothing is read to know it."""
    if vectorizers.sampling is None:
        return open_pool(inventory.wanted, run.training.seed)
    reader = Reader(batch, vectorizers.sampling, run.limits, place.folder)
    pool = survey(inventory.wanted, reader, run.training.seed, tracker)
    check_pool(inventory, pool, run.limits)
    return pool


def _gather(
    run: RunDescription,
    reader: Reader,
    pool: Pool,
    inventory: Inventory,
    items: ItemCache,
    tracker: ProgressTracker,
) -> Gathered:
    gathered = gather(pool, inventory.test.files, run.training.max_examples, reader, items, tracker)
    tracker.found(describe_gathered(inventory, gathered))
    check_gathered(inventory, gathered, run.limits)
    return gathered


def _select(
    run: RunDescription,
    inventory: Inventory,
    gathered: Gathered,
    items: ItemCache,
    vectorizers: Vectorizers,
    tracker: ProgressTracker,
) -> TrainingSet:
    training_set = select(inventory, gathered, items, run.training.seed).with_warnings(
        [*augmentation_warnings(run), *start_warnings(run), *sampling_warnings(run, vectorizers.lineage)]
    )
    tracker.found(training_set.dataset)
    for rejected in training_set.rejected:
        _log.info("not trained on: %s: %s", quoted(rejected.name), rejected.reason)
    for warning in training_set.warnings:
        _log.warning("%s", warning)
    return training_set


def _tune(
    run: RunDescription,
    training_set: TrainingSet,
    vectorizers: Vectorizers,
    tracker: ProgressTracker,
    checkpoints: "Checkpoints",
    augmentation: "Augmentation",
) -> "Tuned":
    from vectorizer_trainer.tuning import fine_tune

    tuned = fine_tune(
        vectorizers.start,
        training_set.train,
        training_set.choose,
        training_set.gate,
        vectorizers.reference,
        training_set.label_names,
        run.training.seed,
        tracker,
        checkpoints,
        augmentation,
    )
    _log.info("%s: %s", tuned.outcome, tuned.reason)
    return tuned


def _checkpoints(
    run: RunDescription, place: Workplace, training_set: TrainingSet, tracker: ProgressTracker
) -> "Checkpoints":
    from vectorizer_trainer.tuning.checkpoint import NoCheckpoints, StoredCheckpoints

    if run.checkpoints is None:
        return NoCheckpoints()
    # What may differ between two attempts that are one training.
    asked = run.model_dump_json(exclude={"attempt", "output", "s3"})
    identity = f"{version('vectorizer-operator')} {training_set.dataset.digest} {asked}"
    digest = hashlib.sha256(identity.encode()).hexdigest()
    return StoredCheckpoints(place.open_store(run.checkpoints), place.folder, digest, tracker.kept)


def _measure_own_test(
    training_set: TrainingSet, vectorizers: Vectorizers, tuned: "Tuned", tracker: ProgressTracker
) -> OwnTest | None:
    """Start and candidate on the account's own test set."""
    test = training_set.test
    if test is None or test.vectors is None:
        return None
    from vectorizer_trainer.evaluation import HeldOut, compare
    from vectorizer_trainer.tuning.task import encode_observed

    tracker.stage(Stage.EVALUATING, len(test))
    after = encode_observed(tuned.judged, test.items, tracker)
    measured = compare([HeldOut(test.vectors, after, test.targets, test.groups)], seed=0)
    return OwnTest(files=len(test), metrics=measured.metrics())


def _told_apart(own_test: OwnTest | None) -> list[Metric]:
    """The metrics on the account's own test set, under names of their own."""
    measured = own_test.metrics if own_test is not None else []
    return [metric.model_copy(update={"name": f"test {metric.name}"}) for metric in measured]


def _write_result(folder: Path, vectorizer: "Vectorizer", report: Report, page: str) -> Path:
    card = model_card(report, vectorizer.description)
    vectorizer.save(folder / MODEL_FOLDER, {MODEL_CARD: card.encode()})
    target = folder / REPORT_FILE
    target.parent.mkdir(parents=True)
    target.write_text(report.model_dump_json(by_alias=True, indent=1) + "\n", encoding="utf-8")
    (folder / REPORT_PAGE).write_text(page, encoding="utf-8")
    return folder


def _upload(
    run: RunDescription,
    result: Path,
    report: Report,
    output: Store,
    place: Workplace,
    tracker: ProgressTracker,
) -> RunManifest:
    """Write model, report and log, and last of all the manifest: what has a manifest is whole."""
    files = {}
    for path in _files(result):
        name = path.relative_to(result).as_posix()
        files[name] = _digest(path)
        output.upload(name, path)
    manifest = RunManifest(
        run_uid=run.run_uid,
        attempt=run.attempt,
        outcome=report.outcome,
        content_type=run.content_type,
        dimension=report.dimension,
        base=report.provenance.base,
        metrics=[*report.metrics, *_told_apart(report.own_test)],
        dataset=report.dataset,
        seed=run.training.seed,
        trainer_version=version("vectorizer-operator"),
        files=files,
    )
    tracker.stage(Stage.DONE, 0)
    if place.log.exists():
        output.upload(LOG_FILE, place.log)
    output.put(MANIFEST_FILE, manifest.model_dump_json(by_alias=True, indent=1).encode())
    return manifest


def _files(result: Path) -> list[Path]:
    return sorted(
        path for folder in (MODEL_FOLDER, REPORT_FOLDER) for path in (result / folder).rglob("*") if path.is_file()
    )


def _digest(path: Path) -> FileDigest:
    with path.open("rb") as stream:
        return FileDigest(sha256=hashlib.file_digest(stream, "sha256").hexdigest(), size=path.stat().st_size)
