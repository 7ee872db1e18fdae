"""The one contract between operator and trainer: what a run is told, what it says meanwhile, what it leaves."""

from datetime import datetime
from enum import IntEnum, StrEnum

from pydantic import AwareDatetime, Field, NonNegativeFloat, PositiveInt

from vectorizer_api.artifact import SHA256, BaseReference, FileDigest
from vectorizer_api.content import AugmentationConditions, ContentType
from vectorizer_api.model import StoredModel, Whole

MOST_METRICS = 100
"""A run tells of so many, no more."""


class ExitCode(IntEnum):
    """How a trainer's process ends."""

    DONE = 0
    """The result is published: Improved or NoImprovement."""
    BAD_INPUT = 64
    """The account's files cannot be trained on; another attempt would end alike."""
    OVER_LIMIT = 65
    """The account's files exceed a limit; another attempt would end alike."""
    INTERNAL = 70
    """An error of ours; the traceback is in log.txt."""
    STORAGE = 75
    """Storage failed after its own retries; another attempt may help."""
    STOPPED = 143
    """Asked to stop."""


class Stage(StrEnum):
    """What a run is doing, in the order in which it does it."""

    STARTING = "Starting"
    FETCHING = "Fetching"
    """Downloading the files from URLs; only where URLs are listed."""
    SAMPLING = "Sampling"
    """Looking at all files to choose among them; only where there are more than are trained on."""
    DOWNLOADING = "Downloading"
    BASELINE = "Baseline"
    AUGMENTING = "Augmenting"
    """Embedding varied examples; not for texts, nor with every transformation switched off."""
    ADAPTING = "Adapting"
    TUNING = "Tuning"
    INTERPOLATING = "Interpolating"
    EVALUATING = "Evaluating"
    UPLOADING = "Uploading"
    DONE = "Done"


class Outcome(StrEnum):
    """Whether the tuned vectorizer is better than its start."""

    IMPROVED = "Improved"
    NO_IMPROVEMENT = "NoImprovement"


class Limits(StoredModel):
    """Limits of one run, set by the platform."""

    max_objects: PositiveInt = 50_000
    """maxObjects bounds the files in the batch folder."""
    max_object_bytes: PositiveInt = 2 * 1024**3
    """maxObjectBytes bounds one file; as with every limit of one file, what is over it is rejected alone."""
    max_total_bytes: PositiveInt = 50 * 1024**3
    """maxTotalBytes bounds all files together."""
    max_labels_file_bytes: PositiveInt = 32 * 1024**2
    """maxLabelsFileBytes bounds example_to_labels.json."""
    max_labels: PositiveInt = 100
    """maxLabels bounds the different labels."""
    max_image_pixels: PositiveInt = 50_000_000
    """maxImagePixels bounds width times height of a picture."""
    max_text_bytes: PositiveInt = 1024**2
    """maxTextBytes bounds a text file."""
    max_sound_seconds: PositiveInt = 600
    """maxSoundSeconds bounds the length of a sound, as decoded."""
    max_video_seconds: PositiveInt = 600
    """maxVideoSeconds bounds the length of a video."""
    max_video_frames: PositiveInt = 36_000
    """maxVideoFrames bounds the frames of a video: 60 a second for 10 minutes."""
    max_video_pixels: PositiveInt = 4096 * 2304
    """maxVideoPixels bounds width times height of a video's frame."""
    max_decode_seconds: NonNegativeFloat = 10
    """maxDecodeSeconds bounds the processor time that decoding one file takes; a file that takes longer is rejected."""
    max_points: PositiveInt = 20_000_000
    """maxPoints bounds the points of a scan, and the vertices and corners of faces of a mesh."""
    max_mesh_bytes: PositiveInt = 64 * 1024**2
    """maxMeshBytes bounds a file with a mesh: unlike a scan, it is read as a whole."""


class S3Endpoint(StoredModel):
    """Where `s3://` locations are served."""

    endpoint: str
    """endpoint is host:port."""
    secure: bool = True
    """secure says whether to speak TLS."""
    region: str = "us-east-1"
    """region is fixed, since asking for it is denied by a run's narrow policy."""


class VectorizerSource(StoredModel):
    """A vectorizer that a run reads."""

    name: str
    """name is what people call it."""
    location: str
    """location is the URL of its folder: `s3://bucket/prefix/` or `file:///folder/`."""
    digest: str | None = Field(default=None, pattern=SHA256)
    """digest is the SHA-256 that its vectorizer.json must have; absent where the folder is the user's own."""


class TrainingSettings(StoredModel):
    """The few knobs that a user may turn."""

    seed: int = 0
    """seed makes the run repeatable."""
    max_examples: int = 10_000
    """maxExamples is how many examples are chosen where there are more."""


class RunDescription(StoredModel):
    """`run.json`: everything that a run is told. It holds no secret."""

    run_uid: str
    """runUid is the UID of the fine-tune."""
    fine_tune: str
    """fineTune is the object's name."""
    attempt: int = Field(ge=1)
    """attempt counts from 1."""
    content_type: ContentType
    """contentType is the kind of the files."""
    custom_vectorizer_name: str
    """customVectorizerName is the name of the result."""
    profile: str = ""
    """profile is the compute class that the request names; what a run takes is compared within one."""
    gpus: int = 0
    """gpus that the run has for itself."""
    s3: S3Endpoint | None = None
    """s3 serves the `s3://` locations; absent where every location is a folder."""
    batch: str | None
    """batch is the URL of the folder with example_to_labels.json and the files; absent where only URLs are used."""
    staged: str | None = None
    """staged is the URL that a fetch has staged under; absent where no URLs are used."""
    output: str
    """output is the URL that this attempt writes under."""
    checkpoints: str | None = None
    """checkpoints is the URL that the attempts of the run share their checkpoints under; absent where none are kept."""
    base: VectorizerSource
    """base is the base that the start descends from: its reference items measure retention."""
    start: VectorizerSource
    """start is the vectorizer that training starts from: the base, or a custom vectorizer."""
    sampling: VectorizerSource | None = None
    """sampling is the custom vectorizer that examples are chosen with where there are more than maxExamples."""
    augmentation: AugmentationConditions = AugmentationConditions()
    """augmentation holds the switches of the request."""
    training: TrainingSettings = TrainingSettings()
    """training holds seed and size."""
    limits: Limits = Limits()
    """limits are the platform's."""


class Failure(StoredModel):
    """Why a run ended without a result; also the termination message of its container (at most 4,096 bytes)."""

    exit_code: Whole
    """exitCode is the trainer's exit code."""
    reason: str
    """reason is a constant in CamelCase."""
    message: str
    """message says what is wrong and where."""
    hint: str = ""
    """hint says what to do next."""


class Progress(StoredModel):
    """How far a run is."""

    stage: Stage
    """stage is what the run is doing."""
    percent: float = Field(ge=0, le=100)
    """percent of the whole run, as far as it can be told."""
    epoch: Whole | None = None
    """epoch of the current training, from 1."""
    step: Whole | None = None
    """step of the current stage."""
    steps: Whole | None = None
    """steps that the current stage will take."""
    eta_seconds: Whole | None = None
    """etaSeconds until the end of the run."""
    examples_per_second: float | None = None
    """examplesPerSecond of the current stage."""
    bytes_done: Whole | None = None
    """bytesDone of the current stage, where files are fetched from URLs."""
    last_update_time: AwareDatetime
    """lastUpdateTime is when the run last said so."""


class RejectedFile(StoredModel):
    """A file that was not trained on."""

    name: str
    """name is the file's key relative to the batch folder."""
    reason: str
    """reason says why."""


class Dataset(StoredModel):
    """What a run found to train on."""

    files: Whole = 0
    """files in the batch folder, without example_to_labels.json."""
    examples: Whole = 0
    """examples named in example_to_labels.json with at least one label."""
    labels: Whole = 0
    """labels in use."""
    selected: Whole = 0
    """selected examples after rejection and sampling."""
    copies: Whole = 0
    """copies are examples left out for another one with the same bytes and labels; they are not among the rejected."""
    rejected: Whole = 0
    """rejected files, for whatever reason."""
    rejected_files: list[RejectedFile] = Field(default_factory=list, max_length=20)
    """rejectedFiles lists the first 20; report.json lists all."""
    digest: str | None = Field(default=None, pattern=SHA256)
    """digest is a SHA-256 over names, contents and labels of the selected examples."""
    warnings: list[str] = Field(default_factory=list, max_length=50)
    """warnings about the data, each a sentence."""


class Metric(StoredModel):
    """One metric on held-out items, before and after."""

    name: str = Field(max_length=100)
    """name of the metric."""
    start: float
    """start is the value of the starting vectorizer, a fraction."""
    tuned: float
    """tuned is the value of the candidate that was judged, a fraction; with NoImprovement the start is published."""
    low: float
    """low bounds the difference tuned - start from below (95 %)."""
    high: float
    """high bounds the difference tuned - start from above (95 %)."""


class Checkpoint(StoredModel):
    """The last checkpoint, from which another attempt goes on."""

    step: Whole
    """step that it was written at."""
    time: AwareDatetime
    """time that it was written at."""


class RunProgress(StoredModel):
    """`progress.json`: its parts are status.progress, status.dataset, status.checkpoint and status.metrics."""

    progress: Progress
    dataset: Dataset | None = None
    checkpoint: Checkpoint | None = None
    metrics: list[Metric] | None = Field(default=None, max_length=MOST_METRICS)
    outcome: Outcome | None = None


class Workload(StoredModel):
    """How much there is to do in a run, as far as its length depends on it."""

    content_type: ContentType
    """contentType of the files."""
    examples: int = Field(ge=0)
    """examples that are trained on, chosen on and judged on."""
    groups: int = Field(ge=0)
    """groups of examples that are never parted; as many as examples where the account names none."""
    tests: int = 0
    """tests are the files of the account's own test set."""
    read: int = Field(ge=0)
    """read files are all that are downloaded, decoded and embedded: examples, tests, and what falls out of them."""
    surveyed: int = 0
    """surveyed files are read once before, to choose the examples among them."""
    example_bytes: float = 0.0
    """exampleBytes is the mean size of a file."""
    transformations: int = 0
    """transformations that examples are varied by."""
    ways: int | None = None
    """ways in which the blocks were trained: 2 where both varied examples and those as they are were tried; absent as
    long as that is not known."""


class RunCost(StoredModel):
    """What a run took: the next one like it is foreseen from this."""

    workload: Workload
    base: str
    """base that its start descends from."""
    profile: str = ""
    """profile is the compute class that it ran on; empty for the platform's default and on a laptop."""
    gpus: int = 0
    """gpus that were its own meanwhile."""
    device: str
    """device that computed: cpu or cuda."""
    threads: int
    """threads that computed."""
    stage_seconds: dict[Stage, float]
    """stageSeconds is the wall-clock time of each stage."""
    peak_memory_bytes: int
    """peakMemoryBytes of the process, files that it maps included."""
    finished: datetime


class RunManifest(StoredModel):
    """`manifest.json`, written last: the result, and what every file of it must be."""

    run_uid: str
    attempt: int
    outcome: Outcome
    content_type: ContentType
    dimension: int
    base: BaseReference
    metrics: list[Metric] = Field(max_length=MOST_METRICS)
    dataset: Dataset
    seed: Whole
    trainer_version: str
    cost: RunCost | None = None
    """cost is absent where an earlier attempt had done a part of the work."""
    files: dict[str, FileDigest]
    """files maps each path under model/ and report/ to its digest."""
