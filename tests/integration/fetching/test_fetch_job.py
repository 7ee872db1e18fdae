"""The fetch Job's container, as a process, on a real object store."""

import io
import json
import signal
import subprocess
import sys
import uuid
from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from minio import Minio
from vectorizer_api.content import ContentType
from vectorizer_api.fetch import FetchDescription, FetchReport, UrlRules
from vectorizer_api.names import models_bucket, staged_prefix
from vectorizer_api.run import Failure, Limits, RunProgress, S3Endpoint, Stage
from vectorizer_dev.certificates import CertificateAuthority
from vectorizer_dev.cluster import DevelopmentCluster
from vectorizer_dev.site import Site, answer, file
from vectorizer_dev.waiting import eventually

HOST = "127.0.0.2"
TEXT = b"Something to read.\n"
GENERAL = "no server answers there at a public address"


@dataclass
class Jobs:
    """A bucket pair, and fetch Jobs on it."""

    cluster: DevelopmentCluster
    store: Minio
    folder: Path
    rules: UrlRules
    account: str = field(default_factory=lambda: f"t{uuid.uuid4().hex[:8]}")
    uid: str = field(default_factory=lambda: str(uuid.uuid4()))

    def __post_init__(self) -> None:
        self.bucket = models_bucket(self.account)
        self.store.make_bucket(bucket_name=self.bucket)
        (self.folder / "credentials").mkdir()
        root = self.cluster.object_store.root
        for name, value in (("access_key", root.access_key), ("secret_key", root.secret_key)):
            (self.folder / "credentials" / name).write_text(value)

    def start(self, *urls: str, **change: Any) -> "subprocess.Popen[str]":
        told = FetchDescription(
            run_uid=self.uid,
            fine_tune="docs",
            content_type=ContentType.TEXT,
            s3=S3Endpoint(endpoint=self.cluster.object_store.endpoint, secure=False),
            urls=urls,
            output=f"s3://{self.bucket}/{staged_prefix(self.uid)}",
            rules=self.rules,
        ).model_copy(update=change)
        (self.folder / "run.json").write_text(told.model_dump_json(by_alias=True))
        options = {"--run": "run.json", "--credentials": "credentials", "--work": f"work-{uuid.uuid4().hex[:8]}"}
        places = [text for option, name in options.items() for text in (option, str(self.folder / name))]
        message = ["--termination-message", str(self.message)]
        command = [sys.executable, "-m", "vectorizer_trainer.fetching", *places, *message]
        return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)

    def run(self, *urls: str, **change: Any) -> int:
        process = self.start(*urls, **change)
        self.said = process.communicate(timeout=60)[1]
        return process.returncode

    @property
    def message(self) -> Path:
        return self.folder / "message"

    @property
    def failure(self) -> Failure:
        return Failure.model_validate_json(self.message.read_bytes())

    def staged(self) -> list[str]:
        prefix = staged_prefix(self.uid)
        found = self.store.list_objects(bucket_name=self.bucket, prefix=prefix, recursive=True)
        return [str(item.object_name).removeprefix(prefix) for item in found]

    def read(self, key: str) -> bytes:
        return self.store.get_object(bucket_name=self.bucket, object_name=staged_prefix(self.uid) + key).read()

    def rows(self) -> list[tuple[str, str, str]]:
        return [(row.url, row.outcome, row.reason) for row in FetchReport.validate_json(self.read("fetch-report.json"))]


@pytest.fixture
def jobs(
    cluster: DevelopmentCluster, store: Minio, tmp_path: Path, site: Site, authority: CertificateAuthority
) -> Jobs:
    rules = UrlRules(
        ports=(443, site.port),
        allowed_networks=(ip_network(f"{HOST}/32"),),
        certificates=authority.certificate_file.read_text(),
    )
    return Jobs(cluster, store, tmp_path, rules)


def test_files_report_progress_and_log_are_staged_without_a_query(jobs: Jobs, site: Site) -> None:
    site.answers |= {"/a.txt": file(TEXT), "/b.txt": file(TEXT), "/c.txt": answer("410 Gone", ["Content-Length: 0"])}
    listed = [site.url(f"/{name}.txt?sig=TOPSECRET", HOST) for name in "bc"]
    listed.append(f"https://me:TOPSECRET@{HOST}/d.txt")
    data = json.dumps(listed).encode()
    jobs.store.put_object(
        bucket_name=jobs.bucket, object_name="docs/file_urls.json", data=io.BytesIO(data), length=len(data)
    )
    code = jobs.run(site.url("/a.txt?sig=TOPSECRET", HOST), url_list=f"s3://{jobs.bucket}/docs/")
    assert code == 0, jobs.said
    assert jobs.staged() == ["fetch-report.json", "files/a.txt", "files/b.txt", "log.txt", "progress.json"]
    assert jobs.read("files/b.txt") == TEXT
    assert jobs.rows() == [
        (site.url("/a.txt", HOST), "fetched", ""),
        (site.url("/b.txt", HOST), "fetched", ""),
        (site.url("/c.txt", HOST), "failed", "its server answered 410"),
        (f"https://{HOST}/d.txt", "refused", "it holds a user name or password"),
    ]
    progress = RunProgress.model_validate_json(jobs.read("progress.json")).progress
    assert (progress.stage, progress.steps) == (Stage.FETCHING, 4)
    assert "fetched: 2 URLs" in jobs.read("log.txt").decode()
    everything = b"".join(map(jobs.read, jobs.staged())) + jobs.said.encode()
    assert b"TOPSECRET" not in everything


def test_an_account_learns_nothing_of_the_network(jobs: Jobs, site: Site, open_site: Any) -> None:
    hidden = open_site("127.0.0.3")
    urls = [
        hidden.url("/a.txt", "127.0.0.3"),
        "https://10.0.0.7/b.txt",
        "https://nobody.invalid/c.txt",
        site.url("/d.txt", "127.0.0.2").replace(str(site.port), "443"),
    ]
    rules = jobs.rules.model_copy(update={"ports": (443, hidden.port)})
    assert jobs.run(*urls, rules=rules) == 0
    assert [row[1:] for row in jobs.rows()] == [("failed", GENERAL)] * 4
    assert not hidden.was_reached


def test_the_object_store_itself_is_refused_also_where_its_network_is_allowed(jobs: Jobs) -> None:
    host, port = jobs.cluster.object_store.endpoint.split(":")
    networks = {"allowed_networks": (ip_network("127.0.0.0/8"),), "schemes": ("http", "https"), "ports": (int(port),)}
    url = f"http://{host}:{port}/{jobs.bucket}/secret.txt"
    assert jobs.run(url, rules=jobs.rules.model_copy(update=networks)) == 0
    assert jobs.rows() == [(url, "failed", GENERAL)]


def test_another_attempt_downloads_only_what_is_not_staged(jobs: Jobs, site: Site) -> None:
    site.answers["/a.txt"] = file(TEXT)
    assert jobs.run(site.url("/a.txt", HOST)) == 0
    assert jobs.run(site.url("/a.txt", HOST)) == 0
    assert jobs.rows() == [(site.url("/a.txt", HOST), "fetched", "it was there already")]
    assert len(site.requests) == 1


def test_too_much_in_all_ends_with_65_and_the_report(jobs: Jobs, site: Site) -> None:
    site.answers["/a.txt"] = file(TEXT)
    assert jobs.run(site.url("/a.txt", HOST), limits=Limits(max_total_bytes=10)) == 65
    assert jobs.failure.message == "The files of the URLs are larger than the 10 bytes that are allowed together."
    assert jobs.rows()[0][2] == "all files together are larger than 10 bytes"


def test_too_many_urls_end_with_65(jobs: Jobs) -> None:
    assert jobs.run(*[f"https://example.com/{number}.txt" for number in range(10_001)]) == 65
    assert jobs.failure.message == "There are 10,001 URLs; at most 10,000 are allowed."


def test_a_request_to_stop_ends_with_143_in_the_middle_of_a_download(jobs: Jobs, site: Site) -> None:
    def never_ending(connection: Any) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            connection.sendall(b"x" * 1024)

    site.answers["/a.txt"] = never_ending
    process = jobs.start(site.url("/a.txt", HOST))
    eventually(lambda: site.requests, timeout=60)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=15)
    assert process.returncode == 143
    assert jobs.failure.reason == "Stopped"
    assert "fetch-report.json" not in jobs.staged()
