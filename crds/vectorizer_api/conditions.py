"""Conditions: what machines read. Each type and each reason is a constant with a row in docs/conditions.md."""

from datetime import datetime
from enum import StrEnum
from typing import Literal

from pydantic import Field

from vectorizer_api.model import StoredModel


class ConditionType(StrEnum):
    """The conditions of a VectorizerFineTune, and Ready and ArtifactVerified of a CustomVectorizer."""

    ACCEPTED = "Accepted"
    DATASET_READY = "DatasetReady"
    QUOTA_RESERVED = "QuotaReserved"
    RUNNING = "Running"
    SUSPENDED = "Suspended"
    PROGRESS_STALE = "ProgressStale"
    COMPLETE = "Complete"
    FAILED = "Failed"
    READY = "Ready"
    RECONCILING = "Reconciling"
    STALLED = "Stalled"
    ARTIFACT_VERIFIED = "ArtifactVerified"


class Reason(StrEnum):
    """Why a condition has its status."""

    # Accepted=True
    ACCEPTED = "Accepted"
    # Accepted=Unknown: goes on by itself
    WAITING_FOR_VECTORIZER = "WaitingForVectorizer"
    NAME_RESERVED = "NameReserved"
    PROFILE_MISSING = "ProfileMissing"
    STORAGE_UNREACHABLE = "StorageUnreachable"
    # Accepted=False: final
    NOT_AN_ACCOUNT = "NotAnAccount"
    ACCOUNT_TAKEN = "AccountTaken"
    NAME_TAKEN = "NameTaken"
    CONTENT_TYPE_MISMATCH = "ContentTypeMismatch"
    LIMIT_EXCEEDED = "LimitExceeded"
    NOT_SUPPORTED = "NotSupported"
    NAME_CONFLICT = "NameConflict"
    INVALID_SPEC = "InvalidSpec"
    # DatasetReady
    DATASET_READ = "DatasetRead"
    DATASET_WARNINGS = "DatasetWarnings"
    DATASET_PENDING = "DatasetPending"
    DATASET_REFUSED = "DatasetRefused"
    # Running, Reconciling
    JOB_CREATED = "JobCreated"
    JOB_RUNNING = "JobRunning"
    NOT_STARTED = "NotStarted"
    FINISHED = "Finished"
    PUBLISHING = "Publishing"
    WAITING = "Waiting"
    QUOTA_EXCEEDED = "QuotaExceeded"
    BACK_OFF = "BackOff"
    # QuotaReserved, also Running
    QUEUED = "Queued"
    ADMITTED = "Admitted"
    # Suspended, also Running
    SUSPENDED = "Suspended"
    # ProgressStale
    NO_PROGRESS = "NoProgress"
    PROGRESSING = "Progressing"
    # Complete
    IMPROVED = "Improved"
    NO_IMPROVEMENT = "NoImprovement"
    # Failed, also Stalled and Ready=False
    BAD_INPUT = "BadInput"
    OVER_LIMIT = "OverLimit"
    STORAGE_FAILED = "StorageFailed"
    TRAINER_ERROR = "TrainerError"
    DEADLINE_EXCEEDED = "DeadlineExceeded"
    NEVER_STARTED = "NeverStarted"
    OUT_OF_MEMORY = "OutOfMemory"
    PREEMPTED = "Preempted"
    JOB_FAILED = "JobFailed"
    JOB_DELETED = "JobDeleted"
    RESULT_REFUSED = "ResultRefused"
    ARTIFACT_DELETED = "ArtifactDeleted"
    # CustomVectorizer
    PUBLISHED = "Published"
    DIGESTS_MATCH = "DigestsMatch"


Status = Literal["True", "False", "Unknown"]


class Condition(StoredModel):
    """One condition, as in metav1.Condition."""

    type: str = Field(max_length=316)
    """type names the condition."""
    status: Status
    """status is True, False or Unknown."""
    reason: str = Field(min_length=1, max_length=1024)
    """reason is a constant in CamelCase that says why; docs/conditions.md lists all of them."""
    message: str = Field(default="", max_length=32768)
    """message says the same to a person, and what to do where something can be done."""
    observed_generation: int = Field(default=0, ge=0)
    """observedGeneration is the metadata.generation that the condition speaks of."""
    last_transition_time: datetime
    """lastTransitionTime is when status last changed."""
