"""Temporary S3 credentials of one run, narrowed by an inline policy to what that run may touch."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from minio.credentials.providers import AssumeRoleProvider
from vectorizer_api.names import folder_prefix, run_prefix

from vectorizer_operator.settings import Settings
from vectorizer_operator.storage import Storage, connection_pool

POLICY_BYTES = 2_048
"""STS refuses a longer inline policy."""
_WORK = ["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"]
SPARE_SECONDS = 30 * 60
"""What a token outlives the run's deadline by: scheduling, pulling the image, the last upload."""


@dataclass(frozen=True)
class Grant:
    """What one run may do: read its input and its vectorizers, read and write its own prefix."""

    models_bucket: str
    run_uid: str
    batch_bucket: str | None
    batch_folder: str = ""
    vectorizers: Sequence[str] = ()
    """`bucket/prefix/` of the base, of the starting vectorizer and of the sampling vectorizer."""


@dataclass(frozen=True)
class Minted:
    """The contents of the run's Secret, one file a field."""

    access_key: str
    secret_key: str = field(repr=False)
    session_token: str = field(repr=False)


def policy(grant: Grant) -> str:
    """The inline policy, as compact JSON: what it does not list is denied. It may be longer than STS takes."""
    models, own = grant.models_bucket, f"{run_prefix(grant.run_uid)}*"
    readable = [f"{place}*" for place in grant.vectorizers]
    statements = [_list(models, own), _statement(_WORK, [f"{models}/{own}"])]
    if grant.batch_bucket is not None:
        files = f"{folder_prefix(grant.batch_folder)}*"
        statements.append(_list(grant.batch_bucket, files))
        readable.append(f"{grant.batch_bucket}/{files}")
    statements.append(_statement("s3:GetObject", readable))
    return json.dumps({"Version": "2012-10-17", "Statement": statements}, separators=(",", ":"), ensure_ascii=False)


async def mint(grant: Grant, run_seconds: int, settings: Settings, storage: Storage) -> Minted:
    """Ask STS for credentials that last as long as the run may, and half an hour more.

    Raises:
        StorageUnavailable: where STS does not answer with credentials.

    """
    provider = AssumeRoleProvider(
        sts_endpoint=settings.sts_url,
        access_key=settings.s3_access_key.get_secret_value(),
        secret_key=settings.s3_secret_key.get_secret_value(),
        region=settings.s3_region,
        policy=policy(grant),
        duration_seconds=run_seconds + SPARE_SECONDS,
        http_client=connection_pool(1),
    )
    answer = await storage.run(provider.retrieve)
    return Minted(answer.access_key, answer.secret_key, answer.session_token or "")


def _list(bucket: str, prefix: str) -> dict[str, object]:
    return _statement("s3:ListBucket", [bucket]) | {"Condition": {"StringLike": {"s3:prefix": prefix}}}


def _statement(actions: str | list[str], places: list[str]) -> dict[str, object]:
    return {"Effect": "Allow", "Action": actions, "Resource": [f"arn:aws:s3:::{place}" for place in places]}
