"""CustomVectorizer: a fine-tuned model that the account can use; made by the operator, never changed."""

from enum import StrEnum

from pydantic import AliasChoices, ConfigDict, Field

from vectorizer_api.artifact import SHA256, BaseReference
from vectorizer_api.cel import immutable, immutable_optional, map_by, rules
from vectorizer_api.conditions import Condition
from vectorizer_api.content import ContentType
from vectorizer_api.fine_tune import NAME_MAX, NAME_MIN
from vectorizer_api.model import StoredModel
from vectorizer_api.resource import Resource
from vectorizer_api.run import Metric, Outcome


class DeletionPolicy(StrEnum):
    """What happens to the artefact when the object is deleted."""

    RETAIN = "Retain"
    DELETE = "Delete"


class Artifact(StoredModel):
    """Which published files the vectorizer consists of."""

    run_uid: str = Field(
        min_length=1, max_length=63, alias="runUID", validation_alias=AliasChoices("runUID", "run_uid")
    )
    """runUID is the UID of the fine-tune whose run made them; the place in the bucket follows from it."""
    digest: str = Field(pattern=SHA256)
    """digest is the SHA-256 of manifest.json, which holds the digest of every file."""
    size_bytes: int = Field(ge=0)
    """sizeBytes of all files together."""


class Source(StoredModel):
    """Where the vectorizer comes from."""

    fine_tune_name: str
    """fineTuneName is the name of the VectorizerFineTune that asked for it."""
    fine_tune_uid: str = Field(alias="fineTuneUID", validation_alias=AliasChoices("fineTuneUID", "fine_tune_uid"))
    """fineTuneUID is its UID."""
    starting_vectorizer_name: str = ""
    """startingVectorizerName is the custom vectorizer that it was tuned from; empty for the base."""
    starting_vectorizer_uid: str = Field(
        default="",
        alias="startingVectorizerUID",
        validation_alias=AliasChoices("startingVectorizerUID", "starting_vectorizer_uid"),
    )
    """startingVectorizerUID is the UID of that object."""


class CustomVectorizerSpec(StoredModel):
    """What the vectorizer is; only deletionPolicy may change."""

    model_config = ConfigDict(json_schema_extra=rules(immutable_optional("imageDigest")))

    custom_vectorizer_name: str = Field(
        min_length=NAME_MIN, max_length=NAME_MAX, json_schema_extra=rules(immutable("customVectorizerName"))
    )
    """customVectorizerName is the name that people use."""
    content_type: ContentType = Field(json_schema_extra=rules(immutable("contentType")))
    """contentType is the kind of files that it maps to vectors."""
    dimension: int = Field(ge=1, json_schema_extra=rules(immutable("dimension")))
    """dimension is the length of its vectors."""
    base: BaseReference = Field(json_schema_extra=rules(immutable("base")))
    """base is the base model that it descends from."""
    artifact: Artifact = Field(json_schema_extra=rules(immutable("artifact")))
    """artifact says which published files it consists of."""
    source: Source = Field(json_schema_extra=rules(immutable("source")))
    """source says where it comes from."""
    dataset_digest: str = Field(default="", max_length=64, json_schema_extra=rules(immutable("datasetDigest")))
    """datasetDigest is a SHA-256 over names, contents and labels of the examples."""
    image_digest: str | None = Field(default=None, max_length=512)
    """imageDigest is the trainer's image, with its digest where that is known."""
    seed: int = Field(default=0, json_schema_extra=rules(immutable("seed")))
    """seed that it was trained with."""
    deletion_policy: DeletionPolicy = DeletionPolicy.RETAIN
    """deletionPolicy says whether the files go with the object: Retain (default) or Delete; may change."""


class CustomVectorizerStatus(StoredModel):
    """Whether it can be used; written by the operator alone."""

    conditions: list[Condition] = Field(default_factory=list, json_schema_extra=map_by("type"))
    """conditions are Ready and ArtifactVerified."""
    metrics: list[Metric] | None = None
    """metrics on held-out items, before and after."""
    outcome: Outcome | None = None
    """outcome is Improved, or NoImprovement: then it holds the weights of its start."""
    size_bytes: int | None = None
    """sizeBytes of all files together."""
    score: str = ""
    """score is NDCG@10 before and after in per cent, such as `57.8→66.5`, for kubectl's column."""


class CustomVectorizer(Resource):
    """CustomVectorizer is a fine-tuned vectorizer of the account."""

    kind: str = "CustomVectorizer"
    spec: CustomVectorizerSpec
    status: CustomVectorizerStatus | None = None
