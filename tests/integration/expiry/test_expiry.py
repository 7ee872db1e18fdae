"""Credentials of a run end by themselves: whoever kept them can do nothing any more."""

import json
import uuid
from datetime import UTC, datetime

import pytest
from minio import Minio
from minio.credentials.credentials import Credentials
from vectorizer_dev.cluster import DevelopmentCluster
from vectorizer_dev.platform import create_operator_account
from vectorizer_dev.robber import ALLOWED, Robber
from vectorizer_dev.waiting import eventually
from vectorizer_operator.credentials import Grant, policy

SHORTEST = 900
"""Seconds: no security token service gives credentials for less."""
LATE = 60.0
"""Seconds that they may be obeyed for beyond their end."""


@pytest.mark.timeout(SHORTEST + 300)
def test_credentials_do_their_work_until_their_end_and_nothing_afterwards(
    cluster: DevelopmentCluster, store: Minio
) -> None:
    bucket, key = f"e-{uuid.uuid4().hex[:8]}-models", "runs/1/attempt-1/log.txt"
    store.make_bucket(bucket_name=bucket)
    user, endpoint = create_operator_account(cluster), cluster.object_store.endpoint
    operator = Robber(endpoint, Credentials(user.access_key, user.secret_key))
    grant = Grant(bucket=bucket, own="runs/1/")
    run = operator.assume_role(json.loads(policy(grant)), SHORTEST)
    left = (run.expires - datetime.now(UTC)).total_seconds()
    assert 0 < left <= SHORTEST
    assert run.s3("PUT", f"{bucket}/{key}", body=b"x") == ALLOWED
    refusal = eventually(lambda: run.s3("PUT", f"{bucket}/{key}", body=b"x"), left + LATE, every=5)
    assert refusal == "InvalidAccessKeyId"
    assert datetime.now(UTC) >= run.expires
    for method, path in (("GET", f"{bucket}/{key}"), ("GET", bucket), ("GET", "")):
        assert run.s3(method, path) == refusal
    with pytest.raises(ValueError, match="403"):
        run.assume_role()
