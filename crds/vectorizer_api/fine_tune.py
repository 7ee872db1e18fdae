"""VectorizerFineTune: the request to fine-tune a vectorizer; its namespace is the account."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import ConfigDict, Field, StringConstraints

from vectorizer_api.cel import Rule, immutable, immutable_optional, map_by, rules
from vectorizer_api.conditions import Condition
from vectorizer_api.content import AugmentationConditions, ContentType
from vectorizer_api.model import StoredModel
from vectorizer_api.resource import Resource
from vectorizer_api.run import Checkpoint, Dataset, Failure, Metric, Outcome, Progress

NAME_MIN, NAME_MAX = 3, 30
MAX_URLS = 1_000
MAX_URL_LENGTH = 2_048
MAX_URLS_LENGTH = 180_000
MAX_FOLDER_LENGTH = 128
MAX_EXAMPLES = 10_000
MAX_DURATION_SECONDS = 12 * 3600

NO_CONTROL = Rule(
    "!self.matches('[\\\\p{Cc}\\\\p{Zl}\\\\p{Zp}]')", "must not contain line breaks or control characters"
)
TRIMMED = Rule("self == self.trim()", "must not start or end with white space")
OPTIONAL_NAME_LENGTH = Rule(
    f"self.size() == 0 || self.size() >= {NAME_MIN}",
    f"must be {NAME_MIN} to {NAME_MAX} characters long, or absent",
)

Url = Annotated[
    str,
    StringConstraints(min_length=1, max_length=MAX_URL_LENGTH),
    Field(
        json_schema_extra=rules(
            Rule(
                "isURL(self) && url(self).getScheme() in ['http', 'https'] && url(self).getHostname() != ''",
                "must be a URL such as https://host/path/file.jpg",
            ),
            Rule("!self.matches('^[^/]*//[^/?#]*@')", "must not hold a user name or password"),
        )
    ),
]


class Training(StoredModel):
    """How large and how repeatable the training is; nobody has to set it."""

    seed: int = Field(default=0, ge=0, le=2**31 - 1)
    """seed makes the run repeatable. Default 0."""
    max_examples: int = Field(default=MAX_EXAMPLES, ge=10, le=MAX_EXAMPLES)
    """maxExamples bounds the examples that are trained on; of more, some of every label are chosen, and of a rare
    label a larger share. Default 10,000."""
    max_duration_seconds: int | None = Field(default=None, ge=60, le=MAX_DURATION_SECONDS)
    """maxDurationSeconds ends a run that takes longer; at most 12 hours. Default: the profile's."""


class FineTuneSpec(StoredModel):
    """What to fine-tune, and on what."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            Rule(
                "self.downloadFromBatchCloudFolder || self.fileUrls.size() > 0",
                "there is nothing to train on: set downloadFromBatchCloudFolder to true, or list fileUrls",
            ),
            Rule(
                "self.startingCustomVectorizerName != self.customVectorizerName",
                "customVectorizerName must be a new name: a vectorizer never changes, so improving one gives another",
            ),
            Rule(
                "self.customVectorizerNameForSampling != self.customVectorizerName",
                "customVectorizerNameForSampling must name a vectorizer that exists, not the one to be created",
            ),
            immutable_optional("queueName"),
        )
    )

    content_type: ContentType = Field(json_schema_extra=rules(immutable("contentType")))
    """contentType is the kind of content to vectorize: Image, Video, Sound, Text or Point_Cloud."""
    custom_vectorizer_name: str = Field(
        min_length=NAME_MIN,
        max_length=NAME_MAX,
        json_schema_extra=rules(immutable("customVectorizerName"), NO_CONTROL, TRIMMED),
    )
    """customVectorizerName names the vectorizer to create: 3 to 30 characters, any script, unique in the account."""
    starting_custom_vectorizer_name: str = Field(
        default="",
        max_length=NAME_MAX,
        json_schema_extra=rules(immutable("startingCustomVectorizerName"), OPTIONAL_NAME_LENGTH),
    )
    """startingCustomVectorizerName names the custom vectorizer to start from, of the same contentType. Default: the
    base. While it is absent or not Ready, the run waits."""
    custom_vectorizer_name_for_sampling: str = Field(
        default="",
        max_length=NAME_MAX,
        json_schema_extra=rules(immutable("customVectorizerNameForSampling"), OPTIONAL_NAME_LENGTH),
    )
    """customVectorizerNameForSampling names the custom vectorizer that examples are chosen with where there are more
    than training.maxExamples: of each label, files that it tells apart rather than files that it takes for alike. It
    must have the same contentType and may be of any architecture. Default: chosen by labels alone, at random. While it
    is absent or not Ready, the run waits."""
    augmentation_conditions: AugmentationConditions = Field(
        default=AugmentationConditions(), json_schema_extra=rules(immutable("augmentationConditions"))
    )
    """augmentationConditions switches the random transformations of pictures and videos, each on by default. It has no
    effect for Sound, Text and Point_Cloud; a switch set to false there gives a warning."""
    file_urls: list[Url] = Field(
        default=[],
        max_length=MAX_URLS,
        json_schema_extra=rules(
            immutable("fileUrls"),
            Rule(
                f"self.map(u, u.size()).sum() <= {MAX_URLS_LENGTH}",
                f"must hold at most {MAX_URLS_LENGTH} characters in all; put more into file_urls.json",
            ),
        ),
    )
    """fileUrls lists up to 1,000 files to download by https, of up to 2,048 characters each and 180,000 in all."""
    download_from_batch_cloud_folder: bool = Field(json_schema_extra=rules(immutable("downloadFromBatchCloudFolder")))
    """downloadFromBatchCloudFolder says whether to read the account's batch folder. Required."""
    batch_folder: str = Field(
        default="",
        max_length=MAX_FOLDER_LENGTH,
        json_schema_extra=rules(
            immutable("batchFolder"),
            Rule("!self.startsWith('/')", "must be relative: leave out the leading slash"),
            Rule(
                "!self.contains('//') && !self.matches('(^|/)[.][.]?(/|$)')",
                "must not contain empty, '.' or '..' path segments",
            ),
            Rule(
                "!self.matches('[*?$\\\\\\\\\\\\p{Cc}\\\\p{Zl}\\\\p{Zp}]')",
                "must not contain * ? $ \\ or control characters",
            ),
        ),
    )
    """batchFolder is the folder inside the account's batch bucket to read, at most 128 characters. Default: all."""
    profile: str = Field(default="", max_length=63, json_schema_extra=rules(immutable("profile")))
    """profile names a compute class that the platform offers. Default: the platform's."""
    training: Training = Field(default=Training(), json_schema_extra=rules(immutable("training")))
    """training holds seed, size and time limit."""
    suspend: bool = False
    """suspend stops the run until it is false again; may change. Default false."""
    ttl_seconds_after_finished: int | None = Field(default=None, ge=0, le=2**31 - 1)
    """ttlSecondsAfterFinished deletes the object that long after its end; may change. Default: kept."""
    queue_name: str | None = Field(default=None, max_length=63, pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")
    """queueName names the LocalQueue of Kueue that admits the training, in the account's namespace. Downloads from URLs
    come before and wait in no queue. Default: none."""


class Phase(StrEnum):
    """Where a fine-tune stands, derived from its conditions for people's eyes; machines read the conditions."""

    PENDING = "Pending"
    WAITING = "Waiting"
    SUSPENDED = "Suspended"
    QUEUED = "Queued"
    FETCHING = "Fetching"
    PREPARING = "Preparing"
    TRAINING = "Training"
    EVALUATING = "Evaluating"
    PUBLISHING = "Publishing"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"


class Attempts(StoredModel):
    """How often a run was tried."""

    current: int = 0
    """current attempt, from 1; 0 before the first."""
    ended: int = 0
    """ended is the last attempt that has ended without a result: where it is the current one, another one follows."""
    max: int = 1
    """max attempts that may end by a failure."""
    failures: int = 0
    """failures are attempts that ended by an error which another attempt may not meet."""
    preemptions: int = 0
    """preemptions are attempts that the cluster ended; they do not count as failures."""
    last_reason: str | None = None
    """lastReason is why the last one that ended without a result did, a reason of Failed; absent where none has."""
    seconds: int = 0
    """seconds that the processes of all ended attempts ran."""


class Display(StoredModel):
    """Text for kubectl's columns; machines read progress and metrics."""

    progress: str = ""
    """progress such as `42%`."""
    eta: str = ""
    """eta such as `2m10s`."""
    score: str = ""
    """score is NDCG@10 before and after in per cent, such as `57.8→66.5`."""


class FineTuneStatus(StoredModel):
    """What became of it so far; written by the operator alone."""

    phase: Phase | None = None
    """phase is derived from the conditions, for people's eyes."""
    last_phase_transition_time: datetime | None = None
    """lastPhaseTransitionTime is when phase last changed."""
    conditions: list[Condition] = Field(default_factory=list, json_schema_extra=map_by("type"))
    """conditions are for machines: Complete and Failed exclude each other and are final."""
    observed_generation: int | None = None
    """observedGeneration is the metadata.generation that this status speaks of."""
    start_time: datetime | None = None
    """startTime is when the fine-tune was accepted."""
    completion_time: datetime | None = None
    """completionTime is when it was Complete or Failed."""
    attempts: Attempts | None = None
    """attempts counts them."""
    progress: Progress | None = None
    """progress of the current attempt."""
    metrics: list[Metric] | None = None
    """metrics on held-out items, before and after."""
    outcome: Outcome | None = None
    """outcome is Improved, or NoImprovement: then the new name holds the weights of the start."""
    dataset: Dataset | None = None
    """dataset is what was found to train on."""
    checkpoint: Checkpoint | None = None
    """checkpoint is the last one."""
    failure: Failure | None = None
    """failure says why it failed and what to do."""
    gpu_seconds: int | None = None
    """gpuSeconds used by all attempts."""
    report: str | None = None
    """report is the key of report.json in the account's models bucket; report.html beside it is for people."""
    vectorizer: str | None = None
    """vectorizer is the metadata.name of the CustomVectorizer."""
    display: Display | None = None
    """display holds text for kubectl's columns."""


class FineTune(Resource):
    """VectorizerFineTune asks for a custom vectorizer; the namespace is the account."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            Rule("self.metadata.name.size() <= 63", "metadata.name must be at most 63 characters long")
        )
    )

    kind: str = "VectorizerFineTune"
    spec: FineTuneSpec
    status: FineTuneStatus | None = None
