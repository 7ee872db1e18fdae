"""`report.json`: the result of a run with all of its evidence. Numbers are fractions; readers may rely on the model."""

from datetime import datetime
from typing import Literal

from pydantic import Field
from vectorizer_api.artifact import BaseReference
from vectorizer_api.content import AugmentationConditions, ContentType
from vectorizer_api.model import StoredModel
from vectorizer_api.run import Dataset, Metric, Outcome, RejectedFile, TrainingSettings


class Candidate(StoredModel):
    """A way to be better that was tried."""

    name: str
    alpha: float
    """alpha is the best share of its change, 0 where none helped."""
    score: float
    """score is NDCG@10 + mAP@100 on the examples to choose on, at alpha."""
    start_score: float
    """startScore is the same of the starting vectorizer."""
    retention: float
    """retention is the neighbour overlap with the start among the base's reference items, at alpha."""
    seconds: float
    """seconds it took to train."""


class CurvePoint(StoredModel):
    """One point of a learning curve."""

    candidate: str
    epoch: float
    loss: float


class LabelChange(StoredModel):
    """One label's kNN average precision on the held-out examples."""

    label: str
    positives: int
    """positives are the held-out examples that carry it."""
    start: float | None
    """start is absent with fewer than 3 positive queries; so is tuned."""
    tuned: float | None


class SelectedFile(StoredModel):
    """A file that was used, and what for."""

    name: str
    part: Literal["train", "choose", "gate", "folds"]
    """part says what for: to train, to choose a candidate on, to judge it on; in folds each file is for both."""


class Copy(StoredModel):
    """A file that was left out as an exact copy with the same labels."""

    name: str
    of: str


class Selection(StoredModel):
    """Which files were used."""

    files: list[SelectedFile]
    copies: list[Copy]
    not_chosen: list[str]
    """notChosen lists the files beyond training.maxExamples."""


class Augmentation(StoredModel):
    """What was done to enlarge the data set."""

    applied: bool
    note: str
    """note says why it was not applied."""
    switches: AugmentationConditions


class Origin(StoredModel):
    """A vectorizer that the run read."""

    name: str
    digest: str
    """digest is the SHA-256 of its vectorizer.json."""


class Provenance(StoredModel):
    """What the result was made from, by what, and when."""

    run_uid: str
    attempt: int
    fine_tune: str
    base: BaseReference
    start: Origin
    licence: str
    """licence is the SPDX identifier of the weights' licence."""
    training: TrainingSettings
    versions: dict[str, str]
    """versions of the trainer, of Python and of the libraries that compute."""
    threads: int
    """threads that computed: the result is repeatable with the same number."""
    device: str
    started: datetime
    finished: datetime
    stage_seconds: dict[str, float]
    """stageSeconds is the wall-clock time of each stage up to the report."""


class Report(StoredModel):
    """The report of one run."""

    format_version: Literal[1] = 1
    custom_vectorizer_name: str
    content_type: ContentType
    dimension: int
    outcome: Outcome
    verdict: str
    """verdict says in one sentence what came out and why."""
    metrics: list[Metric]
    """metrics of the judged candidate against the start, on held-out examples, also where it was not better."""
    held_out: int
    """heldOut examples were measured on."""
    candidates: list[Candidate]
    chosen: str
    """chosen is the candidate that was judged."""
    alpha: float
    """alpha is the share of its change that was judged, 0 where none was."""
    curves: list[CurvePoint]
    labels: list[LabelChange]
    effective_rank: tuple[float, float]
    """effectiveRank of the held-out vectors of start and tuned; a collapse shows as a fall."""
    dataset: Dataset
    rejected_files: list[RejectedFile] = Field(default_factory=list)
    """rejectedFiles lists all of them, with the reason."""
    warnings: list[str]
    """warnings lists all of them."""
    selection: Selection
    augmentation: Augmentation
    provenance: Provenance


def parse_report(text: str | bytes) -> Report:
    """Read the content of report.json."""
    return Report.model_validate_json(text)
