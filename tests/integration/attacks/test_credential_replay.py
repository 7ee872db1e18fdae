"""Credentials replayed: those of a run at work, of one that has ended, of a download, of an account's people."""

import io
import json
import tarfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from ftplib import FTP
from ftplib import Error as FtpError

import pytest
from kubernetes import client
from minio import Minio
from minio.credentials.credentials import Credentials
from minio.minioadmin import MinioAdmin
from vectorizer_api.names import attempt_name, attempt_prefix
from vectorizer_dev.acted_run import ActedFetch
from vectorizer_dev.cluster import DevelopmentCluster
from vectorizer_dev.platform import Platform
from vectorizer_dev.robber import ALLOWED, DENIED, Robber
from vectorizer_dev.tenant import FINE_TUNES, Tenant
from vectorizer_dev.waiting import eventually
from vectorizer_operator.credentials import SPARE_SECONDS

DIMENSION = 384
FOLDER = "mine"
KEPT = "vectorizers/kept/1/manifest.json"
"""Stands for whatever was published, in each account."""
_CREATE = b"<CreateBucketConfiguration/>"
_ANYBODY = {"Effect": "Allow", "Action": ["s3:*"], "Resource": ["arn:aws:s3:::*"]}
_ALL = {"Version": "2012-10-17", "Statement": [_ANYBODY]}
_OPEN = {"Version": "2012-10-17", "Statement": [{**_ANYBODY, "Principal": {"AWS": ["*"]}}]}


@dataclass(frozen=True)
class Places:
    """Where the attacker's own things are, and those of others."""

    batch: str
    models: str
    own: str
    """The prefix of what the credentials are for."""
    foreign: str
    """An account whose name begins, or ends, as the attacker's."""

    def __call__(self, template: str) -> str:
        return template.format(**vars(self))


@dataclass(frozen=True)
class Call:
    """A call of S3."""

    method: str
    path: str
    query: Mapping[str, str] | None = None
    headers: Mapping[str, str] | None = None
    body: bytes = b""

    def by(self, robber: Robber, places: Places) -> str:
        query, headers = (
            {name: places(value) for name, value in (said or {}).items()} for said in (self.query, self.headers)
        )
        return robber.s3(
            self.method, places(self.path), query, headers, self.body.replace(b"{own}", places.own.encode())
        )


def _delete(*keys: str) -> bytes:
    return f"<Delete>{''.join(f'<Object><Key>{key}</Key></Object>' for key in keys)}</Delete>".encode()


def _listed(prefix: str, **more: str) -> Mapping[str, str]:
    return {"list-type": "2", "prefix": prefix, **more}


_LIFECYCLE = (
    b"<LifecycleConfiguration><Rule><ID>x</ID><Status>Enabled</Status><Filter><Prefix></Prefix></Filter>"
    b"<Expiration><Days>1</Days></Expiration></Rule></LifecycleConfiguration>"
)
_SELECT = (
    b"<SelectObjectContentRequest><Expression>select * from S3Object</Expression>"
    b"<ExpressionType>SQL</ExpressionType><InputSerialization><JSON><Type>LINES</Type></JSON></InputSerialization>"
    b"<OutputSerialization><JSON/></OutputSerialization></SelectObjectContentRequest>"
)

FOREIGN = {
    "list its files": Call("GET", "{foreign}-batch", _listed("")),
    "list its folder of the same name": Call("GET", "{foreign}-batch", _listed(f"{FOLDER}/")),
    "read its file": Call("GET", "{foreign}-batch/mine/c.txt"),
    "see that its file is there": Call("HEAD", "{foreign}-batch/mine/c.txt"),
    "write a file": Call("PUT", "{foreign}-batch/mine/x", body=b"x"),
    "delete its file": Call("DELETE", "{foreign}-batch/mine/c.txt"),
    "copy its file": Call("PUT", "{models}/{own}x", headers={"X-Amz-Copy-Source": "{foreign}-batch/mine/c.txt"}),
    "overwrite its vectorizer": Call("PUT", f"{{foreign}}-models/{KEPT}", body=b"x"),
    "read its vectorizer": Call("GET", f"{{foreign}}-models/{KEPT}"),
    "list its vectorizers": Call("GET", "{foreign}-models", _listed("vectorizers/")),
    "list what is being uploaded": Call("GET", "{foreign}-batch", {"uploads": ""}),
    "see where its bucket is": Call("GET", "{foreign}-batch", {"location": ""}),
    "put a run there": Call("PUT", "{foreign}-models/{own}x", body=b"x"),
}
"""What credentials of one account can do with another one's buckets: nothing."""

ADMINISTRATION = {
    "make a bucket": Call("PUT", "another-batch", body=_CREATE),
    "remove the models": Call("DELETE", "{models}"),
    "open the files to anybody": Call("PUT", "{batch}", {"policy": ""}, body=json.dumps(_OPEN).encode()),
    "read the policy of the bucket": Call("GET", "{models}", {"policy": ""}),
    "let results expire": Call("PUT", "{models}", {"lifecycle": ""}, body=_LIFECYCLE),
    "keep runs for ever": Call("DELETE", "{models}", {"lifecycle": ""}),
    "be told of each object": Call(
        "PUT", "{models}", {"notification": ""}, body=b"<NotificationConfiguration></NotificationConfiguration>"
    ),
    "listen": Call("GET", "{models}", {"events": "s3:ObjectCreated:*"}),
    "switch versions on": Call(
        "PUT",
        "{models}",
        {"versioning": ""},
        body=b"<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>",
    ),
    "list versions": Call("GET", "{models}", {"versions": ""}),
    "replicate elsewhere": Call("PUT", "{models}", {"replication": ""}, body=b"<ReplicationConfiguration/>"),
    "encrypt with a key of its own": Call("PUT", "{models}", {"encryption": ""}, body=b"<x/>"),
    "lock objects": Call("PUT", "{models}", {"object-lock": ""}, body=b"<ObjectLockConfiguration/>"),
    "tag the bucket": Call("PUT", "{models}", {"tagging": ""}, body=b"<Tagging><TagSet/></Tagging>"),
}
"""What administers a bucket, or the store."""

RUN_DENIED = {
    "see which buckets there are": Call("GET", ""),
    "list the whole batch bucket": Call("GET", "{batch}", _listed("")),
    "list it in folders": Call("GET", "{batch}", _listed("", delimiter="/")),
    "list it as of old": Call("GET", "{batch}", {"prefix": ""}),
    "list a folder whose name begins alike": Call("GET", "{batch}", _listed("mine-2/")),
    "list all that begins alike": Call("GET", "{batch}", _listed("mine")),
    "read a folder whose name begins alike": Call("GET", "{batch}/mine-2/d.txt"),
    "read a folder that it encloses": Call("GET", "{batch}/in/mine/e.txt"),
    "read the folder's name in capitals": Call("GET", "{batch}/MINE/f.txt"),
    "write its batch folder": Call("PUT", "{batch}/mine/x", body=b"x"),
    "delete from its batch folder": Call("DELETE", "{batch}/mine/a.txt"),
    "delete many": Call("POST", "{batch}", {"delete": ""}, body=_delete("mine/a.txt")),
    "upload in parts to its batch folder": Call("POST", "{batch}/mine/x", {"uploads": ""}),
    "write by .. to the records": Call("PUT", "{models}/{own}../../../requests/x.json", body=b"x"),
    "read by .. from the records": Call("GET", "{models}/{own}../../../requests/credentials.json"),
    "write by /./ elsewhere": Call("PUT", "{models}/{own}.././x", body=b"x"),
    "read a record": Call("GET", "{models}/requests/credentials.json"),
    "forge a record": Call("PUT", "{models}/requests/credentials.json", body=b"{}"),
    "copy over a record": Call(
        "PUT", "{models}/requests/x.json", headers={"X-Amz-Copy-Source": "{models}/{own}log.txt"}
    ),
    "publish by itself": Call("PUT", f"{{models}}/{KEPT}", body=b"x"),
    "read what another one published": Call("GET", f"{{models}}/{KEPT}"),
    "copy what another one published": Call(
        "PUT", "{models}/{own}x", headers={"X-Amz-Copy-Source": f"{{models}}/{KEPT}"}
    ),
    "list all runs": Call("GET", "{models}", _listed("runs/")),
    "write a run whose name begins alike": Call("PUT", "{models}/runs/00000000", body=b"x"),
    "delete what it wrote": Call("DELETE", "{models}/{own}log.txt"),
    "delete many of what it wrote": Call("POST", "{models}", {"delete": ""}, body=_delete("{own}log.txt")),
    "tag what it wrote": Call("PUT", "{models}/{own}log.txt", {"tagging": ""}, body=b"<Tagging><TagSet/></Tagging>"),
    "list what others are uploading": Call("GET", "{models}", {"uploads": ""}),
    "see where its bucket is": Call("GET", "{batch}", {"location": ""}),
    "list the bases": Call("GET", "vectorizer-bases", _listed("")),
    "change a base": Call("PUT", "vectorizer-bases/x/vectorizer.json", body=b"{}"),
    "read MinIO's own files": Call("GET", ".minio.sys/config/config.json"),
    "read them through its bucket": Call("GET", "{models}/../.minio.sys/config/config.json"),
}
"""What a run's own account has, and a run must not touch."""

RUN_ALLOWED = {
    "list its batch folder": Call("GET", "{batch}", _listed(f"{FOLDER}/")),
    "read a file of it": Call("GET", "{batch}/mine/a.txt"),
    "write its own": Call("PUT", "{models}/{own}log.txt", body=b"log"),
    "read its own": Call("GET", "{models}/{own}log.txt"),
    "list its own": Call("GET", "{models}", _listed("{own}")),
    "upload its own in parts": Call("POST", "{models}/{own}large", {"uploads": ""}),
    "copy its own": Call("PUT", "{models}/{own}copy", headers={"X-Amz-Copy-Source": "{models}/{own}log.txt"}),
}

FETCH_DENIED = {
    "see which buckets there are": Call("GET", ""),
    "list its batch folder": Call("GET", "{batch}", _listed(f"{FOLDER}/")),
    "read a file of the batch folder": Call("GET", "{batch}/mine/a.txt"),
    "write what the training will": Call("PUT", "{models}/{own}../attempt-1/manifest.json", body=b"x"),
    "list the whole run": Call("GET", "{models}", _listed("runs/")),
    "read a record": Call("GET", "{models}/requests/credentials.json"),
    "overwrite a vectorizer": Call("PUT", f"{{models}}/{KEPT}", body=b"x"),
    "delete what it wrote": Call("DELETE", "{models}/{own}progress.json"),
    "read a base": Call("GET", "vectorizer-bases/x/vectorizer.json"),
}
FETCH_ALLOWED = {
    "read the list of URLs": Call("GET", "{batch}/mine/file_urls.json"),
    "stage a file": Call("PUT", "{models}/{own}files/a.txt", body=b"a"),
    "read what is staged": Call("GET", "{models}/{own}files/a.txt"),
    "list what is staged": Call("GET", "{models}", _listed("{own}")),
}

PEOPLE_DENIED = {
    "overwrite a vectorizer": Call("PUT", f"{{models}}/{KEPT}", body=b"x"),
    "delete a vectorizer": Call("DELETE", f"{{models}}/{KEPT}"),
    "delete many": Call("POST", "{models}", {"delete": ""}, body=_delete(KEPT)),
    "copy over a vectorizer": Call("PUT", f"{{models}}/{KEPT}", headers={"X-Amz-Copy-Source": "{batch}/mine/a.txt"}),
    "upload a vectorizer in parts": Call("POST", f"{{models}}/{KEPT}", {"uploads": ""}),
    "read a record": Call("GET", "{models}/requests/credentials.json"),
    "forge a record": Call("PUT", "{models}/requests/credentials.json", body=b"{}"),
    "write into a run": Call("PUT", "{models}/{own}manifest.json", body=b"{}"),
    "write by .. into a run": Call("PUT", "{batch}/../{models}/{own}manifest.json", body=b"{}"),
    "list all of the models": Call("GET", "{models}", _listed("")),
    "list runs": Call("GET", "{models}", _listed("runs/")),
    "read a base": Call("GET", "vectorizer-bases/x/vectorizer.json"),
    "read MinIO's own files": Call("GET", ".minio.sys/config/config.json"),
}
PEOPLE_ALLOWED = {
    "list its files": Call("GET", "{batch}", _listed("")),
    "upload a file": Call("PUT", "{batch}/up/x.txt", body=b"x"),
    "upload in parts": Call("POST", "{batch}/up/y.txt", {"uploads": ""}),
    "delete a file": Call("DELETE", "{batch}/up/x.txt"),
    "read a vectorizer": Call("GET", f"{{models}}/{KEPT}"),
    "list vectorizers": Call("GET", "{models}", _listed("vectorizers/")),
    "read the log of a run": Call("GET", "{models}/{own}log.txt"),
}

ADMINISTERS: dict[str, Callable[[MinioAdmin], object]] = {
    "tell what the store is": lambda admin: admin.info(),
    "list users": lambda admin: admin.user_list(),
    "make a user": lambda admin: admin.user_add("mallory", "mallory-mallory"),
    "lock the operator out": lambda admin: admin.user_disable("vectorizer-operator"),
    "make a policy": lambda admin: admin.policy_add("all", policy=_ALL),
    "attach a policy": lambda admin: admin.attach_policy(["consoleAdmin"], user="vectorizer-operator"),
    "make an account of its own that stays": lambda admin: admin.add_service_account(),
    "make one with all rights": lambda admin: admin.add_service_account(policy=_ALL),
    "make one under a name": lambda admin: admin.add_service_account(
        access_key="mallory-stays", secret_key="mallory-mallory"
    ),
    "list such accounts": lambda admin: admin.list_service_account("vectorizer-operator"),
    "list groups": lambda admin: admin.group_list(),
    "lift a quota": lambda admin: admin.bucket_quota_set("vectorizer-bases", 1),
    "stop the store": lambda admin: admin.service_stop(),
}
"""Calls of MinIO's own interface."""


@dataclass(frozen=True)
class Loot:
    """Stolen credentials, and where they lead."""

    robber: Robber
    places: Places


class Scene:
    """An attacked account with a run at work and a download, and its neighbours, each with something to steal."""

    def __init__(self, tenant: Tenant, neighbours: Mapping[str, Tenant], platform: Platform, store: Minio) -> None:
        self.tenant, self.store, self.endpoint = tenant, store, platform.cluster.object_store.endpoint
        self.neighbours = neighbours
        for folder, name in {"mine": "a", "mine-2": "d", "in/mine": "e", "MINE": "f"}.items():
            tenant.upload(f"{folder}/{name}.txt", name.encode())
        for other in neighbours.values():
            other.upload("mine/c.txt", b"c")
            put(store, other.account.models_bucket, KEPT)
        put(store, tenant.account.models_bucket, KEPT)
        self.body = tenant.ask("credentials", batchFolder=FOLDER)
        self.run = tenant.run_of(self.body)
        tenant.upload("urls/file_urls.json", b'["https://files.example/a.txt"]')
        tenant.upload("urls/a.txt", b"a")

    def places(self, own: str, foreign: str = "longer") -> Places:
        account = self.tenant.account
        return Places(account.batch_bucket, account.models_bucket, own, self.neighbours[foreign].account.name)

    def of_run(self) -> Loot:
        return Loot(Robber.of(self.run.store, self.endpoint), self.places(self.run.prefix))

    def of_people(self) -> Loot:
        account = self.tenant.account
        credentials = Credentials(account.upload_user, account.upload_password or "")
        return Loot(Robber(self.endpoint, credentials), self.places(self.run.prefix))

    def others(self) -> dict[str, str | None]:
        """Every object that no credentials of the account's runs or people may change, and what it is."""
        account = self.tenant.account
        buckets = [*(b for t in self.neighbours.values() for b in (t.account.batch_bucket, t.account.models_bucket))]
        found = {f"{bucket}/{key}": etag for bucket in buckets for key, etag in contents(self.store, bucket)}
        own = {key: etag for key, etag in contents(self.store, account.models_bucket) if not key.startswith("runs/")}
        return found | own


def put(store: Minio, bucket: str, key: str, body: bytes = b"{}") -> None:
    store.put_object(bucket_name=bucket, object_name=key, data=io.BytesIO(body), length=len(body))


def contents(store: Minio, bucket: str) -> Iterator[tuple[str, str | None]]:
    for item in store.list_objects(bucket_name=bucket, recursive=True):
        yield str(item.object_name), item.etag


@pytest.fixture(scope="module")
def scene(tenant: Tenant, neighbours: dict[str, Tenant], platform: Platform, store: Minio) -> Scene:
    return Scene(tenant, neighbours, platform, store)


@pytest.fixture(scope="module")
def stolen(scene: Scene) -> Loot:
    """Of a run at work, as they are mounted."""
    loot = scene.of_run()
    scene.run.put("log.txt", b"log")
    return loot


@pytest.fixture(scope="module")
def peoples(scene: Scene, stolen: Loot) -> Loot:
    return scene.of_people()


@pytest.fixture(scope="module")
def fetchs(scene: Scene, stolen: Loot) -> Loot:
    """Of a download at work, with a list of URLs in its batch folder."""
    scene.tenant.upload("mine/file_urls.json", b'["https://files.example/a.txt"]')
    body = scene.tenant.ask("download", batchFolder=FOLDER)
    found = ActedFetch.find(scene.tenant.api, scene.tenant.namespace, body["metadata"]["uid"])
    own = found.description.output.partition("/runs/")[2]
    return Loot(Robber.of(found.store, scene.endpoint), scene.places(f"runs/{own}"))


@pytest.fixture(scope="module")
def ended(scene: Scene, stolen: Loot, core: client.CoreV1Api) -> Loot:
    """Of a run that has ended, and whose Secret is gone."""
    scene.run.succeed(DIMENSION)
    scene.tenant.until("credentials", "Complete", "True")
    name = attempt_name("credentials", scene.body["metadata"]["uid"], 1)
    listed = core.list_namespaced_secret(scene.tenant.namespace).items
    assert name not in [item.metadata.name for item in listed if item.metadata is not None]
    return stolen


def answers(loot: Loot, calls: Mapping[str, Call]) -> dict[str, str]:
    """What each call is answered with."""
    return {what: call.by(loot.robber, loot.places) for what, call in calls.items()}


REFUSALS = {DENIED, "XMinioInvalidObjectName", "XMinioInvalidResourceName", "AllAccessDisabled", "InvalidBucketName"}
"""A key with `..` is no key, and a bucket of MinIO's own is nobody's."""


NEIGHBOURS = ("longer", "shorter", "as its bucket", "models")


class Denied:
    """What is denied to whoever has stolen something, whatever it is."""

    @pytest.mark.parametrize("whose", NEIGHBOURS)
    @pytest.mark.parametrize("what", FOREIGN)
    def test_anything_of_an_account_whose_name_is_part_of_its_own(
        self, loot: Loot, scene: Scene, what: str, whose: str
    ) -> None:
        places = scene.places(loot.places.own, whose)
        assert FOREIGN[what].by(loot.robber, places) == DENIED

    @pytest.mark.parametrize("what", ADMINISTRATION)
    def test_administering_a_bucket(self, loot: Loot, what: str) -> None:
        assert ADMINISTRATION[what].by(loot.robber, loot.places) == DENIED

    @pytest.mark.parametrize("what", ADMINISTERS)
    def test_administering_the_store(self, loot: Loot, what: str) -> None:
        assert loot.robber.admin(ADMINISTERS[what]) == DENIED

    def test_another_accounts_password(self, loot: Loot, scene: Scene) -> None:
        user = scene.neighbours["longer"].account.upload_user
        assert loot.robber.admin(lambda admin: admin.user_add(user, "mallory-mallory")) == DENIED

    def test_an_upload_by_a_form_to_another_account(self, loot: Loot) -> None:
        assert loot.robber.post_form(f"{loot.places.foreign}-batch", "x") == DENIED

    def test_a_url_beyond_its_life(self, loot: Loot) -> None:
        path = f"{loot.places.models}/{loot.places.own}log.txt"
        assert loot.robber.presigned("GET", path, seconds=60, ago=120) == DENIED

    def test_a_url_to_another_account(self, loot: Loot) -> None:
        assert loot.robber.presigned("GET", f"{loot.places.foreign}-batch/mine/c.txt", seconds=60) == DENIED

    def test_an_archive_that_is_unpacked_elsewhere(self, loot: Loot, scene: Scene, home: str) -> None:
        """MinIO unpacks an upload where a header asks for it."""
        before = scene.others()
        unpacked = {"X-Amz-Meta-Snowball-Auto-Extract": "true"}
        for name in (f"../../../{KEPT}", f"/{KEPT}", KEPT, f"../../../../{scene.places('').foreign}-batch/mine/c.txt"):
            loot.robber.s3("PUT", f"{home}x.tar", headers=unpacked, body=archive(name))
            below = {**unpacked, "X-Amz-Meta-Minio-Snowball-Prefix": "../../../vectorizers"}
            loot.robber.s3("PUT", f"{home}x.tar", headers=below, body=archive(name))
        assert scene.others() == before


class TestRun(Denied):
    @pytest.fixture
    def loot(self, stolen: Loot) -> Loot:
        return stolen

    @pytest.fixture
    def home(self, stolen: Loot) -> str:
        return f"{stolen.places.models}/{stolen.places.own}"

    def test_its_own_work_is_done(self, stolen: Loot) -> None:
        assert set(answers(stolen, RUN_ALLOWED).values()) == {ALLOWED}

    @pytest.mark.parametrize("what", RUN_DENIED)
    def test_what_is_its_accounts_and_not_its_own(self, stolen: Loot, what: str) -> None:
        assert RUN_DENIED[what].by(stolen.robber, stolen.places) in REFUSALS

    @pytest.mark.parametrize("policy", [None, _ALL], ids=["of the same rights", "of all rights"])
    def test_further_credentials(self, stolen: Loot, policy: dict[str, object] | None) -> None:
        with pytest.raises(ValueError, match="403"):
            stolen.robber.assume_role(policy)

    def test_another_key_by_a_form(self, stolen: Loot) -> None:
        assert stolen.robber.post_form(stolen.places.models, KEPT) == DENIED

    def test_they_end_with_the_time_that_the_run_may_take_and_half_an_hour(
        self, stolen: Loot, scene: Scene, batch: client.BatchV1Api
    ) -> None:
        name = attempt_name("credentials", scene.body["metadata"]["uid"], 1)
        job = batch.read_namespaced_job(name, scene.tenant.namespace)
        assert job.spec is not None
        assert job.metadata is not None
        assert job.metadata.creation_timestamp is not None
        most = timedelta(seconds=(job.spec.active_deadline_seconds or 0) + SPARE_SECONDS)
        life = stolen.robber.expires - job.metadata.creation_timestamp
        assert most <= life < most + timedelta(seconds=60)


class TestDownload(Denied):
    @pytest.fixture
    def loot(self, fetchs: Loot) -> Loot:
        return fetchs

    @pytest.fixture
    def home(self, fetchs: Loot) -> str:
        return f"{fetchs.places.models}/{fetchs.places.own}"

    def test_its_own_work_is_done(self, fetchs: Loot) -> None:
        assert set(answers(fetchs, FETCH_ALLOWED).values()) == {ALLOWED}

    @pytest.mark.parametrize("what", FETCH_DENIED)
    def test_what_is_its_accounts_and_not_its_own(self, fetchs: Loot, what: str) -> None:
        assert FETCH_DENIED[what].by(fetchs.robber, fetchs.places) in REFUSALS

    def test_further_credentials(self, fetchs: Loot) -> None:
        with pytest.raises(ValueError, match="403"):
            fetchs.robber.assume_role(_ALL)


class TestPeople(Denied):
    @pytest.fixture
    def loot(self, peoples: Loot) -> Loot:
        return peoples

    @pytest.fixture
    def home(self, peoples: Loot) -> str:
        return f"{peoples.places.batch}/"

    def test_their_own_work_is_done(self, peoples: Loot) -> None:
        assert set(answers(peoples, PEOPLE_ALLOWED).values()) == {ALLOWED}

    @pytest.mark.parametrize("what", PEOPLE_DENIED)
    def test_what_is_the_operators_in_their_account(self, peoples: Loot, what: str) -> None:
        assert PEOPLE_DENIED[what].by(peoples.robber, peoples.places) in REFUSALS

    def test_which_buckets_there_are_besides_their_own(self, peoples: Loot, scene: Scene) -> None:
        """FTP shows what MinIO lists."""
        account = scene.tenant.account
        store = Minio(
            scene.endpoint, account.upload_user, account.upload_password or "", secure=False, region="us-east-1"
        )
        assert {bucket.name for bucket in store.list_buckets()} <= {account.batch_bucket, account.models_bucket}

    def test_another_password(self, peoples: Loot) -> None:
        """Who has it could lock its owner out, and keep it."""
        user = peoples.robber.credentials.access_key
        assert peoples.robber.admin(lambda admin: admin.user_add(user, "mallory-mallory")) == DENIED

    def test_more_rights_by_further_credentials(self, peoples: Loot) -> None:
        """MinIO lets every user assume its own role; the policy that is asked for only narrows it."""
        wider = Loot(peoples.robber.assume_role(_ALL), peoples.places)
        assert set(answers(wider, PEOPLE_ALLOWED).values()) == {ALLOWED}
        kept = {what: call.by(wider.robber, wider.places) for what, call in {**PEOPLE_DENIED, **FOREIGN}.items()}
        assert set(kept.values()) <= REFUSALS

    @pytest.mark.parametrize("place", ["models", "foreign-batch", "vectorizer-bases", ".minio.sys"])
    def test_by_ftp_another_bucket(self, peoples: Loot, scene: Scene, cluster: DevelopmentCluster, place: str) -> None:
        bucket = {"models": peoples.places.models, "foreign-batch": f"{peoples.places.foreign}-batch"}.get(place, place)
        with logged_in(cluster, scene.tenant) as ftp:
            for path in (f"/{bucket}", f"/{peoples.places.batch}/../{bucket}", f"../../{bucket}"):
                with pytest.raises(FtpError):
                    ftp.cwd(path)
                with pytest.raises(FtpError):
                    ftp.storbinary(f"STOR {path}/{KEPT}", io.BytesIO(b"x"))
                with pytest.raises(FtpError):
                    ftp.delete(f"{path}/{KEPT}")
                with pytest.raises(FtpError):
                    ftp.rename(f"/{peoples.places.batch}/mine/a.txt", f"{path}/{KEPT}")


def logged_in(cluster: DevelopmentCluster, tenant: Tenant) -> FTP:
    session = FTP(timeout=30)
    session.connect(cluster.object_store.ftp_host, cluster.object_store.ftp_port)
    session.login(tenant.account.upload_user, tenant.account.upload_password or "")
    return session


def archive(name: str) -> bytes:
    """A tar of one file."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        member = tarfile.TarInfo(name)
        member.size = 1
        tar.addfile(member, io.BytesIO(b"x"))
    return packed.getvalue()


class TestAfterTheEnd(Denied):
    """A Secret that is deleted revokes nothing: what the credentials still can must not matter."""

    @pytest.fixture
    def loot(self, ended: Loot) -> Loot:
        return ended

    @pytest.fixture
    def home(self, ended: Loot) -> str:
        return f"{ended.places.models}/{ended.places.own}"

    @pytest.mark.parametrize("what", RUN_DENIED)
    def test_what_is_its_accounts_and_not_its_own(self, ended: Loot, what: str) -> None:
        assert RUN_DENIED[what].by(ended.robber, ended.places) in REFUSALS

    def test_whatever_it_writes_nothing_published_changes(self, ended: Loot, scene: Scene) -> None:
        before = scene.others()
        for key in ("manifest.json", "model/weights.safetensors", "progress.json", "report/report.json"):
            assert ended.robber.s3("PUT", f"{ended.places.models}/{ended.places.own}{key}", body=b"forged") == ALLOWED
        status = scene.tenant.status("credentials")
        assert eventually(lambda: scene.others() == before)
        assert scene.tenant.status("credentials") == status

    def test_nor_when_the_request_is_gone(self, ended: Loot, scene: Scene) -> None:
        before = scene.others()
        scene.tenant.vanish(FINE_TUNES, "credentials")
        assert ended.robber.s3("PUT", f"{ended.places.models}/{attempt_prefix('0' * 36, 1)}x", body=b"x") == DENIED
        assert ended.robber.s3("PUT", f"{ended.places.models}/{ended.places.own}manifest.json", body=b"x") == ALLOWED
        assert scene.others() == before
