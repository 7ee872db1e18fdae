"""Credentials of a run end by themselves: whoever kept them can do nothing any more."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from minio.credentials.credentials import Credentials
from vectorizer_dev.component import Components
from vectorizer_dev.object_store import ObjectStore, start_object_store, wait_until_ready
from vectorizer_dev.platform import create_operator_user
from vectorizer_dev.robber import ALLOWED, Robber
from vectorizer_dev.tools import find_tools
from vectorizer_dev.waiting import eventually
from vectorizer_operator.credentials import Grant, policy

SHORTEST = 900
"""Seconds: no security token service gives credentials for less."""
LATE = 60.0
"""Seconds that they may be obeyed for beyond their end."""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ObjectStore]:
    """MinIO alone: nothing else would have to do while this waits."""
    with Components(tmp_path) as components:
        started = start_object_store(find_tools(print), tmp_path, components)
        wait_until_ready(started)
        yield started


@pytest.mark.timeout(SHORTEST + 300)
def test_credentials_do_their_work_until_their_end_and_nothing_afterwards(
    store: ObjectStore,
) -> None:
    bucket, key = "e-models", "runs/1/attempt-1/log.txt"
    store.client().make_bucket(bucket_name=bucket)
    user = create_operator_user(store)
    operator = Robber(store.endpoint, Credentials(user.access_key, user.secret_key))
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
