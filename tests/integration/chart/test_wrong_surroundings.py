"""An operator that cannot work says why, and is not ready, so that it replaces none that works."""

import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from vectorizer_dev.chart_release import LONG, Release
from vectorizer_dev.cluster import DevelopmentCluster
from vectorizer_dev.object_store import S3Account
from vectorizer_dev.platform import OPERATOR, SYSTEM_NAMESPACE, operator_environment
from vectorizer_dev.ports import free_port
from vectorizer_dev.waiting import eventually

Start = Callable[..., str]


@pytest.fixture
def start(release: Release, cluster: DevelopmentCluster, storage_user: S3Account, tmp_path: Path) -> Iterator[Start]:
    """Starts an operator that stands by beside the one that works; the answer is the address of its metrics."""
    started = []

    def start(**settings: str) -> str:
        address = f"127.0.0.1:{free_port()}"
        told = {**operator_environment(cluster, storage_user, address), "VECTORIZER_PROFILES": ""}
        environment = {**os.environ, **told, "VECTORIZER_LEASE": f"{SYSTEM_NAMESPACE}/{OPERATOR}", **settings}
        with (tmp_path / "log").open("wb") as output:
            command = [sys.executable, "-m", "vectorizer_operator"]
            started.append(subprocess.Popen(command, env=environment, stdout=output, stderr=output))
        return address

    yield start
    for process in started:
        process.kill()
        process.wait()


def answer(address: str, path: str) -> tuple[int, str]:
    """Status and text, 0 and nothing where nobody listens."""
    try:
        with urllib.request.urlopen(f"http://{address}/{path}", timeout=10) as found:
            return found.status, found.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()
    except OSError:
        return 0, ""


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"VECTORIZER_S3_ENDPOINT": "127.0.0.1:9"}, "(VECTORIZER_S3_ENDPOINT) does not answer without TLS"),
        ({"VECTORIZER_S3_SECURE": "true"}, "(VECTORIZER_S3_ENDPOINT) does not answer by TLS (VECTORIZER_S3_SECURE)"),
        ({"VECTORIZER_S3_SECRET_KEY": "wrong-password"}, "VECTORIZER_S3_SECRET_KEY) the list of the bucket"),
        ({"VECTORIZER_S3_ACCESS_KEY": "nobody"}, "InvalidAccessKeyId"),
        ({"VECTORIZER_BASES_BUCKET": "other-models"}, "has no bucket other-models (VECTORIZER_BASES_BUCKET)"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_it_is_not_ready_and_says_what_is_wrong(start: Start, settings: dict[str, str], says: str) -> None:
    address = start(**settings)
    eventually(lambda: says in answer(address, "readyz")[1], LONG)
    status, said = answer(address, "readyz")
    assert status == 503
    assert "password" not in said
    assert answer(address, "healthz") == (200, "ok\n")


def test_it_is_ready_as_soon_as_the_object_store_has_answered(start: Start) -> None:
    address = start()
    eventually(lambda: answer(address, "readyz") == (200, "ok\n"), LONG)
