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
    examples: int
    """examples carry it among all that were used."""
    positives: int
    """positives are the held-out examples that carry it."""
    start: float | None
    """start is absent with fewer than 3 positive queries; so is tuned."""
    tuned: float | None


class Neighbour(StoredModel):
    """One of the nearest held-out examples of another."""

    name: str
    labels: list[str]
    cosine: float
    likeness: float
    """likeness is the Jaccard index of the labels of both; from 0.5 on it is called related."""


Why = Literal["random", "mostImproved", "mostWorsened"]


class Query(StoredModel):
    """A held-out example with its nearest ones, of its own fold."""

    name: str
    labels: list[str]
    why: list[Why]
    """why it is shown: drawn by the seed, or among the most improved or the most worsened of all, or several."""
    start_ndcg: float
    """startNdcg is the query's own NDCG@10 under the start."""
    tuned_ndcg: float
    before: list[Neighbour]
    after: list[Neighbour]

    def found(self) -> list[Neighbour]:
        """Both lists as one."""
        return [*self.before, *self.after]


class Neighbourhoods(StoredModel):
    """What the nearest examples of held-out ones are, before and after."""

    improved: int
    """improved queries have a higher NDCG@10 by at least half a point."""
    unchanged: int
    worsened: int
    queries: list[Query]


class MapPoint(StoredModel):
    """A held-out example on two maps."""

    name: str
    label: str | None
    """label is the rarest of its labels that have a colour."""
    start: tuple[float, float]
    tuned: tuple[float, float]


class VectorMap(StoredModel):
    """Vectors of one fold on the plane of their two principal components, before and after, turned alike."""

    labels: list[str]
    """labels that have a colour: of the most frequent ones, those that a point has."""
    points: list[MapPoint]
    start_share: float
    """startShare of the variance lies in the plane."""
    tuned_share: float


class Confusion(StoredModel):
    """Two labels whose examples are found for each other."""

    labels: tuple[str, str]
    queries: int
    """queries carry one of them and not the other."""
    start: float
    """start is the share of the nearest (10, at most a fifth) of those queries that carry the other label only."""
    tuned: float
    chance: float
    """chance is the share that neighbours drawn at random would have."""


class Copy(StoredModel):
    """A file that was left out for another one with the same bytes and labels."""

    name: str
    of: str


class Selection(StoredModel):
    """Which files were used."""

    train: list[str]
    """train lists what the candidates were trained on."""
    choose: list[str]
    """choose lists what one of them was chosen on."""
    gate: list[str]
    """gate lists what it was judged on."""
    folds: list[str]
    """folds lists all files where they are few: each was trained on, and judged on, in one of the folds."""
    copies: list[Copy]
    near_copies: list[list[str]] = Field(default_factory=list)
    """nearCopies lists families of files whose content is the same, saved anew: all used, and never parted."""
    not_chosen: list[str]
    """notChosen lists the files beyond training.maxExamples."""


class TransformationEffect(StoredModel):
    """What one transformation alone does to the agreement of labels with the start's 10 nearest examples."""

    transformation: str
    agreement: float
    """agreement is the mean Jaccard index with the neighbours of examples as they are."""
    varied: float
    """varied is the same where each example is varied by this transformation."""
    chance: float
    """chance is the same with any other example."""
    error: float
    """error is the standard error of the difference."""
    breaks_labels: bool
    """breaksLabels says that it costs more than it can teach: turn it off."""


class Augmentation(StoredModel):
    """What was done to enlarge the data set."""

    applied: bool
    note: str
    """note says why it was not applied."""
    switches: AugmentationConditions
    effects: list[TransformationEffect] = Field(default_factory=list)
    """effects of each transformation that was applied; empty where there was none."""


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
    sampling: Origin | None = None
    """sampling is what the examples were chosen with; absent where it was not needed, or none was named."""
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


class AdapterOnTest(StoredModel):
    """A linear adapter on the user's own test set, at the best share of its change."""

    name: str
    """name of the candidate."""
    values: dict[str, float]
    """values of the metrics, by their names; absent where the files tell too little."""


class OwnTest(StoredModel):
    """The files of test_to_labels.json, which nothing was trained or chosen on."""

    files: int
    """files of it that could be used."""
    metrics: list[Metric]
    """metrics of the judged candidate against the start, on these files alone."""
    adapters: list[AdapterOnTest] = Field(default_factory=list)
    """adapters are what was in hand before any block was trained: after the stages up to Adapting."""


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
    base_retention: Metric | None = None
    """baseRetention is what the published vectorizer has kept of its base's neighbourhoods, after every fine-tuning
    since; absent where the start is the base."""
    own_test: OwnTest | None = None
    """ownTest is absent without test_to_labels.json, and with too few usable files in it."""
    candidates: list[Candidate]
    chosen: str
    """chosen is the candidate that was judged."""
    alpha: float
    """alpha is the share of its change that was judged, 0 where none was."""
    curves: list[CurvePoint]
    labels: list[LabelChange]
    neighbourhoods: Neighbourhoods
    map: VectorMap
    confusions: list[Confusion]
    """confusions lists the pairs of labels that are mixed up most, worst first."""
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
