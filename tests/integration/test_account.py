"""An account, made on the real API server and the real object store, and used by FTP."""

import io
import os
import subprocess
import sys
import uuid
from ftplib import FTP, error_perm

import pytest
from minio import Minio
from minio.error import S3Error
from vectorizer_api.names import ACCOUNT_LABEL
from vectorizer_cli.account import AccountError, create_account


@pytest.fixture
def name() -> str:
    return f"t-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def make(crds, api, store, store_admin):
    def make(name: str, **more):
        return create_account(name, api=api, store=store, admin=store_admin, **more)

    return make


@pytest.fixture
def ftp(cluster):
    with FTP(timeout=10) as session:
        session.connect(cluster.object_store.ftp_host, cluster.object_store.ftp_port)
        yield session


def test_the_namespace_says_whose_it_is_and_demands_restricted_pods(make, core, name):
    make(name)
    labels = core.read_namespace(name).metadata.labels
    assert labels[ACCOUNT_LABEL] == name
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"


def test_runs_expire_after_thirty_days_and_nothing_else_does(make, store, name):
    made = make(name)
    (rule,) = store.get_bucket_lifecycle(bucket_name=made.models_bucket).rules
    assert rule.rule_filter.prefix == "runs/"
    assert rule.expiration.days == 30
    assert store.get_bucket_lifecycle(bucket_name=made.batch_bucket) is None


def test_the_runs_service_account_mounts_no_token(make, core, name):
    made = make(name)
    account = core.read_namespaced_service_account("vectorizer-run", made.namespace)
    assert account.automount_service_account_token is False


def test_repeating_it_changes_nothing_and_shows_no_password(make, core, name):
    first = make(name)
    before = core.read_namespace(name).metadata.resource_version
    again = make(name)
    assert first.upload_password is not None
    assert again.upload_password is None
    assert core.read_namespace(name).metadata.resource_version == before


def test_repeating_it_mends_what_is_missing(make, store, name):
    made = make(name)
    store.remove_bucket(bucket_name=made.models_bucket)
    make(name)
    assert store.get_bucket_lifecycle(bucket_name=made.models_bucket).rules


def test_an_account_is_one_namespace_and_a_namespace_one_account(make, name):
    make(name)
    with pytest.raises(AccountError, match=name):
        make(name, namespace=f"{name}-2")
    with pytest.raises(AccountError, match=name):
        make(f"{name}-3", namespace=name)


@pytest.mark.parametrize("wrong", ["", "Upper", "under_score", "-x", "x" * 41, "a.b"])
def test_an_account_id_is_a_short_dns_label(make, wrong):
    with pytest.raises(AccountError, match="no account id"):
        make(wrong)


def test_its_user_uploads_by_ftp_and_sees_its_bucket_alone(make, ftp, store, name):
    make(f"{name}-x")
    made = make(name)
    ftp.login(made.upload_user, made.upload_password)
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


def test_its_user_reads_no_record_and_no_run_by_s3(make, cluster, name):
    made = make(name)
    people = Minio(
        cluster.object_store.endpoint,
        access_key=made.upload_user,
        secret_key=made.upload_password,
        secure=False,
        region="us-east-1",
    )
    with pytest.raises(S3Error, match="AccessDenied"):
        list(people.list_objects(bucket_name=made.models_bucket, prefix="requests/"))


def command(cluster, name: str) -> subprocess.CompletedProcess[str]:
    store = cluster.object_store
    environment = {
        **os.environ,
        "KUBECONFIG": str(cluster.kubeconfig),
        "VECTORIZER_S3_ENDPOINT": store.endpoint,
        "VECTORIZER_S3_SCHEME": "http",
        "VECTORIZER_S3_ADMIN_ACCESS_KEY": store.root.access_key,
        "VECTORIZER_S3_ADMIN_SECRET_KEY": store.root.secret_key,
        "VECTORIZER_FTP": store.ftp_address,
    }
    line = [sys.executable, "-m", "vectorizer_cli", "account", "create", name]
    return subprocess.run(line, env=environment, capture_output=True, text=True, check=False)


def test_the_command_prints_how_to_upload_and_the_password_once(crds, cluster, core, name):
    first, again = command(cluster, name), command(cluster, name)
    assert first.returncode == 0, first.stderr
    assert f"ftp://{cluster.object_store.ftp_address}/{name}-batch/" in first.stdout
    assert "The password is shown this once." in first.stdout
    assert "The password is shown this once." not in again.stdout
    assert core.read_namespace(name).metadata.labels[ACCOUNT_LABEL] == name


def test_the_command_says_why_it_cannot(crds, cluster):
    answer = command(cluster, "Not_An_Account")
    assert answer.returncode == 1
    assert "no account id" in answer.stderr
