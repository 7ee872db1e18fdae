"""From a request to its plan: by the trainer's checks of the files, its schedule, and what earlier runs took."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from vectorizer_api.names import URLS_FILE
from vectorizer_api.run import Dataset, Limits, RunCost, RunDescription, TrainingSettings, VectorizerSource, Workload
from vectorizer_trainer.course import course_of
from vectorizer_trainer.dataset import check_inventory, describe_inventory
from vectorizer_trainer.errors import BadInput, OverLimit, RunError
from vectorizer_trainer.forecast import calibrate
from vectorizer_trainer.inventory import Inventory, take_inventory
from vectorizer_trainer.report import augmentation_warnings, start_warnings
from vectorizer_trainer.store import Source
from vectorizer_trainer.workload import workload_of

from vectorizer_cli.asked import Asked, read_asked
from vectorizer_cli.local_site import LocalSite
from vectorizer_cli.login import StoreLogin
from vectorizer_cli.plan_document import Fault, Foreseen, Plan, PlannedTraining
from vectorizer_cli.standing import Standing, fault_of
from vectorizer_cli.tenant import Tenant
from vectorizer_cli.tenant_site import TenantSite

__all__ = ["Places", "make_plan"]


@dataclass(frozen=True)
class Places:
    """Where what a request needs is looked for."""

    data: Path | None
    """A folder of this machine; None where the account's batch folder is meant."""
    vectorizers: Path | None
    namespace: str
    """Empty for the request's own, or else kubectl's."""
    login: StoreLogin


class Site(Protocol):
    """Where a request would run."""

    def standing(self, asked: Asked) -> Standing:
        """What stands against the request there, and which base it would be tuned from."""

    def source(self, asked: Asked) -> Source | None:
        """The files that would be trained on; None where they cannot be reached. Raises BadInput."""

    def past(self, asked: Asked, base: str) -> Sequence[RunCost]:
        """What like runs took, on a base; with an empty name on that of the newest."""


@dataclass(frozen=True)
class _Files:
    """What was found to train on."""

    dataset: Dataset
    work: Workload
    faults: list[Fault]


def make_plan(file: Path, places: Places) -> Plan:
    """Plan the request in a file; raises BadInput where the file is no request, StorageError where storage fails."""
    asked = read_asked(file)
    namespace = places.namespace or asked.fine_tune.metadata.namespace or ""
    site: Site = (
        LocalSite(places.data, places.vectorizers)
        if places.data is not None
        else TenantSite(Tenant(namespace), places.login)
    )
    standing = site.standing(asked)
    files, fault = _files(asked, site, standing)
    faults = [*standing.faults, *([fault] if fault else []), *(files.faults if files else [])]
    return Plan(
        name=asked.fine_tune.metadata.name,
        content_type=asked.spec.content_type,
        custom_vectorizer_name=asked.spec.custom_vectorizer_name,
        accepted=not faults,
        faults=faults,
        waits_for=standing.waits_for,
        not_checked=[*standing.not_checked, *_not_looked_at(asked)],
        dataset=files.dataset if files else None,
        training=_training(files.work) if files and not faults else None,
        foreseen=_foreseen(files.work, site.past(asked, standing.base)) if files and not faults else None,
    )


def _files(asked: Asked, site: Site, standing: Standing) -> tuple[_Files | None, Fault | None]:
    """What is in the batch folder, or why that cannot be said."""
    if not asked.spec.download_from_batch_cloud_folder:
        return None, None
    try:
        source = site.source(asked)
        return (_take_stock(asked, source, standing) if source is not None else None), None
    except (BadInput, OverLimit) as error:
        return None, fault_of(error)


def _take_stock(asked: Asked, source: Source, standing: Standing) -> _Files:
    run, limits = _as_run(asked, standing), Limits()
    with tempfile.TemporaryDirectory(prefix="vectorizer-plan-") as scratch:
        inventory = take_inventory(source, limits, Path(scratch))
    described = describe_inventory(inventory)
    dataset = described.model_copy(
        update={"warnings": [*described.warnings, *augmentation_warnings(run), *start_warnings(run)]}
    )
    work = workload_of(run, inventory)
    if _has_urls(asked, inventory):
        # What is not in the folder may be at a URL.
        number = min(inventory.examples, run.training.max_examples)
        return _Files(dataset, work.model_copy(update=dict.fromkeys(("examples", "groups", "read"), number)), [])
    return _Files(dataset, work, _faults_of(inventory, limits, run.training.max_examples))


def _faults_of(inventory: Inventory, limits: Limits, most: int) -> list[Fault]:
    try:
        check_inventory(inventory, limits, most)
    except RunError as error:
        return [fault_of(error)]
    return []


def _as_run(asked: Asked, standing: Standing) -> RunDescription:
    """The run as far as its numbers depend on it; nothing is read from or written to the places that it names."""
    spec = asked.spec
    base = VectorizerSource(name=standing.base, location="")
    start, sampling = spec.starting_custom_vectorizer_name, spec.custom_vectorizer_name_for_sampling
    return RunDescription(
        run_uid="plan",
        fine_tune=asked.fine_tune.metadata.name,
        attempt=1,
        content_type=spec.content_type,
        custom_vectorizer_name=spec.custom_vectorizer_name,
        batch=None,
        output="",
        base=base,
        start=VectorizerSource(name=start, location="") if start else base,
        sampling=VectorizerSource(name=sampling, location="") if sampling else None,
        augmentation=spec.augmentation_conditions,
        training=TrainingSettings(seed=spec.training.seed, max_examples=spec.training.max_examples),
    )


def _has_urls(asked: Asked, inventory: Inventory) -> bool:
    return bool(asked.spec.file_urls) or any(file.name == URLS_FILE for file in inventory.unused)


def _not_looked_at(asked: Asked) -> list[str]:
    if not asked.spec.file_urls:
        return []
    return [
        f"The {len(asked.spec.file_urls):,} URLs: they are downloaded when the run begins, however long that takes."
    ]


def _training(work: Workload) -> PlannedTraining:
    course = course_of(work)
    return PlannedTraining(
        examples=work.examples,
        folds=course.folds,
        transformations=work.transformations,
        epochs=course.epochs,
        steps=course.steps,
    )


def _foreseen(work: Workload, past: Sequence[RunCost]) -> Foreseen:
    calibration = calibrate(work.content_type, past)
    stages = {stage: round(took, 1) for stage, took in calibration.seconds(work).items() if took}
    seconds, gpus = sum(stages.values()), max((run.gpus for run in past), default=0)
    return Foreseen(
        seconds=round(seconds, 1),
        stage_seconds=stages,
        gpus=gpus,
        gpu_seconds=round(gpus * seconds, 1),
        peak_memory_bytes=round(calibration.memory_bytes(work)),
        runs=calibration.runs,
        base=past[0].base if past else "",
    )
