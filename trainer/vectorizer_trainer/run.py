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
from vectorizer_api.names import LOG_FILE, MANIFEST_FILE, MODEL_FOLDER, REPORT_FILE, REPORT_FOLDER
from vectorizer_api.run import RunDescription, RunManifest, Stage, VectorizerSource

from vectorizer_trainer.cache import ItemCache
from vectorizer_trainer.dataset import (
    TrainingSet,
    check_inventory,
    check_reading,
    describe_inventory,
    describe_reading,
    select,
)
from vectorizer_trainer.download import Reader, Reading
from vectorizer_trainer.errors import BadInput
from vectorizer_trainer.inventory import Inventory, take_inventory
from vectorizer_trainer.progress import ProgressTracker
from vectorizer_trainer.report import Lineage, Origin, Report, augmentation_warnings, build_report, start_warnings
from vectorizer_trainer.sources import bring
from vectorizer_trainer.store import Store
from vectorizer_trainer.wording import quoted

if TYPE_CHECKING:
    from vectorizer_trainer.content.encoder import Item
    from vectorizer_trainer.tuning import Tuned
    from vectorizer_trainer.vectorizer import Vectorizer

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Vectorizers:
    """What a run starts from and is measured against."""

    start: "Vectorizer"
    reference: Sequence["Item"]
    """The base's reference items, whose neighbourhoods measure retention."""
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
    vectorizers = _open_vectorizers(run, place)
    with ItemCache(place.folder / "items", len(inventory.wanted)) as items:
        reading = _read(run, Reader(batch, vectorizers.start, run.limits, place.folder), inventory, items, tracker)
        training_set = _select(run, inventory, reading, tracker)
        tuned = _tune(run, training_set, vectorizers, tracker)
    training_set = training_set.with_warnings(tuned.warnings)

    tracker.stage(Stage.UPLOADING, 0)
    tracker.found(training_set.dataset)
    tracker.judged(tuned.metrics, tuned.outcome)
    report = build_report(run, training_set, tuned, vectorizers.lineage, started, tracker.seconds)
    vectorizer = tuned.vectorizer.named(run.custom_vectorizer_name, vectorizers.lineage.base)
    result = _write_result(place.folder / "result", vectorizer, report)
    return _upload(run, result, report, output, place, tracker)


def _open_batch(run: RunDescription, place: Workplace) -> Store:
    if run.batch is None:
        raise BadInput("The run names no batch folder, and files from URLs are not supported yet.")
    return place.open_store(run.batch)


def _take_inventory(run: RunDescription, batch: Store, place: Workplace, tracker: ProgressTracker) -> Inventory:
    inventory = take_inventory(batch, run.limits, place.folder)
    tracker.found(describe_inventory(inventory))
    check_inventory(inventory, run.limits)
    return inventory


def _open_vectorizers(run: RunDescription, place: Workplace) -> Vectorizers:
    # Imported here: what can be refused before torch is loaded is refused in a second.
    from vectorizer_trainer.bases import load_reference
    from vectorizer_trainer.vectorizer import load_vectorizer, verified_description

    def brought(source: VectorizerSource, name: str) -> Path:
        return bring(source, place.open_store(source.location), place.folder / name)

    base_folder = brought(run.base, "base")
    start_folder = base_folder if run.start == run.base else brought(run.start, "start")
    base, base_digest = verified_description(base_folder)
    _check_content_type(run, run.base.name, base)
    start, start_digest = verified_description(start_folder)
    _check_content_type(run, run.start.name, start)
    lineage = Lineage(
        BaseReference(name=base.name, digest=base_digest), Origin(name=run.start.name, digest=start_digest)
    )
    return Vectorizers(load_vectorizer(start_folder), load_reference(base_folder), lineage)


def _check_content_type(run: RunDescription, name: str, description: VectorizerDescription) -> None:
    if description.content_type != run.content_type:
        raise BadInput(
            f"The vectorizer {quoted(name)} is for {description.content_type}, not for {run.content_type}.",
            hint="Choose a starting vectorizer of the same content type, or none.",
        )


def _read(
    run: RunDescription, reader: Reader, inventory: Inventory, items: ItemCache, tracker: ProgressTracker
) -> Reading:
    reading = reader.read(inventory.wanted, items, tracker)
    tracker.found(describe_reading(inventory, reading))
    check_reading(inventory, reading, run.limits)
    return reading


def _select(run: RunDescription, inventory: Inventory, reading: Reading, tracker: ProgressTracker) -> TrainingSet:
    training_set = select(inventory, reading, run.training, run.limits).with_warnings(
        [*augmentation_warnings(run), *start_warnings(run)]
    )
    tracker.found(training_set.dataset)
    for rejected in training_set.rejected:
        _log.info("not trained on: %s: %s", quoted(rejected.name), rejected.reason)
    for warning in training_set.warnings:
        _log.warning("%s", warning)
    return training_set


def _tune(
    run: RunDescription, training_set: TrainingSet, vectorizers: Vectorizers, tracker: ProgressTracker
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
    )
    _log.info("%s: %s", tuned.outcome, tuned.reason)
    return tuned


def _write_result(folder: Path, vectorizer: "Vectorizer", report: Report) -> Path:
    vectorizer.save(folder / MODEL_FOLDER)
    target = folder / REPORT_FILE
    target.parent.mkdir(parents=True)
    target.write_text(report.model_dump_json(by_alias=True, indent=1) + "\n", encoding="utf-8")
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
        metrics=report.metrics,
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
