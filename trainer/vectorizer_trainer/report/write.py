"""From what a run did to its report."""

import platform
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING

import numpy as np
from vectorizer_api.artifact import BaseReference
from vectorizer_api.content import AUGMENTED_BY_SWITCH
from vectorizer_api.run import RunDescription, Stage

from vectorizer_trainer.dataset import TrainingSet
from vectorizer_trainer.report.augmentation import augmentation_section
from vectorizer_trainer.report.confusions import confusions
from vectorizer_trainer.report.document import (
    Candidate,
    Copy,
    CurvePoint,
    LabelChange,
    Origin,
    OwnTest,
    Provenance,
    Report,
    Selection,
)
from vectorizer_trainer.report.held_out import named_folds
from vectorizer_trainer.report.neighbourhoods import neighbourhoods
from vectorizer_trainer.report.vector_map import vector_map
from vectorizer_trainer.splitting import Part
from vectorizer_trainer.wording import quoted, spaced

if TYPE_CHECKING:
    from vectorizer_trainer.tuning.types import Tuned

_LIBRARIES = ("numpy", "open_clip_torch", "safetensors", "sentence-transformers", "torch", "transformers")


@dataclass(frozen=True)
class Lineage:
    """The vectorizers that the result descends from."""

    base: BaseReference
    start: Origin
    sampling: Origin | None = None
    """What the examples were chosen with, where there was a choice."""


def build_report(
    run: RunDescription,
    training_set: TrainingSet,
    tuned: "Tuned",
    own_test: OwnTest | None,
    lineage: Lineage,
    started: datetime,
    seconds: Mapping[Stage, float],
) -> Report:
    """The report of a run that ended well, from the seconds that each of its stages took."""
    folds = named_folds(training_set, tuned)
    return Report(
        custom_vectorizer_name=run.custom_vectorizer_name,
        content_type=run.content_type,
        dimension=tuned.vectorizer.dimension,
        outcome=tuned.outcome,
        verdict=tuned.reason,
        metrics=tuned.metrics,
        held_out=tuned.held_out,
        own_test=own_test,
        candidates=[Candidate.model_validate(vars(candidate)) for candidate in tuned.candidates],
        chosen=tuned.chosen,
        alpha=tuned.alpha,
        curves=[CurvePoint.model_validate(vars(point)) for point in tuned.curves],
        labels=_labels(training_set, tuned),
        neighbourhoods=neighbourhoods(folds, training_set.label_names, run.training.seed),
        map=vector_map(folds[0], training_set.label_names),
        confusions=confusions(folds, training_set.label_names),
        effective_rank=tuned.effective_rank,
        dataset=training_set.dataset,
        rejected_files=training_set.rejected,
        warnings=training_set.warnings,
        selection=_selection(training_set, tuned),
        augmentation=augmentation_section(run, tuned.augmented),
        provenance=_provenance(run, tuned, lineage, started, seconds),
    )


def augmentation_warnings(run: RunDescription) -> list[str]:
    """What a user of the augmentation switches must know of this run."""
    off = run.augmentation.switched_off()
    if not off or run.content_type in AUGMENTED_BY_SWITCH:
        return []
    names = ", ".join(map(spaced, off))
    return [f"The augmentation switches have no effect for {run.content_type}: without {names} nothing changes."]


def start_warnings(run: RunDescription) -> list[str]:
    """What a user of a starting vectorizer must know of the values before."""
    if run.start == run.base:
        return []
    warning = (
        f"The start {quoted(run.start.name)} was fine-tuned itself: where it was trained on these files, it knows "
        "those held out, the values before are too high and a gain is missed."
    )
    return [warning]


def sampling_warnings(run: RunDescription, lineage: Lineage) -> list[str]:
    """What a user of a sampling vectorizer must know where there was nothing to choose."""
    if run.sampling is None or lineage.sampling is not None:
        return []
    warning = (
        f"The sampling vectorizer {quoted(run.sampling.name)} was not needed: it chooses where there are more than "
        f"{run.training.max_examples:,} examples, and all of these are used."
    )
    return [warning]


def _labels(training_set: TrainingSet, tuned: "Tuned") -> list[LabelChange]:
    parts = (training_set.train, training_set.choose, training_set.gate)
    examples = np.sum([part.targets.sum(0) for part in parts], axis=0)
    return [
        LabelChange(examples=int(count), **vars(label)) for count, label in zip(examples, tuned.labels, strict=True)
    ]


def _selection(training_set: TrainingSet, tuned: "Tuned") -> Selection:
    selection = training_set.selection
    in_folds = len(tuned.folds) > 1

    def used(wanted: Part) -> list[str]:
        return [name for name, part in selection.parts.items() if part is wanted and not in_folds]

    return Selection(
        train=used(Part.TRAIN),
        choose=used(Part.CHOOSE),
        gate=used(Part.GATE),
        folds=list(selection.parts) if in_folds else [],
        copies=[Copy.model_validate(vars(copy)) for copy in selection.copies],
        near_copies=selection.near_copies,
        not_chosen=selection.not_chosen,
    )


def _provenance(
    run: RunDescription,
    tuned: "Tuned",
    lineage: Lineage,
    started: datetime,
    seconds: Mapping[Stage, float],
) -> Provenance:
    import torch

    libraries = {name: version(name) for name in _LIBRARIES}
    return Provenance(
        run_uid=run.run_uid,
        attempt=run.attempt,
        fine_tune=run.fine_tune,
        base=lineage.base,
        start=lineage.start,
        sampling=lineage.sampling,
        licence=tuned.vectorizer.description.licence,
        training=run.training,
        versions={"vectorizer-operator": version("vectorizer-operator"), "python": platform.python_version()}
        | libraries,
        threads=torch.get_num_threads(),
        device=str(tuned.vectorizer.adapter.device),
        started=started,
        finished=datetime.now(UTC),
        stage_seconds={str(stage): took for stage, took in seconds.items()},
    )
