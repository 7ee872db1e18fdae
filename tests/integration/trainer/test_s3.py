"""The train Job's container, as a process, on a real object store with a run's own narrow credentials."""

import hashlib
import io
import json
import signal
import subprocess
import sys
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from minio import Minio
from minio.credentials.providers import AssumeRoleProvider
from minio.error import S3Error
from minio.minioadmin import MinioAdmin
from PIL import Image
from vectorizer_api.content import AugmentationConditions, ContentType
from vectorizer_api.names import attempt_prefix, run_prefix
from vectorizer_api.run import (
    Failure,
    Limits,
    Outcome,
    RejectedFile,
    RunDescription,
    RunManifest,
    RunProgress,
    S3Endpoint,
    Stage,
    TrainingSettings,
    VectorizerSource,
)
from vectorizer_dev.cluster import DevelopmentCluster
from vectorizer_dev.datasets import text
from vectorizer_dev.platform import BASES_BUCKET, publish_bases
from vectorizer_dev.waiting import eventually
from vectorizer_operator.credentials import Grant, policy
from vectorizer_trainer import load_vectorizer
from vectorizer_trainer.bases import ensure_base
from vectorizer_trainer.report import Report, parse_report

LABELS = "example_to_labels.json"
GROUPS = "example_to_group.json"
TEST_LABELS = "test_to_labels.json"


@dataclass
class Ended:
    """How a trainer's process ended."""

    code: int
    failure: Failure | None
    log: str
    store: Minio
    bucket: str
    prefix: str

    def read(self, key: str) -> bytes:
        return self.store.get_object(bucket_name=self.bucket, object_name=self.prefix + key).read()

    def names(self) -> list[str]:
        found = self.store.list_objects(bucket_name=self.bucket, prefix=self.prefix, recursive=True)
        return [item.object_name.removeprefix(self.prefix) for item in found]

    @property
    def progress(self) -> RunProgress:
        return RunProgress.model_validate_json(self.read("progress.json"))

    @property
    def report(self) -> Report:
        return parse_report(self.read("report/report.json"))


@dataclass
class Account:
    """A bucket pair and the trainers that run on it."""

    store: Minio
    endpoint: str
    user: tuple[str, str]
    base: VectorizerSource
    folder: Path
    name: str = field(default_factory=lambda: f"t{uuid.uuid4().hex[:8]}")

    def __post_init__(self) -> None:
        for bucket in (self.batch, self.models):
            self.store.make_bucket(bucket_name=bucket)

    @property
    def batch(self) -> str:
        return f"{self.name}-batch"

    @property
    def models(self) -> str:
        return f"{self.name}-models"

    def upload(self, files: Mapping[str, bytes], labels: Mapping[str, list[str]] | bytes | None) -> None:
        content = dict(files)
        if labels is not None:
            content[LABELS] = labels if isinstance(labels, bytes) else json.dumps(labels).encode()
        for name, data in content.items():
            self.store.put_object(
                bucket_name=self.batch, object_name=f"docs/{name}", data=io.BytesIO(data), length=len(data)
            )

    def objects(self) -> list[tuple[str, str, str]]:
        found = self.store.list_objects(bucket_name=self.batch, recursive=True)
        return [(item.object_name, item.etag, str(item.last_modified)) for item in found]

    def describe(self, **change: Any) -> RunDescription:
        uid = str(uuid.uuid4())
        run = RunDescription(
            run_uid=uid,
            fine_tune="docs",
            attempt=1,
            content_type=ContentType.TEXT,
            custom_vectorizer_name="My docs",
            s3=S3Endpoint(endpoint=self.endpoint, secure=False),
            batch=f"s3://{self.batch}/docs/",
            output=f"s3://{self.models}/{attempt_prefix(uid, 1)}",
            base=self.base,
            start=self.base,
        )
        return run.model_copy(update=change)

    def start(self, run: RunDescription) -> tuple["subprocess.Popen[str]", Path]:
        place = self.folder / run.run_uid
        credentials = place / "credentials"
        credentials.mkdir(parents=True)
        for name, value in self._credentials(run.run_uid).items():
            (credentials / name).write_text(value)
        (place / "run.json").write_text(run.model_dump_json(by_alias=True))
        command = [sys.executable, "-m", "vectorizer_trainer", f"--run={place / 'run.json'}"]
        command += [f"--credentials={credentials}", f"--work={place / 'work'}"]
        command += [f"--termination-message={place / 'termination'}"]
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        return process, place / "termination"

    def train(self, **change: Any) -> Ended:
        run = self.describe(**change)
        process, termination = self.start(run)
        return self.wait(run, process, termination)

    def wait(self, run: RunDescription, process: "subprocess.Popen[str]", termination: Path) -> Ended:
        _, log = process.communicate()
        failure = Failure.model_validate_json(termination.read_bytes()) if termination.exists() else None
        return Ended(process.returncode, failure, log, self.store, self.models, attempt_prefix(run.run_uid, 1))

    def _credentials(self, run_uid: str) -> dict[str, str]:
        """As the operator mints them: what the inline policy does not list is denied."""
        grant = Grant(
            self.models,
            run_prefix(run_uid),
            [f"{self.batch}/docs/"],
            [self.base.location.removeprefix("s3://")],
        )
        answer = AssumeRoleProvider(
            sts_endpoint=f"http://{self.endpoint}",
            access_key=self.user[0],
            secret_key=self.user[1],
            region="us-east-1",
            policy=policy(grant),
            duration_seconds=3600,
        ).retrieve()
        token = answer.session_token or ""
        return {"access_key": answer.access_key, "secret_key": answer.secret_key, "session_token": token}


@pytest.fixture(scope="module")
def base_in_store(store: Minio) -> VectorizerSource:
    folder = ensure_base(ContentType.TEXT)
    publish_bases(store, [folder])
    digest = load_vectorizer(folder).digest
    return VectorizerSource(name=folder.name, location=f"s3://{BASES_BUCKET}/{folder.name}/", digest=digest)


@pytest.fixture(scope="module")
def user(store_admin: MinioAdmin) -> tuple[str, str]:
    """A regular user: the root user may not call AssumeRole."""
    key, secret = f"user-{uuid.uuid4().hex[:8]}", uuid.uuid4().hex
    store_admin.user_add(key, secret)
    store_admin.attach_policy(["readwrite"], user=key)
    return key, secret


@pytest.fixture(scope="module")
def new_account(
    cluster: DevelopmentCluster,
    store: Minio,
    user: tuple[str, str],
    base_in_store: VectorizerSource,
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[], Account]:
    endpoint = cluster.object_store.endpoint
    return lambda: Account(store, endpoint, user, base_in_store, tmp_path_factory.mktemp("trainer"))


@pytest.fixture
def account(new_account: Callable[[], Account]) -> Account:
    return new_account()


def texts(count: int) -> dict[str, bytes]:
    return {f"{index:03d}.txt": f"An example of number {index}, which is a text.".encode() for index in range(count)}


def two_labels(names: Mapping[str, bytes]) -> dict[str, list[str]]:
    return {name: ["odd" if index % 2 else "even"] for index, name in enumerate(names)}


def png() -> bytes:
    picture = io.BytesIO()
    Image.new("RGB", (8, 8)).save(picture, "PNG")
    return picture.getvalue()


FILES = texts(12)
NAMED = two_labels(FILES)

REFUSED: list[tuple[str, dict[str, bytes], Mapping[str, list[str]] | bytes | None, Limits, int, str]] = [
    ("no labels file", FILES, None, Limits(), 64, "There is no example_to_labels.json in the folder."),
    ("not JSON", FILES, b'{"000.txt": ["x"]', Limits(), 64, "line 1: expected a comma or }"),
    ("not an object", FILES, b"[]", Limits(), 64, "line 1: expected an object, found a list"),
    ("a key twice", FILES, b'{"a": ["x"],\n"a": ["y"]}', Limits(), 64, "line 2: “a” is named twice, first in line 1"),
    (
        "a value that is no list",
        FILES,
        b'{"a":\n"x"}',
        Limits(),
        64,
        "line 2: the value of “a” must be a list of labels",
    ),
    ("an empty label", FILES, b'{"a": [""]}', Limits(), 64, "line 1: “a” has an empty label"),
    ("NaN", FILES, b'{"a": [NaN]}', Limits(), 64, "line 1: expected a label of “a” in double quotes, found NaN"),
    ("deep JSON", FILES, b'{"a": ' + b"[" * 1000, Limits(), 64, "line 1: expected a label of “a” in double quotes"),
    ("a large labels file", FILES, NAMED, Limits(max_labels_file_bytes=99), 65, "at most 99 bytes are allowed"),
    ("too many files", FILES, NAMED, Limits(max_objects=11), 65, "The folder holds more than 11 files."),
    ("too much in all", FILES, NAMED, Limits(max_total_bytes=99), 65, "at most 99 bytes are allowed"),
    ("no text short enough", FILES, NAMED, Limits(max_text_bytes=9), 64, "“000.txt”: a text of 40 bytes; at most 9"),
    ("no file small enough", FILES, NAMED, Limits(max_object_bytes=9), 64, "at most 9 bytes are allowed a file"),
    (
        "too many absent files",
        FILES,
        NAMED | {f"absent{index}.txt": ["odd"] for index in range(6)},
        Limits(),
        64,
        "6 of the 18 files named in example_to_labels.json cannot be used; at most 5 are passed over.",
    ),
    (
        "pictures in a Text run",
        FILES | {f"{index:03d}.txt": png() + bytes([index]) for index in range(6)},
        NAMED,
        Limits(),
        64,
        "6 of the 12 files named in example_to_labels.json cannot be used",
    ),
    ("one label", FILES, {name: ["x"] for name in FILES}, Limits(), 64, "Only the label “x” is in use"),
    ("one label set", FILES, {name: ["x", "y"] for name in FILES}, Limits(), 64, "carry the same labels, “x”, “y”"),
    (
        "over a hundred labels",
        FILES,
        {name: [f"{place % 2}-{index}" for index in range(54)] for place, name in enumerate(FILES)},
        Limits(),
        65,
        "There are 108 different labels; at most 100 are allowed.",
    ),
    (
        "a label for each file",
        FILES,
        {name: [name] for name in FILES},
        Limits(),
        64,
        "No two of the 12 examples share a label",
    ),
    ("no label at all", FILES, {name: [] for name in FILES}, Limits(), 64, "No file has a label"),
    ("nine examples", texts(9), two_labels(texts(9)), Limits(), 64, "There are 9 usable examples; at least 10 are"),
]


@pytest.mark.parametrize(
    ("files", "labels", "limits", "code", "sentence"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED]
)
def test_what_cannot_be_trained_on_ends_with_its_code_and_a_sentence_and_leaves_nothing(
    account: Account,
    files: Mapping[str, bytes],
    labels: Mapping[str, list[str]] | bytes | None,
    limits: Limits,
    code: int,
    sentence: str,
) -> None:
    account.upload(files, labels)
    before = account.objects()
    ended = account.train(limits=limits)
    assert ended.code == code, ended.log
    assert ended.failure is not None
    assert (ended.failure.exit_code, ended.failure.reason) == (code, "BadInput" if code == 64 else "OverLimit")
    assert sentence in ended.failure.message
    assert ended.failure.hint
    assert account.objects() == before
    assert set(ended.names()) <= {"progress.json", "log.txt"}
    assert sentence in ended.read("log.txt").decode()


def test_rejected_files_are_in_the_progress_of_a_run_that_they_fail(account: Account) -> None:
    account.upload(FILES, NAMED | {f"absent{index}.txt": ["odd"] for index in range(6)})
    dataset = account.train().progress.dataset
    assert dataset is not None
    assert dataset.rejected == 6
    assert dataset.rejected_files[0] == RejectedFile(name="absent0.txt", reason="not in the folder")


class TestVectorizers:
    def test_a_start_that_is_not_what_was_published_is_refused(self, account: Account) -> None:
        account.upload(FILES, NAMED)
        ended = account.train(start=account.base.model_copy(update={"digest": "0" * 64}))
        assert ended.code == 64, ended.log
        assert ended.failure is not None
        assert "is not the file that was published" in ended.failure.message

    def test_a_base_for_another_content_type_is_refused(self, account: Account) -> None:
        account.upload(FILES, NAMED)
        ended = account.train(content_type=ContentType.IMAGE)
        assert ended.code == 64, ended.log
        assert ended.failure is not None
        assert ended.failure.message == "The vectorizer “all-MiniLM-L6-v2” is for Text, not for Image."


class TestFaults:
    def test_credentials_that_do_not_reach_there_end_with_75(self, account: Account) -> None:
        ended = account.train(batch=f"s3://{account.models}/elsewhere/")
        assert ended.code == 75, ended.log
        assert ended.failure is not None
        assert ended.failure.reason == "StorageFailed"
        assert "AccessDenied" in ended.failure.message

    def test_a_store_that_is_down_is_asked_again_and_then_ends_with_75(self, account: Account) -> None:
        process, termination = account.start(account.describe(s3=S3Endpoint(endpoint="127.0.0.1:1", secure=False)))
        process.communicate()
        assert process.returncode == 75
        assert Failure.model_validate_json(termination.read_bytes()).reason == "StorageFailed"

    def test_a_run_description_that_is_none_is_an_error_of_ours(self, account: Account, tmp_path: Path) -> None:
        (tmp_path / "run.json").write_text("{}")
        command = [sys.executable, "-m", "vectorizer_trainer", "--run", str(tmp_path / "run.json"), "--credentials"]
        command += [str(tmp_path), "--work", str(tmp_path / "work"), "--termination-message", str(tmp_path / "message")]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 70
        failure = Failure.model_validate_json((tmp_path / "message").read_bytes())
        assert failure.message == "The trainer failed with an error of its own: ValidationError."
        assert "Traceback" in (tmp_path / "work" / "log.txt").read_text()

    def test_sigterm_in_the_middle_of_training_ends_soon_with_143_and_no_manifest(
        self, account: Account, data: Path
    ) -> None:
        upload_data(account, data, 400)
        run = account.describe()
        process, termination = account.start(run)
        prefix = attempt_prefix(run.run_uid, 1)

        def stage() -> Stage | None:
            try:
                answer = account.store.get_object(bucket_name=account.models, object_name=f"{prefix}progress.json")
            except S3Error:
                return None
            return RunProgress.model_validate_json(answer.read()).progress.stage

        eventually(lambda: stage() in {Stage.ADAPTING, Stage.TUNING}, timeout=200)
        process.send_signal(signal.SIGTERM)
        try:
            process.communicate(timeout=30)
        finally:
            process.kill()
        ended = account.wait(run, process, termination)
        assert ended.code == 143
        assert ended.failure is not None
        assert ended.failure.reason == "Stopped"
        assert sorted(ended.names()) == ["log.txt", "progress.json"]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Real labelled docstrings."""
    folder = tmp_path_factory.mktemp("texts")
    text.make(folder, train=400, test=10)
    return folder / "train"


def upload_data(account: Account, data: Path, count: int) -> dict[str, list[str]]:
    labels = json.loads((data / LABELS).read_text())
    chosen = dict(list(labels.items())[:count])
    account.upload({name: (data / name).read_bytes() for name in chosen}, chosen)
    return chosen


def upload_test_set(account: Account, data: Path, trained: Mapping[str, list[str]]) -> None:
    """Twenty files that are not trained on, with the labels of theirs that are."""
    known = {label for own in trained.values() for label in own}
    others = list(json.loads((data / LABELS).read_text()).items())[200:220]
    labels = {f"test/{name}": [label for label in own if label in known] for name, own in others}
    files = {f"test/{name}": (data / name).read_bytes() for name, _ in others}
    account.upload(files | {TEST_LABELS: json.dumps(labels).encode()}, None)


@pytest.fixture(scope="module")
def finished(new_account: Callable[[], Account], data: Path) -> tuple[Account, Ended]:
    """A run that ends well, on data with each fault that is only warned of.

    There are more files than are trained on, and a vectorizer to choose with; groups, and a test set of the account's.
    """
    account = new_account()
    labels = upload_data(account, data, 112)
    names = list(labels)
    upload_test_set(account, data, labels)
    groups = {name: f"group {index // 3}" for index, name in enumerate(names)}
    contents = {name: (data / name).read_bytes() for name in names}
    more: dict[str, tuple[bytes, list[str]]] = {
        "sub/copy.txt": (contents[names[0]], labels[names[0]]),
        "twin.txt": (contents[names[1]], [*labels[names[1]], "twin"]),
        "variant.txt": (b"A text whose label is written in another way.", ["NumPy"]),
        "picture.txt": (png(), ["numpy"]),
    }
    labels |= {name: own for name, (_, own) in more.items()} | {"absent.txt": ["numpy"], "empty.txt": []}
    files = {name: content for name, (content, _) in more.items()}
    files |= {"empty.txt": b"no labels", "unnamed.txt": b"not named", GROUPS: json.dumps(groups).encode()}
    account.upload(files, labels)
    before = account.objects()
    ended = account.train(
        training=TrainingSettings(seed=3, max_examples=110),
        augmentation=AugmentationConditions(blur=False),
        sampling=account.base.model_copy(update={"name": "Chooser"}),
    )
    assert ended.code == 0, ended.log
    assert account.objects() == before
    return account, ended


class TestSuccess:
    @pytest.fixture
    def ended(self, finished: tuple[Account, Ended]) -> Ended:
        return finished[1]

    @pytest.fixture
    def manifest(self, ended: Ended) -> RunManifest:
        return RunManifest.model_validate_json(ended.read("manifest.json"))

    def test_the_manifest_has_the_digest_of_every_file_of_model_and_report(
        self, ended: Ended, manifest: RunManifest
    ) -> None:
        written = {key for key in ended.names() if key.startswith(("model/", "report/"))}
        assert set(manifest.files) == written
        for key, digest in manifest.files.items():
            content = ended.read(key)
            assert (hashlib.sha256(content).hexdigest(), len(content)) == (digest.sha256, digest.size)

    def test_the_manifest_is_written_last(self, finished: tuple[Account, Ended]) -> None:
        account, ended = finished
        found = list(account.store.list_objects(bucket_name=account.models, prefix=ended.prefix, recursive=True))
        newest = max(found, key=lambda item: item.last_modified)
        times = sorted(item.last_modified for item in found)
        assert newest.object_name.endswith("manifest.json") or times[-1] == times[-2]

    def test_the_model_opens_under_its_new_name_and_embeds(
        self, ended: Ended, manifest: RunManifest, tmp_path: Path
    ) -> None:
        for key in manifest.files:
            target = tmp_path / key
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(ended.read(key))
        (tmp_path / "a.txt").write_text("Return the eigenvalues of a matrix.")
        vectorizer = load_vectorizer(tmp_path / "model")
        vectors = vectorizer.encode([tmp_path / "a.txt"])
        assert vectorizer.description.name == "My docs"
        assert vectorizer.description.base == manifest.base
        assert vectors.shape == (1, manifest.dimension)
        assert np.linalg.norm(vectors) == pytest.approx(1, abs=1e-5)

    def test_progress_ends_at_a_hundred_with_metrics_and_outcome(self, ended: Ended, manifest: RunManifest) -> None:
        progress = ended.progress
        assert (progress.progress.stage, progress.progress.percent) == (Stage.DONE, 100)
        assert progress.metrics == manifest.metrics
        assert progress.outcome == manifest.outcome
        assert progress.dataset == manifest.dataset

    def test_outcome_and_metrics_are_the_same_in_manifest_and_report(self, ended: Ended, manifest: RunManifest) -> None:
        report = ended.report
        assert manifest.outcome in {Outcome.IMPROVED, Outcome.NO_IMPROVEMENT}
        assert (report.outcome, report.dataset) == (manifest.outcome, manifest.dataset)
        assert manifest.metrics[: len(report.metrics)] == report.metrics
        assert {"NDCG@10", "mAP@100", "kNN label-mAP", "retention"} <= {metric.name for metric in report.metrics}
        assert report.verdict

    def test_rejected_and_unused_files_are_listed_with_reasons_in_status_and_report(
        self, ended: Ended, manifest: RunManifest
    ) -> None:
        expected = {
            "absent.txt": "not in the folder",
            "empty.txt": "an empty list of labels in example_to_labels.json",
            "unnamed.txt": "not named in example_to_labels.json",
        }
        reasons = {file.name: file.reason for file in manifest.dataset.rejected_files}
        assert reasons.items() >= expected.items()
        assert set(reasons) == {*expected, "picture.txt"}
        assert ended.report.rejected_files == manifest.dataset.rejected_files

    def test_doubtful_data_are_warned_of_in_status_and_report(self, ended: Ended, manifest: RunManifest) -> None:
        warnings = manifest.dataset.warnings
        for sentence in (
            "The augmentation switches have no effect for Text: without blur nothing changes.",
            "The labels “NumPy”, “numpy” differ by case or white space only",
            "Left out: 1 exact copy of other files with the same labels: “sub/copy.txt”.",
            "These files have the same content and different labels:",
            "110 of the 114 examples were chosen, as many as are to be trained on; report.json says which.",
        ):
            assert [warning for warning in warnings if sentence in warning], sentence
        assert ended.report.warnings[: len(warnings)] == warnings

    def test_the_report_says_which_files_were_used_for_what(self, ended: Ended, manifest: RunManifest) -> None:
        selection = ended.report.selection
        assert len(selection.folds) == manifest.dataset.selected == 110
        assert selection.train == selection.choose == selection.gate == []
        assert len(selection.not_chosen) == 4
        assert [copy.name for copy in selection.copies] == ["sub/copy.txt"]

    def test_the_report_says_what_it_was_made_from(self, ended: Ended, manifest: RunManifest) -> None:
        provenance = ended.report.provenance
        assert provenance.training == TrainingSettings(seed=3, max_examples=110)
        assert provenance.base == manifest.base
        assert provenance.versions.keys() >= {"torch", "python", "vectorizer-operator"}
        assert provenance.stage_seconds.keys() >= {"Starting", "Downloading", "Evaluating"}

    def test_the_accounts_own_test_set_is_told_apart_in_report_and_manifest(
        self, ended: Ended, manifest: RunManifest
    ) -> None:
        own = ended.report.own_test
        assert own is not None
        assert own.files == 20
        told = {metric.name: (metric.start, metric.tuned) for metric in manifest.metrics}
        assert {"NDCG@10", "mAP@100"} <= {metric.name for metric in own.metrics}
        for metric in own.metrics:
            assert told[f"test {metric.name}"] == (metric.start, metric.tuned)

    def test_what_the_examples_were_chosen_with_is_in_the_report(self, ended: Ended) -> None:
        sampling = ended.report.provenance.sampling
        assert sampling is not None
        assert sampling.name == "Chooser"
        assert ended.report.provenance.stage_seconds["Sampling"] > 0

    def test_the_log_tells_the_stages(self, ended: Ended) -> None:
        log = ended.read("log.txt").decode()
        assert all(stage in log for stage in ("Downloading", "Uploading"))
