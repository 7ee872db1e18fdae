"""What people and machines read of a fine-tune, from the first word to the last."""

import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import pytest
from kubernetes import client
from minio import Minio
from minio.minioadmin import MinioAdmin
from prometheus_client.parser import text_string_to_metric_families
from urllib3 import PoolManager
from vectorizer_api.run import Dataset, Failure, Outcome, Stage
from vectorizer_dev import kstatus
from vectorizer_dev.inspection import Kubectl
from vectorizer_dev.kstatus import Reading
from vectorizer_dev.platform import Platform
from vectorizer_dev.tenant import Body, RunningOperator, Tenant, make_tenant
from vectorizer_dev.waiting import eventually

DIMENSION = 384
STORAGE = Failure(exit_code=75, reason="StorageFailed", message="The storage does not answer.")
DATASET = Dataset(files=120, examples=120, labels=5, selected=120, digest="0" * 64)


@dataclass(frozen=True)
class Life:
    """A whole life, and what was read of it on the way."""

    tenant: Tenant
    name: str
    readings: list[tuple[str, Reading, str]]
    """Phase, kstatus' reading and the reason of Ready at each stage."""
    waited: tuple[int, int]
    """Exit codes of two `kubectl wait` that were there from the beginning: for Complete, and for Failed."""
    conditions: dict[str, dict[str, tuple[str, str]]]
    """Status and reason of each condition, by the stage."""


@dataclass(frozen=True)
class Idle:
    """Objects that nothing happens to."""

    tenant: Tenant
    versions: dict[str, str]
    since: float


@pytest.fixture(scope="module")
def idle(parked: str, api: client.ApiClient, store: Minio, store_admin: MinioAdmin) -> Idle:
    """Objects that wait, are suspended, have ended well or badly, or are published."""
    tenant = make_tenant(api, store, store_admin)
    tenant.run_of(tenant.ask("well")).succeed(DIMENSION)
    tenant.run_of(tenant.ask("badly")).end(64)
    tenant.ask("refused", training={"maxDurationSeconds": 1801})
    tenant.ask("waiting", startingCustomVectorizerName="absent")
    tenant.ask("without-profile", profile="absent")
    tenant.ask("suspended", suspend=True)
    tenant.run_of(tenant.ask("without-node"))
    tenant.run_of(tenant.ask("at-work")).run()
    for name in ("well", "badly", "refused"):
        tenant.ended(name)
    tenant.until("waiting", "Accepted", "Unknown", "WaitingForVectorizer")
    tenant.until("without-profile", "Accepted", "Unknown", "ProfileMissing")
    tenant.until("suspended", "Suspended", "True", "Suspended")
    tenant.until("without-node", "Running", "False", "JobCreated")
    eventually(lambda: "no node" in tenant.condition("without-node", "Running")["message"])
    tenant.until("at-work", "Running", "True", "JobRunning")
    return Idle(tenant, versions(tenant), time.time())


def versions(tenant: Tenant) -> dict[str, str]:
    found = [tenant.fine_tune(name) for name in tenant.fine_tunes()] + [tenant.vectorizer("well")]
    return {f"{body['kind']}/{body['metadata']['name']}": body["metadata"]["resourceVersion"] for body in found}


@pytest.fixture(scope="module")
def life(idle: object, ends: object, tenant: Tenant, kubectl: Kubectl) -> Iterator[Life]:
    """Waits for its start, has no node, fails once, is suspended, trains, is published."""
    name, start, readings = "whole-life", "its-start", list[tuple[str, Reading, str]]()
    conditions: dict[str, dict[str, tuple[str, str]]] = {}
    body = tenant.ask(name, startingCustomVectorizerName=start)
    place = f"--namespace={tenant.namespace}"
    waits = [
        subprocess.Popen(
            kubectl.command("wait", f"vft/{name}", place, f"--for=condition={type_}", f"--timeout={patience}s"),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for type_, patience in (("Complete", 200), ("Failed", 1))
    ]

    def look(stage: str) -> None:
        seen = tenant.fine_tune(name)
        said = {item["type"]: item for item in seen["status"]["conditions"]}
        conditions[stage] = {type_: (item["status"], item["reason"]) for type_, item in said.items()}
        readings.append((seen["status"]["phase"], kstatus.read(seen), said["Ready"]["reason"]))

    try:
        tenant.until(name, "Accepted", "Unknown", "WaitingForVectorizer")
        look("waiting")
        tenant.run_of(tenant.ask(start)).succeed(DIMENSION)
        run = tenant.run_of(body)
        tenant.until(name, "Running", "False", "JobCreated")
        look("queued")
        run.run()
        tenant.until(name, "Running", "True", "JobRunning")
        look("running")
        run.fail(STORAGE)
        tenant.until(name, "Running", "False", "BackOff")
        look("backing off")
        tenant.run_of(body, attempt=2)
        tenant.change(name, suspend=True)
        tenant.until(name, "Suspended", "True", "Suspended")
        eventually(lambda: kstatus.read(tenant.fine_tune(name)) is Reading.IN_PROGRESS)
        look("suspended")
        tenant.change(name, suspend=False)
        last = tenant.run_of(body, attempt=3)
        last.run()
        last.say(Stage.TUNING, 42, DATASET)
        eventually(lambda: tenant.status(name).get("progress", {}).get("percent") == 42)
        look("training")
        last.succeed(DIMENSION)
        tenant.until(name, "Running", "False", "Publishing")
        look("publishing")
        tenant.ended(name)
        look("complete")
        eventually(lambda: "Improved" in tenant.events(name))
        yield Life(tenant, name, readings, (waits[0].wait(), waits[1].wait()), conditions)
    finally:
        for wait in waits:
            wait.kill()
            wait.wait()


class TestWholeLife:
    def test_reads_in_progress_until_it_is_current(self, life: Life) -> None:
        told = [(phase, reading.value) for phase, reading, _ in life.readings]
        assert told == [
            ("Waiting", "InProgress"),
            ("Pending", "InProgress"),
            ("Preparing", "InProgress"),
            ("Pending", "InProgress"),
            ("Suspended", "InProgress"),
            ("Training", "InProgress"),
            ("Publishing", "InProgress"),
            ("Succeeded", "Current"),
        ]

    def test_says_in_ready_what_it_is_at(self, life: Life) -> None:
        assert [reason for _, _, reason in life.readings] == [
            "WaitingForVectorizer",
            "JobCreated",
            "JobRunning",
            "BackOff",
            "Suspended",
            "JobRunning",
            "Publishing",
            "Improved",
        ]

    def test_says_of_the_data_what_is_known(self, life: Life) -> None:
        said = [life.conditions[stage]["DatasetReady"] for stage in ("queued", "training", "complete")]
        assert said == [("Unknown", "DatasetPending"), ("True", "DatasetRead"), ("True", "DatasetRead")]

    def test_says_of_the_process_whether_it_runs(self, life: Life) -> None:
        stages = ("waiting", "training", "publishing", "complete")
        assert [life.conditions[stage]["Running"] for stage in stages] == [
            ("False", "NotStarted"),
            ("True", "JobRunning"),
            ("False", "Publishing"),
            ("False", "Finished"),
        ]

    def test_is_waited_for_by_kubectl(self, life: Life) -> None:
        assert life.waited == (0, 1)

    def test_tells_each_transition_by_one_event(self, life: Life) -> None:
        assert life.tenant.events(life.name) == [
            "Accepted",
            "BackOff",
            "Improved",
            "JobRunning",
            "JobRunning",
            "Suspended",
            "WaitingForVectorizer",
        ]

    def test_shows_its_columns(self, life: Life, kubectl: Kubectl) -> None:
        place = f"--namespace={life.tenant.namespace}"
        usual = row(kubectl("get", "vft", life.name, place))
        assert usual.pop("AGE")
        assert usual == {
            "NAME": "whole-life",
            "PHASE": "Succeeded",
            "TYPE": "Text",
            "PROGRESS": "100%",
            "ETA": "",
            "SCORE": "50.0→62.5",
            "VECTORIZER": "whole-life",
        }
        wide = row(kubectl("get", "vft", life.name, place, "--output=wide"))
        assert {name: wide[name] for name in ("REASON", "QUEUE", "ATTEMPT", "GPU-S")} == {
            "REASON": "Improved",
            "QUEUE": "",
            "ATTEMPT": "3",
            "GPU-S": "",
        }
        vectorizer = row(kubectl("get", "cvec", life.name, place))
        assert vectorizer.pop("AGE")
        assert vectorizer.pop("FROM")
        assert vectorizer == {
            "NAME": "whole-life whole-life",
            "TYPE": "Text",
            "DIM": str(DIMENSION),
            "SCORE": "50.0→62.5",
            "READY": "True",
        }


def row(table: str) -> dict[str, str]:
    """The cells of a table with one row, by its columns; cells of columns with the same title are joined."""
    header, line = table.splitlines()
    titles, cells = columns(header), dict[str, str]()
    for (title, begin), (_, end) in zip(titles, [*titles[1:], ("", len(line) + 1)], strict=True):
        cells[title] = " ".join([*([cells[title]] if title in cells else []), line[begin:end].strip()])
    return cells


def columns(header: str) -> list[tuple[str, int]]:
    """Titles and where they begin."""
    found, position = [], 0
    for title in header.split():
        position = header.index(title, position)
        found.append((title, position))
        position += len(title)
    return found


def read_as(tenant: Tenant, kubectl: Kubectl, name: str) -> tuple[str, Reading, str]:
    """Phase, kstatus' reading, and the reason that `kubectl get -o wide` shows, once `kubectl wait` has seen it."""
    place = f"--namespace={tenant.namespace}"
    kubectl("wait", f"vft/{name}", place, "--for=condition=Failed", "--timeout=60s")
    body = tenant.fine_tune(name)
    wide = row(kubectl("get", "vft", name, place, "--output=wide"))
    return body["status"]["phase"], kstatus.read(body), wide["REASON"]


LAST_FAILURES = ((70, "TrainerError"), (75, "StorageFailed"), (3, "JobFailed"))
DISRUPTED = {"type": "DisruptionTarget", "status": "True", "reason": "PreemptionByScheduler", "message": "Preempted"}
PREEMPTIONS = 11


@pytest.fixture(scope="module")
def ends(idle: object, tenant: Tenant) -> Iterator[dict[str, Future[None]]]:
    """Runs whose every attempt ends badly, beside each other."""

    def fail(exit_code: int, reason: str) -> None:
        body = tenant.ask(reason.lower())
        for attempt in (1, 2, 3):
            tenant.run_of(body, attempt).end(exit_code)

    def preempt() -> None:
        body = tenant.ask("preempted")
        for attempt in range(1, PREEMPTIONS + 1):
            tenant.run_of(body, attempt).end(143, "", "Error", DISRUPTED)

    with ThreadPoolExecutor(len(LAST_FAILURES) + 1) as actors:
        yield {
            "Preempted": actors.submit(preempt),
            **{reason: actors.submit(fail, code, reason) for code, reason in LAST_FAILURES},
        }


@pytest.mark.parametrize(("exit_code", "reason"), LAST_FAILURES)
def test_a_run_whose_last_attempt_fails_says_so_and_what_to_do(
    tenant: Tenant, kubectl: Kubectl, ends: dict[str, Future[None]], exit_code: int, reason: str
) -> None:
    ends[reason].result()
    assert read_as(tenant, kubectl, reason.lower()) == ("Failed", Reading.FAILED, reason)
    said = tenant.status(reason.lower())["failure"]
    ended = f"Attempt 3 was the last one: The process ended with exit code {exit_code} and said nothing."
    assert (said["exitCode"], said["reason"], said["message"]) == (exit_code, reason, ended)
    assert said["hint"]


def test_a_run_that_the_cluster_ends_too_often_is_preempted(
    tenant: Tenant, kubectl: Kubectl, ends: dict[str, Future[None]]
) -> None:
    ends["Preempted"].result()
    assert read_as(tenant, kubectl, "preempted") == ("Failed", Reading.FAILED, "Preempted")
    status = tenant.status("preempted")
    assert "when the cluster has room" in status["failure"]["hint"]
    assert status["attempts"]["preemptions"] == PREEMPTIONS


def test_a_refused_request_is_failed_for_every_reader(tenant: Tenant, kubectl: Kubectl, name: str) -> None:
    tenant.ask(name, training={"maxDurationSeconds": 1801})
    assert read_as(tenant, kubectl, name) == ("Failed", Reading.FAILED, "LimitExceeded")
    assert tenant.events(name) == ["LimitExceeded", "LimitExceeded"]


def test_no_improvement_is_current_and_says_so(tenant: Tenant, name: str) -> None:
    run = tenant.run_of(tenant.ask(name))
    files = run.files(DIMENSION)
    run.leave(files, run.manifest(files, DIMENSION).model_copy(update={"outcome": Outcome.NO_IMPROVEMENT}))
    run.end(0)
    tenant.until(name, "Complete", "True", "NoImprovement")
    assert kstatus.read(tenant.fine_tune(name)) is Reading.CURRENT
    said = {item["type"]: (item["status"], item["reason"]) for item in tenant.vectorizer(name)["status"]["conditions"]}
    assert said == {"Ready": ("True", "Published"), "ArtifactVerified": ("True", "DigestsMatch")}


def test_doubtful_data_are_told_while_it_trains(tenant: Tenant, name: str) -> None:
    run = tenant.run_of(tenant.ask(name))
    run.run()
    run.say(Stage.TUNING, 30, DATASET.model_copy(update={"warnings": ["Half of the files look alike."]}))
    message = tenant.until(name, "DatasetReady", "True", "DatasetWarnings")["message"]
    assert "Half of the files look alike." in message


def test_an_object_that_was_stored_under_other_rules_is_refused_by_its_field(
    tenant: Tenant, kubectl: Kubectl, api: client.ApiClient, name: str
) -> None:
    """The rules are loosened for as long as it takes to store an object that they forbid."""
    definitions, crd = client.ApiextensionsV1Api(api), "vectorizerfinetunes.vectorizers.dev"
    kind = "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/contentType/enum"
    found: Body = api.sanitize_for_serialization(definitions.read_custom_resource_definition(crd))  # type: ignore[no-untyped-call]
    rules = found["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]["contentType"]
    definitions.patch_custom_resource_definition(crd, [{"op": "replace", "path": kind, "value": ["Hologram"]}])
    try:
        eventually(lambda: could_ask(tenant, name))
    finally:
        definitions.patch_custom_resource_definition(crd, [{"op": "replace", "path": kind, "value": rules["enum"]}])
    message = tenant.until(name, "Accepted", "False", "InvalidSpec")["message"]
    assert "contentType" in message
    assert "under a new object name" in message
    assert read_as(tenant, kubectl, name) == ("Failed", Reading.FAILED, "InvalidSpec")


def could_ask(tenant: Tenant, name: str) -> bool:
    try:
        tenant.ask(name, contentType="Hologram")
    except client.ApiException:
        return False
    return True


def test_nothing_is_written_for_what_is_idle_over_several_resyncs(
    idle: Idle, operator: RunningOperator, platform: Platform
) -> None:
    """It comes last here: the resyncs pass while the others are at it."""
    eventually(lambda: resync(operator) > idle.since + 2 * platform.pace.resync)
    assert len(idle.versions) == 9
    assert versions(idle.tenant) == idle.versions


def resync(operator: RunningOperator) -> float:
    """When the operator last listed everything."""
    answer = PoolManager().request("GET", f"http://{operator.address}/metrics")
    families = text_string_to_metric_families(answer.data.decode())
    return next(
        sample.value
        for family in families
        for sample in family.samples
        if sample.name == "vectorizer_last_resync_timestamp_seconds"
    )
