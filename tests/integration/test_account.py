"""An account, made on the real API server and the real object store, and used by FTP."""

import io
import uuid
from collections.abc import Callable, Iterator
from ftplib import FTP, error_perm
from typing import Any, Protocol

import pytest
from kubernetes import client
from minio import Minio
from minio.error import S3Error
from minio.minioadmin import MinioAdmin
from vectorizer_api.names import ACCOUNT_LABEL
from vectorizer_cli.accounts.terms import AccountError
from vectorizer_dev.accounts import Account, create_account
from vectorizer_dev.cluster import DevelopmentCluster
from vectorizer_dev.object_store import S3Account


class Make(Protocol):
    def __call__(self, name: str, namespace: str = "", bucket_prefix: str = "") -> Account: ...


@pytest.fixture
def name() -> str:
    return f"t-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def make(crds: None, api: client.ApiClient, store: Minio, store_admin: MinioAdmin) -> Make:
    def make(name: str, namespace: str = "", bucket_prefix: str = "") -> Account:
        return create_account(
            name, api=api, store=store, admin=store_admin, namespace=namespace, bucket_prefix=bucket_prefix
        )

    return make


@pytest.fixture
def ftp(cluster: DevelopmentCluster) -> Iterator[FTP]:
    with FTP(timeout=10) as session:
        session.connect(cluster.object_store.ftp_host, cluster.object_store.ftp_port)
        yield session


def test_the_namespace_says_whose_it_is_and_demands_restricted_pods(
    make: Make, core: client.CoreV1Api, name: str
) -> None:
    make(name)
    found: Any = core.read_namespace(name)
    labels = found.metadata.labels
    assert labels[ACCOUNT_LABEL] == name
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"


def test_runs_expire_after_thirty_days_and_nothing_else_does(make: Make, store: Minio, name: str) -> None:
    made = make(name)
    found: Any = store.get_bucket_lifecycle(bucket_name=made.models_bucket)
    (rule,) = found.rules
    assert rule.rule_filter.prefix == "runs/"
    assert rule.expiration.days == 30
    assert store.get_bucket_lifecycle(bucket_name=made.batch_bucket) is None


def test_the_runs_service_account_mounts_no_token(make: Make, core: client.CoreV1Api, name: str) -> None:
    made = make(name)
    account = core.read_namespaced_service_account("vectorizer-run", made.namespace)
    assert account.automount_service_account_token is False


def version(core: client.CoreV1Api, namespace: str) -> str:
    found: Any = core.read_namespace(namespace)
    return str(found.metadata.resource_version)


def test_repeating_it_changes_nothing_and_shows_no_password(make: Make, core: client.CoreV1Api, name: str) -> None:
    first = make(name)
    before = version(core, name)
    again = make(name)
    assert first.upload_password is not None
    assert again.upload_password is None
    assert version(core, name) == before


def test_repeating_it_mends_what_is_missing(make: Make, store: Minio, name: str) -> None:
    made = make(name)
    store.remove_bucket(bucket_name=made.models_bucket)
    make(name)
    assert store.get_bucket_lifecycle(bucket_name=made.models_bucket) is not None


def test_an_account_is_one_namespace_and_a_namespace_one_account(make: Make, name: str) -> None:
    make(name)
    with pytest.raises(AccountError, match=name):
        make(name, namespace=f"{name}-2")
    with pytest.raises(AccountError, match=name):
        make(f"{name}-3", namespace=name)


@pytest.mark.parametrize("wrong", ["", "Upper", "under_score", "-x", "x" * 41, "a.b"])
def test_an_account_id_is_a_short_dns_label(make: Make, wrong: str) -> None:
    with pytest.raises(AccountError, match="no account id"):
        make(wrong)


def test_its_user_uploads_by_ftp_and_sees_its_batch_bucket_alone(make: Make, ftp: FTP, store: Minio, name: str) -> None:
    make(f"{name}-x")
    made = make(name)
    ftp.login(made.upload_user, made.upload_password or "")
    assert ftp.nlst("/") == [made.batch_bucket]
    ftp.cwd(f"/{made.batch_bucket}")
    ftp.mkd("docs")
    ftp.storbinary("STOR docs/a.txt", io.BytesIO(b"text"))
    found = store.get_object(bucket_name=made.batch_bucket, object_name="docs/a.txt")
    assert found.read() == b"text"
    found.close()
    found.release_conn()
    with pytest.raises(error_perm, match="550"):
        ftp.cwd(f"/{name}-x-batch")
    with pytest.raises(error_perm, match="550"):
        ftp.cwd(f"/{made.models_bucket}")


@pytest.fixture
def put(store: Minio) -> Callable[[str, str], str]:
    def put(bucket: str, key: str) -> str:
        store.put_object(bucket_name=bucket, object_name=key, data=io.BytesIO(b"text"), length=4)
        return key

    return put


def by_s3(made: Account, cluster: DevelopmentCluster) -> Minio:
    return cluster.object_store.client(S3Account(made.upload_user, made.upload_password or ""))


RESULTS = [
    "vectorizers/docs/1/model/weights.safetensors",
    "vectorizers/docs/1/report/report.json",
    "runs/1/attempt-1/report/report.json",
    "runs/1/attempt-1/log.txt",
]


@pytest.mark.parametrize("key", RESULTS)
def test_its_user_reads_results_by_s3_and_changes_none(
    make: Make, put: Callable[[str, str], str], cluster: DevelopmentCluster, name: str, key: str
) -> None:
    made, other = make(name), make(f"{name}-x")
    people, bucket = by_s3(made, cluster), made.models_bucket
    put(other.models_bucket, put(bucket, key))
    with people.get_object(bucket_name=bucket, object_name=key) as answer:
        assert answer.read() == b"text"
    with pytest.raises(S3Error, match="AccessDenied"):
        people.put_object(bucket_name=bucket, object_name=key, data=io.BytesIO(b"x"), length=1)
    with pytest.raises(S3Error, match="AccessDenied"):
        people.remove_object(bucket_name=bucket, object_name=key)
    with pytest.raises(S3Error, match="AccessDenied"):
        people.get_object(bucket_name=other.models_bucket, object_name=key)


def test_its_user_lists_vectorizers_by_s3_as_a_download_of_a_folder_does(
    make: Make, put: Callable[[str, str], str], cluster: DevelopmentCluster, name: str
) -> None:
    made = make(name)
    key = put(made.models_bucket, RESULTS[0])
    people = by_s3(made, cluster)
    for prefix in ("vectorizers/", "vectorizers/docs/"):
        listed = people.list_objects(bucket_name=made.models_bucket, prefix=prefix, recursive=True)
        assert [item.object_name for item in listed] == [key]


@pytest.mark.parametrize("prefix", ["", "requests/", "runs/", "runs/1/attempt-1/model/"])
def test_its_user_lists_no_record_and_no_run_by_s3(
    make: Make, cluster: DevelopmentCluster, name: str, prefix: str
) -> None:
    made = make(name)
    with pytest.raises(S3Error, match="AccessDenied"):
        list(by_s3(made, cluster).list_objects(bucket_name=made.models_bucket, prefix=prefix))


@pytest.mark.parametrize(
    "key", ["requests/docs.json", "runs/1/attempt-1/model/weights.safetensors", "runs/1/checkpoints/1/state.pt"]
)
def test_its_user_reads_no_record_and_no_checkpoint_by_s3(
    make: Make, put: Callable[[str, str], str], cluster: DevelopmentCluster, name: str, key: str
) -> None:
    made = make(name)
    with pytest.raises(S3Error, match="AccessDenied"):
        by_s3(made, cluster).get_object(bucket_name=made.models_bucket, object_name=put(made.models_bucket, key))
