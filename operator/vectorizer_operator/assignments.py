"""What the Jobs of a run are for: what each is told, on what it computes, and what it may touch."""

from dataclasses import dataclass
from enum import StrEnum

from pydantic import BaseModel
from vectorizer_api.fetch import FetchDescription
from vectorizer_api.fine_tune import FineTune
from vectorizer_api.names import (
    URLS_FILE,
    attempt_name,
    attempt_prefix,
    batch_bucket,
    checkpoints_prefix,
    fetch_name,
    folder_prefix,
    models_bucket,
    run_prefix,
    staged_prefix,
)
from vectorizer_api.run import RunDescription, S3Endpoint, TrainingSettings

from vectorizer_operator.credentials import Grant
from vectorizer_operator.profiles import Profile
from vectorizer_operator.records import Granted
from vectorizer_operator.settings import Settings


class Purpose(StrEnum):
    """What a Job is for; also the name of its container."""

    TRAIN = "train"
    FETCH = "fetch"


@dataclass(frozen=True)
class Assignment:
    """Everything in which the Jobs of a run differ."""

    purpose: Purpose
    name: str
    """The name that its Job, Secret and ConfigMap share."""
    module: str
    """What the container runs."""
    description: BaseModel
    """What it is told; it holds no secret."""
    grant: Grant
    """What it may touch in the object store."""
    profile: Profile
    """What it computes on."""
    seconds: int
    """What its process may run."""
    queue: str = ""
    """The queue of Kueue that admits it; a download holds nothing that is scarce, and waits in none."""


def to_train(
    fine_tune: FineTune, granted: Granted, profile: Profile, attempt: int, seconds: int, settings: Settings
) -> Assignment:
    """An attempt to train that may run so many seconds."""
    return Assignment(
        purpose=Purpose.TRAIN,
        name=attempt_name(fine_tune.metadata.name, fine_tune.metadata.uid, attempt),
        module="vectorizer_trainer",
        description=_training(fine_tune, granted, attempt, settings),
        grant=training_grant(fine_tune, granted, settings),
        profile=profile,
        seconds=seconds,
        queue=fine_tune.spec.queue_name or "",
    )


def to_fetch(fine_tune: FineTune, granted: Granted, profile: Profile, attempt: int, settings: Settings) -> Assignment:
    """The download that an attempt begins with."""
    batch = f"{batch_bucket(granted.account, settings.bucket_prefix)}/{folder_prefix(fine_tune.spec.batch_folder)}"
    models, staged = models_bucket(granted.account, settings.bucket_prefix), staged_prefix(fine_tune.metadata.uid)
    return Assignment(
        purpose=Purpose.FETCH,
        name=fetch_name(fine_tune.metadata.name, fine_tune.metadata.uid, attempt),
        module="vectorizer_trainer.fetching",
        description=FetchDescription(
            run_uid=fine_tune.metadata.uid,
            fine_tune=fine_tune.metadata.name,
            content_type=fine_tune.spec.content_type,
            s3=_endpoint(settings),
            urls=tuple(fine_tune.spec.file_urls),
            url_list=f"s3://{batch}" if granted.url_list else None,
            output=f"s3://{models}/{staged}",
            rules=settings.url_rules,
            limits=settings.limits,
            fetch_limits=settings.fetch_limits,
        ),
        grant=Grant(bucket=models, own=staged, files=[f"{batch}{URLS_FILE}"] if granted.url_list else []),
        profile=profile,
        seconds=profile.max_duration_seconds,
    )


def training_grant(fine_tune: FineTune, granted: Granted, settings: Settings) -> Grant:
    """What an attempt to train may touch."""
    spec, account, prefix = fine_tune.spec, granted.account, settings.bucket_prefix
    sources = [source for source in (granted.base, granted.start, granted.sampling) if source is not None]
    places = [source.location.removeprefix("s3://") for source in sources]
    folder = f"{batch_bucket(account, prefix)}/{folder_prefix(spec.batch_folder)}"
    return Grant(
        bucket=models_bucket(account, prefix),
        own=run_prefix(fine_tune.metadata.uid),
        folders=[folder] if spec.download_from_batch_cloud_folder else [],
        places=list(dict.fromkeys(places)),
    )


def _training(fine_tune: FineTune, granted: Granted, attempt: int, settings: Settings) -> RunDescription:
    spec, uid = fine_tune.spec, fine_tune.metadata.uid
    batch = batch_bucket(granted.account, settings.bucket_prefix)
    models = models_bucket(granted.account, settings.bucket_prefix)
    return RunDescription(
        run_uid=uid,
        fine_tune=fine_tune.metadata.name,
        attempt=attempt,
        content_type=spec.content_type,
        custom_vectorizer_name=spec.custom_vectorizer_name,
        profile=granted.profile,
        gpus=granted.gpus,
        s3=_endpoint(settings),
        batch=f"s3://{batch}/{folder_prefix(spec.batch_folder)}" if spec.download_from_batch_cloud_folder else None,
        staged=f"s3://{models}/{staged_prefix(uid)}" if granted.fetches else None,
        output=f"s3://{models}/{attempt_prefix(uid, attempt)}",
        checkpoints=f"s3://{models}/{checkpoints_prefix(uid)}",
        base=granted.base,
        start=granted.start,
        sampling=granted.sampling,
        augmentation=spec.augmentation_conditions,
        training=TrainingSettings(seed=spec.training.seed, max_examples=spec.training.max_examples),
        limits=settings.limits,
    )


def _endpoint(settings: Settings) -> S3Endpoint:
    """The object store as the Jobs see it."""
    secure = settings.s3_secure if settings.s3_run_secure is None else settings.s3_run_secure
    return S3Endpoint(
        endpoint=settings.s3_run_endpoint or settings.s3_endpoint, secure=secure, region=settings.s3_region
    )
