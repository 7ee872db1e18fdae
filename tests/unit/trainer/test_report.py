"""report.json: what a run did, as its readers find it."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
import torch
from vectorizer_api.artifact import BaseReference, VectorizerDescription
from vectorizer_api.content import AugmentationConditions, ContentType
from vectorizer_api.run import Dataset, Metric, Outcome, RejectedFile, RunDescription, Stage, VectorizerSource
from vectorizer_trainer.content.encoder import Encoder
from vectorizer_trainer.dataset import Selection, TrainingSet
from vectorizer_trainer.evaluation import HeldOut
from vectorizer_trainer.gathering import CopiedFile
from vectorizer_trainer.report import (
    Lineage,
    Origin,
    OwnTest,
    Report,
    augmentation_warnings,
    build_report,
    parse_report,
    sampling_warnings,
    start_warnings,
)
from vectorizer_trainer.splitting import Part
from vectorizer_trainer.tuning.types import Candidate, CurvePoint, Examples, LabelChange, Tuned
from vectorizer_trainer.vectorizer import Vectorizer

DIGEST = "0" * 64
SOURCE = VectorizerSource(name="base", location="file:///base/")
METRIC = Metric(name="NDCG@10", start=0.5, tuned=0.6, low=0.05, high=0.15)
OWN_TEST = OwnTest(files=20, metrics=[METRIC])


def described(content_type: ContentType = ContentType.TEXT, **off: bool) -> RunDescription:
    return RunDescription(
        run_uid="uid",
        fine_tune="docs",
        attempt=2,
        content_type=content_type,
        custom_vectorizer_name="My docs",
        batch="file:///batch/",
        output="file:///output/",
        base=SOURCE,
        start=SOURCE,
        augmentation=AugmentationConditions(**off),
    )


class Nothing(Encoder):
    """An encoder of nothing: the report reads its description alone."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(1))

    def decode(self, path: Any, limits: Any) -> Any:
        raise NotImplementedError

    def cost(self, item: Any) -> int:
        raise NotImplementedError

    def features(self, items: Any) -> Any:
        raise NotImplementedError

    def serialise(self, adapter: Any) -> Any:
        raise NotImplementedError


@pytest.fixture
def tuned() -> Tuned:
    description = VectorizerDescription(
        name="v", content_type=ContentType.TEXT, architecture="a", dimension=4, licence="Apache-2.0", files={}
    )
    vectors = np.eye(4, dtype=np.float32)
    vectorizer = Vectorizer(description, Nothing(), torch.eye(4))
    return Tuned(
        vectorizer=vectorizer,
        judged=vectorizer,
        outcome=Outcome.IMPROVED,
        reason="It is better.",
        metrics=[METRIC],
        candidates=[Candidate("linear adapter", 0.7, 1.2, 1.1, 0.8, 1.5)],
        chosen="linear adapter",
        alpha=0.7,
        held_out=4,
        curves=[CurvePoint("linear adapter", 1, 0.9)],
        labels=[LabelChange("x", 2, None, None), LabelChange("y", 5, 0.5, 0.75)],
        effective_rank=(3.0, 2.5),
        shown=[np.arange(4)],
        folds=[HeldOut(vectors, vectors, np.eye(4, 2, dtype=bool), np.arange(4))],
    )


@pytest.fixture
def training_set() -> TrainingSet:
    def examples(count: int) -> Examples:
        return Examples([np.arange(3)] * count, np.ones((count, 2), bool), np.arange(count))

    rejected = [RejectedFile(name=f"{index}.txt", reason="absent") for index in range(30)]
    parts = {"a": Part.TRAIN, "b": Part.GATE, "e": Part.CHOOSE, "f": Part.TRAIN}
    selection = Selection(parts, [CopiedFile("c", "a")], [["e", "f"]], ["d"])
    return TrainingSet(
        ["x", "y"], examples(2), examples(1), examples(1), None, selection, Dataset(rejected=30), rejected, ["Careful."]
    )


def report_of(training_set: TrainingSet, tuned: Tuned) -> Report:
    lineage = Lineage(BaseReference(name="base", digest=DIGEST), Origin(name="base", digest=DIGEST))
    report = build_report(
        described(), training_set, tuned, OWN_TEST, lineage, datetime(2026, 1, 1, tzinfo=UTC), {Stage.DOWNLOADING: 2.5}
    )
    return parse_report(report.model_dump_json(by_alias=True))


def test_the_verdict_and_its_evidence_are_read_back(training_set: TrainingSet, tuned: Tuned) -> None:
    report = report_of(training_set, tuned)
    assert (report.outcome, report.verdict, report.metrics) == (Outcome.IMPROVED, "It is better.", [METRIC])
    assert (report.candidates[0].name, report.candidates[0].retention) == ("linear adapter", 0.8)
    assert [(label.label, label.start, label.tuned) for label in report.labels] == [("x", None, None), ("y", 0.5, 0.75)]
    assert report.effective_rank == (3.0, 2.5)


def test_the_accounts_own_test_set_is_told_apart(training_set: TrainingSet, tuned: Tuned) -> None:
    assert report_of(training_set, tuned).own_test == OWN_TEST


def test_a_sampling_vectorizer_that_was_not_needed_is_named() -> None:
    lineage = Lineage(BaseReference(name="base", digest=DIGEST), Origin(name="base", digest=DIGEST))
    run = described().model_copy(update={"sampling": VectorizerSource(name="Chooser", location="file:///chooser/")})
    (warning,) = sampling_warnings(run, lineage)
    assert warning.startswith(
        "The sampling vectorizer “Chooser” was not needed: it chooses where there are more than 10"
    )
    chose = replace(lineage, sampling=Origin(name="Chooser", digest=DIGEST))
    assert sampling_warnings(run, chose) == sampling_warnings(described(), lineage) == []


def test_all_rejected_files_are_in_it(training_set: TrainingSet, tuned: Tuned) -> None:
    assert len(report_of(training_set, tuned).rejected_files) == 30


def test_of_a_tuning_in_folds_all_files_are_listed_as_one(training_set: TrainingSet, tuned: Tuned) -> None:
    (whole,) = tuned.folds
    halves = [HeldOut(*(part[rows] for part in vars(whole).values())) for rows in (slice(0, 2), slice(2, 4))]
    in_folds = replace(tuned, folds=halves, shown=[np.arange(2), np.arange(2, 4)])
    selection = report_of(training_set, in_folds).selection
    assert (selection.folds, selection.train, selection.gate) == (["a", "b", "e", "f"], [], [])
    assert [(copy.name, copy.of) for copy in selection.copies] == [("c", "a")]
    assert selection.near_copies == [["e", "f"]]
    assert selection.not_chosen == ["d"]


def test_of_a_tuning_that_held_a_part_out_each_file_has_its_part(training_set: TrainingSet, tuned: Tuned) -> None:
    parts = {f"{index}": Part(index % 3) for index in range(300)}
    many = replace(training_set, selection=Selection(parts, [], [], []))
    selection = report_of(many, tuned).selection
    assert [part[:2] for part in (selection.train, selection.choose, selection.gate)] == [
        ["0", "3"],
        ["1", "4"],
        ["2", "5"],
    ]
    assert selection.folds == []


def test_it_says_what_the_result_was_made_from(training_set: TrainingSet, tuned: Tuned) -> None:
    provenance = report_of(training_set, tuned).provenance
    assert (provenance.run_uid, provenance.attempt, provenance.licence) == ("uid", 2, "Apache-2.0")
    assert provenance.stage_seconds == {"Downloading": 2.5}
    assert provenance.started == datetime(2026, 1, 1, tzinfo=UTC)
    assert provenance.versions["torch"] == torch.__version__.split("+")[0]


class TestAugmentation:
    @pytest.mark.parametrize("content_type", [ContentType.SOUND, ContentType.TEXT, ContentType.POINT_CLOUD])
    def test_a_switch_without_effect_is_warned_of_by_name(self, content_type: ContentType) -> None:
        assert augmentation_warnings(described(content_type, blur=False, center_crop=False)) == [
            f"The augmentation switches have no effect for {content_type}: without center crop, blur nothing changes."
        ]

    def test_switches_left_on_are_not_warned_of(self) -> None:
        assert augmentation_warnings(described()) == []

    @pytest.mark.parametrize("content_type", [ContentType.IMAGE, ContentType.VIDEO])
    def test_a_switch_with_effect_is_not_warned_of(self, content_type: ContentType) -> None:
        assert augmentation_warnings(described(content_type, blur=False)) == []


class TestStart:
    def test_a_run_from_the_base_is_not_warned_of(self) -> None:
        assert start_warnings(described()) == []

    def test_a_tuned_start_is_warned_of_since_it_may_know_the_held_out_files(self) -> None:
        start = VectorizerSource(name="earlier", location="file:///earlier/")
        (warning,) = start_warnings(described().model_copy(update={"start": start}))
        assert "earlier" in warning
        assert "values before are too high" in warning
