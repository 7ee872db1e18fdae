"""What a run's credentials may do, replayed against the real object store: exactly the run's own work."""

from collections.abc import Callable
from io import BytesIO

import pytest
import urllib3
from minio.commonconfig import CopySource
from minio.credentials.credentials import Credentials
from minio.credentials.providers import AssumeRoleProvider, StaticProvider
from minio.error import MinioAdminException, S3Error
from minio.minioadmin import MinioAdmin
from vectorizer_api.names import attempt_prefix
from vectorizer_dev.accounts import Account
from vectorizer_dev.acted_run import ActedRun
from vectorizer_dev.platform import Platform
from vectorizer_dev.tenant import Tenant

FOLDER = "mine"
Replay = Callable[[ActedRun, Account, ActedRun, Account], object]


@pytest.fixture(scope="module")
def run(tenant: Tenant, other_tenant: Tenant) -> ActedRun:
    tenant.upload(f"{FOLDER}/a.txt", b"a")
    tenant.upload("elsewhere/b.txt", b"b")
    other_tenant.upload(f"{FOLDER}/c.txt", b"c")
    return tenant.run_of(tenant.ask("credentials", batchFolder=FOLDER))


@pytest.fixture(scope="module")
def other_run(tenant: Tenant) -> ActedRun:
    found = tenant.run_of(tenant.ask("credentials-2", batchFolder=FOLDER))
    found.put("log.txt", b"of another run")
    return found


class TestAllowed:
    def test_reading_its_batch_folder(self, tenant: Tenant, run: ActedRun) -> None:
        assert names(run, tenant.account.batch_bucket, f"{FOLDER}/") == [f"{FOLDER}/a.txt"]
        assert read(run, tenant.account.batch_bucket, f"{FOLDER}/a.txt") == b"a"

    def test_reading_and_writing_its_own_prefix(self, run: ActedRun) -> None:
        run.put("log.txt", b"log")
        assert read(run, run.bucket, f"{run.prefix}log.txt") == b"log"
        assert f"{run.prefix}log.txt" in names(run, run.bucket, run.prefix)

    def test_reading_the_base(self, run: ActedRun) -> None:
        assert read(run, "vectorizer-bases", f"{run.description.base.name}/vectorizer.json")


def names(run: ActedRun, bucket: str, prefix: str) -> list[str | None]:
    return [item.object_name for item in run.store.list_objects(bucket_name=bucket, prefix=prefix, recursive=True)]


def read(run: ActedRun, bucket: str, key: str) -> bytes:
    response = run.store.get_object(bucket_name=bucket, object_name=key)
    try:
        return response.read()
    finally:
        response.close()
        response.release_conn()


def write(run: ActedRun, bucket: str, key: str) -> None:
    run.store.put_object(bucket_name=bucket, object_name=key, data=BytesIO(b"x"), length=1)


DENIED: dict[str, Replay] = {
    "list the whole batch bucket": lambda r, mine, o, f: names(r, mine.batch_bucket, ""),
    "list another folder": lambda r, mine, o, f: names(r, mine.batch_bucket, "elsewhere/"),
    "read another folder": lambda r, mine, o, f: read(r, mine.batch_bucket, "elsewhere/b.txt"),
    "write the batch folder": lambda r, mine, o, f: write(r, mine.batch_bucket, f"{FOLDER}/x"),
    "delete from the batch folder": lambda r, mine, o, f: remove(r, mine.batch_bucket, f"{FOLDER}/a.txt"),
    "list all of the models": lambda r, mine, o, f: names(r, mine.models_bucket, ""),
    "list the records": lambda r, mine, o, f: names(r, mine.models_bucket, "requests/"),
    "read a record": lambda r, mine, o, f: read(r, mine.models_bucket, "requests/credentials.json"),
    "forge a record": lambda r, mine, o, f: write(r, mine.models_bucket, "requests/credentials.json"),
    "publish by itself": lambda r, mine, o, f: write(r, mine.models_bucket, "vectorizers/x/y/manifest.json"),
    "read another run": lambda r, mine, other, f: read(r, r.bucket, f"{other.prefix}log.txt"),
    "write another run": lambda r, mine, other, f: write(r, r.bucket, f"{other.prefix}log.txt"),
    "write a run whose UID begins alike": lambda r, m, o, f: write(r, r.bucket, attempt_prefix(uid(r) + "0", 1) + "x"),
    "delete what it wrote": lambda r, m, o, f: remove(r, r.bucket, f"{r.prefix}log.txt"),
    "list another account": lambda r, m, o, foreign: names(r, foreign.batch_bucket, ""),
    "read another account": lambda r, m, o, foreign: read(r, foreign.batch_bucket, f"{FOLDER}/c.txt"),
    "write another account": lambda r, m, o, foreign: write(r, foreign.models_bucket, "runs/x"),
    "copy from another account": lambda r, m, o, foreign: steal(r, foreign.batch_bucket, f"{FOLDER}/c.txt"),
    "list the bases": lambda r, m, o, f: names(r, "vectorizer-bases", ""),
    "change the base": lambda r, m, o, f: write(r, "vectorizer-bases", f"{r.description.base.name}/vectorizer.json"),
    "see which buckets there are": lambda r, m, o, f: r.store.list_buckets(),
    "make a bucket": lambda r, m, o, f: r.store.make_bucket(bucket_name="a-new-one"),
    "remove a bucket": lambda r, m, o, f: r.store.remove_bucket(bucket_name=r.bucket),
    "keep runs for ever": lambda r, m, o, f: r.store.delete_bucket_lifecycle(bucket_name=r.bucket),
    "read the bucket's policy": lambda r, m, o, f: r.store.get_bucket_policy(bucket_name=r.bucket),
}


def uid(run: ActedRun) -> str:
    return run.description.run_uid


def remove(run: ActedRun, bucket: str, key: str) -> None:
    run.store.remove_object(bucket_name=bucket, object_name=key)


def steal(run: ActedRun, bucket: str, key: str) -> None:
    source = CopySource(bucket_name=bucket, object_name=key)
    run.store.copy_object(bucket_name=run.bucket, object_name=f"{run.prefix}stolen", source=source)


@pytest.mark.parametrize("attempt", DENIED.values(), ids=DENIED.keys())
def test_denied_to(run: ActedRun, other_run: ActedRun, tenant: Tenant, other_tenant: Tenant, attempt: Replay) -> None:
    with pytest.raises(S3Error) as caught:
        attempt(run, tenant.account, other_run, other_tenant.account)
    assert caught.value.code == "AccessDenied"


def signing(run: ActedRun) -> Credentials:
    provider = run.store._provider  # The client has no other way to show what it signs with.
    assert provider is not None
    return provider.retrieve()


def test_it_administers_nothing(run: ActedRun, platform: Platform) -> None:
    credentials = signing(run)
    admin = MinioAdmin(
        endpoint=platform.cluster.object_store.endpoint,
        credentials=StaticProvider(credentials.access_key, credentials.secret_key, credentials.session_token),
        secure=False,
    )
    with pytest.raises(MinioAdminException, match="AccessDenied"):
        admin.user_list()


def test_it_mints_no_further_credentials(run: ActedRun, platform: Platform) -> None:
    credentials = signing(run)
    provider = AssumeRoleProvider(
        sts_endpoint=f"http://{platform.cluster.object_store.endpoint}",
        access_key=credentials.access_key,
        secret_key=credentials.secret_key,
        region="us-east-1",
        http_client=urllib3.PoolManager(retries=False),
    )
    with pytest.raises(ValueError, match="403"):
        provider.retrieve()
