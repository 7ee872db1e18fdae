"""An account as buckets, a policy and a user of an object store: what they are, and as calls of MinIO's client."""

import json
import shlex
from collections.abc import Iterator
from typing import Any

from vectorizer_api.names import LOG_FILE

from vectorizer_cli.accounts.terms import Terms

__all__ = ["RUN_DAYS", "policy", "store_calls"]

RUN_DAYS = 30
"""Days that a run's working files are kept; what was published stays."""


def policy(terms: Terms) -> dict[str, Any]:
    """The account's people put their files into the one bucket and read results from the other; nothing else."""
    listing = ["s3:ListBucket", "s3:GetBucketLocation", "s3:ListBucketMultipartUploads"]
    objects = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"]
    results = ["vectorizers/*", "runs/*/attempt-*/report/*"]
    readable = [f"{terms.models}/{place}" for place in [*results, f"runs/*/attempt-*/{LOG_FILE}"]]
    return {
        "Version": "2012-10-17",
        "Statement": [
            _allow(listing, [terms.batch]),
            _allow([*objects, "s3:ListMultipartUploadParts"], [f"{terms.batch}/*"]),
            _allow(["s3:ListBucket"], [terms.models]) | {"Condition": {"StringLike": {"s3:prefix": results}}},
            _allow(["s3:GetObject"], readable),
            # Else they could make access keys that outlive their user's password, or set another password.
            {"Effect": "Deny", "Action": ["admin:*"]},
        ],
    }


def store_calls(terms: Terms) -> Iterator[str]:
    """The same for a shell: `mc` knows the store as `store`, and the user's password is in the variable PASSWORD."""
    user = terms.upload_user
    for bucket in (terms.batch, terms.models):
        yield f"mc mb --ignore-existing store/{bucket}"
    yield f"mc ilm rule add --prefix runs/ --expire-days {RUN_DAYS} store/{terms.models}"
    if terms.storage_bytes is not None:
        yield f"mc quota set store/{terms.batch} --size {terms.storage_bytes}B"
    yield f"echo {shlex.quote(json.dumps(policy(terms)))} > {user}.json"
    yield f"mc admin policy create store {user} {user}.json"
    yield f'mc admin user add store {user} "$PASSWORD"'
    yield f"mc admin policy attach store {user} --user {user}"


def _allow(actions: list[str], places: list[str]) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": [f"arn:aws:s3:::{place}" for place in places]}
