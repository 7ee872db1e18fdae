"""Temporary S3 credentials of one Job, narrowed by an inline policy to what it may touch."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from minio.credentials.providers import AssumeRoleProvider

from vectorizer_operator.metrics.requests import Operation
from vectorizer_operator.settings import Settings
from vectorizer_operator.storage import Storage, connection_pool

POLICY_BYTES = 2_048
"""STS refuses a longer inline policy."""
_WORK = ["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"]
SPARE_SECONDS = 30 * 60
"""What a token outlives the run's deadline by: scheduling, pulling the image, the last upload."""


@dataclass(frozen=True)
class Grant:
    """What one Job may do: read its input, and read and write below a prefix of its own."""

    bucket: str
    """The account's models bucket."""
    own: str
    """The prefix in it."""
    folders: Sequence[str] = ()
    """`bucket/prefix/` of folders that it may list and read; `bucket/` for a whole bucket."""
    places: Sequence[str] = ()
    """`bucket/prefix/` of what it may read: vectorizers, whose files are listed in their description."""
    files: Sequence[str] = ()
    """`bucket/key` of single files that it may read."""


@dataclass(frozen=True)
class Minted:
    """The contents of the run's Secret, one file a field."""

    access_key: str
    secret_key: str = field(repr=False)
    session_token: str = field(repr=False)


def policy(grant: Grant) -> str:
    """The inline policy, as compact JSON: what it does not list is denied. It may be longer than STS takes."""
    own = f"{grant.own}*"
    statements = [_list(grant.bucket, own), _statement(_WORK, [f"{grant.bucket}/{own}"])]
    for folder in grant.folders:
        bucket, _, prefix = folder.partition("/")
        statements.append(_list(bucket, f"{prefix}*"))
    readable = [*(f"{place}*" for place in (*grant.places, *grant.folders)), *grant.files]
    if readable:
        statements.append(_statement("s3:GetObject", readable))
    return json.dumps({"Version": "2012-10-17", "Statement": statements}, separators=(",", ":"), ensure_ascii=False)


async def mint(grant: Grant, run_seconds: int, settings: Settings, storage: Storage) -> Minted:
    """Ask STS for credentials that last as long as the Job may, and half an hour more.

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
    answer = await storage.run(Operation.ASSUME_ROLE, provider.retrieve)
    return Minted(answer.access_key, answer.secret_key, answer.session_token or "")


def _list(bucket: str, prefix: str) -> dict[str, object]:
    return _statement("s3:ListBucket", [bucket]) | {"Condition": {"StringLike": {"s3:prefix": prefix}}}


def _statement(actions: str | list[str], places: list[str]) -> dict[str, object]:
    return {"Effect": "Allow", "Action": actions, "Resource": [f"arn:aws:s3:::{place}" for place in places]}
