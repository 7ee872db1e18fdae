"""What tools that sync from Git see: health of every phase, no difference, no write."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from vectorizer_api import API_VERSION
from vectorizer_api.run import Stage
from vectorizer_dev.argocd import Health, HealthChecks
from vectorizer_dev.chart_release import Release
from vectorizer_dev.inspection import Kubectl
from vectorizer_dev.platform import REPOSITORY
from vectorizer_dev.tenant import FINE_TUNES, VECTORIZERS, Body, Tenant
from vectorizer_dev.tools import find_lua
from vectorizer_dev.waiting import eventually

APP = REPOSITORY / "examples" / "argocd" / "app"
DIMENSION = 384


@pytest.fixture(scope="module")
def argo() -> HealthChecks:
    return HealthChecks(find_lua())


@pytest.fixture(scope="module")
def lives(tenant: Tenant) -> dict[str, Body]:
    """The objects of each phase, as the operator wrote them."""
    seen: dict[str, Body] = {}
    tenant.ask("waits", startingCustomVectorizerName="absent")
    tenant.until("waits", "Accepted", "Unknown", "WaitingForVectorizer")
    seen["Waiting"] = tenant.fine_tune("waits")
    body = tenant.ask("good")
    run = tenant.run_of(body)
    tenant.until("good", "Running", "False", "JobCreated")
    seen["Pending"] = tenant.fine_tune("good")
    run.run()
    run.say(Stage.TUNING, 30)
    eventually(lambda: tenant.status("good").get("phase") == "Training")
    seen["Training"] = tenant.fine_tune("good")
    run.succeed(DIMENSION)
    seen["Succeeded"] = tenant.ended("good")
    seen["vectorizer"] = tenant.vectorizer("good")
    tenant.run_of(tenant.ask("bad")).end(64)
    seen["Failed"] = tenant.ended("bad")
    tenant.ask("pauses", suspend=True)
    tenant.until("pauses", "Suspended", "True")
    seen["Suspended"] = tenant.fine_tune("pauses")
    return seen


class TestArgo:
    @pytest.mark.parametrize(
        ("phase", "health", "says"),
        [
            ("Waiting", Health.PROGRESSING, "Waiting: .*absent"),
            ("Pending", Health.PROGRESSING, "Pending: ."),
            ("Training", Health.PROGRESSING, "Training 30%, .* left$"),
            ("Succeeded", Health.HEALTHY, "."),
            ("Failed", Health.DEGRADED, "."),
            ("Suspended", Health.SUSPENDED, "."),
        ],
    )
    def test_reads_each_phase(
        self, argo: HealthChecks, lives: dict[str, Body], phase: str, health: Health, says: str
    ) -> None:
        body = lives[phase]
        assert body["status"]["phase"] == phase
        read, message = argo.read(body)
        assert read is health
        assert re.match(says, message), message

    def test_reads_a_vectorizer(self, argo: HealthChecks, lives: dict[str, Body]) -> None:
        body = lives["vectorizer"]
        assert argo.read(body)[0] is Health.HEALTHY
        damaged = {"conditions": [{"type": "Ready", "status": "False", "message": "damaged"}]}
        assert argo.read({**body, "status": damaged}) == (Health.DEGRADED, "damaged")

    @pytest.mark.parametrize("kind", ["VectorizerFineTune", "CustomVectorizer"])
    def test_waits_for_what_the_operator_has_not_seen(self, argo: HealthChecks, kind: str) -> None:
        fresh = {"apiVersion": API_VERSION, "kind": kind, "metadata": {"name": "x", "generation": 1}, "spec": {}}
        assert argo.read(fresh)[0] is Health.PROGRESSING

    def test_does_not_call_a_changed_object_healthy_before_it_was_looked_at(
        self, argo: HealthChecks, lives: dict[str, Body]
    ) -> None:
        body = lives["Succeeded"]
        changed = {**body, "metadata": {**body["metadata"], "generation": body["metadata"]["generation"] + 1}}
        assert argo.read(changed)[0] is Health.PROGRESSING


@pytest.mark.parametrize("way", [(), ("--server-side",)], ids=["client-side", "server-side"])
class TestSync:
    @pytest.fixture
    def synced(self, way: tuple[str, ...], kubectl: Kubectl, tenant: Tenant, tmp_path: Path) -> Iterator[Path]:
        """The app on a profile that no node serves, applied and at work: one runs, the other one waits for it."""
        for file in APP.glob("*.yaml"):
            (tmp_path / file.name).write_text(file.read_text() + "  profile: parked\n")
        self.apply(kubectl, tenant, tmp_path, way)
        tenant.until("billing", "Accepted", "Unknown", "WaitingForVectorizer")
        tenant.until("general", "Running", "False", "JobCreated")
        yield tmp_path
        kubectl("delete", f"--filename={tmp_path}", f"--namespace={tenant.namespace}")

    def apply(self, kubectl: Kubectl, tenant: Tenant, folder: Path, way: tuple[str, ...]) -> None:
        kubectl("apply", *way, f"--filename={folder}", f"--namespace={tenant.namespace}")

    def test_a_second_sync_writes_nothing_and_no_difference_is_seen(
        self, way: tuple[str, ...], synced: Path, kubectl: Kubectl, tenant: Tenant
    ) -> None:
        def versions() -> list[str]:
            return [tenant.fine_tune(name)["metadata"]["resourceVersion"] for name in ("billing", "general")]

        difference = kubectl.command("diff", *way, f"--filename={synced}", f"--namespace={tenant.namespace}")

        def nothing_is_written() -> bool:
            before = versions()
            self.apply(kubectl, tenant, synced, way)
            return subprocess.run(difference, capture_output=True, check=False).returncode == 0 and versions() == before

        # The operator may still have something to say; a sync that writes or sees a difference does so each time.
        eventually(nothing_is_written)


def test_the_operator_writes_no_label_and_no_annotation(lives: dict[str, Body], tenant: Tenant) -> None:
    for body in (lives["Succeeded"], lives["Failed"], lives["Suspended"]):
        assert not body["metadata"].get("annotations")
        assert not body["metadata"].get("labels")
    assert not tenant.vectorizer("good")["metadata"].get("annotations"), VECTORIZERS


def reconciles(release: Release) -> float:
    """How often the operator has looked at a fine-tune."""
    name = 'vectorizer_reconcile_duration_seconds_count{kind="VectorizerFineTune"}'
    return max((float(line.split()[1]) for line in release.metrics().splitlines() if line.startswith(name)), default=0)


def restorable(body: Body) -> Body:
    """What Velero creates again: nothing that the API server says, no status, and labels of its own."""
    said = ("uid", "resourceVersion", "creationTimestamp", "generation", "managedFields", "selfLink")
    kept = {key: value for key, value in body["metadata"].items() if key not in said}
    labels = {**kept.get("labels", {}), "velero.io/backup-name": "b", "velero.io/restore-name": "r"}
    return {**{key: body[key] for key in ("apiVersion", "kind", "spec")}, "metadata": {**kept, "labels": labels}}


@pytest.mark.parametrize("name", ["good", "bad", "waits"])
def test_kubectl_replace_runs_nothing_again(
    lives: dict[str, Body], release: Release, kubectl: Kubectl, tenant: Tenant, tmp_path: Path, name: str
) -> None:
    before, jobs, seen = tenant.fine_tune(name), tenant.jobs(name), reconciles(release)
    bare = {"name": name, "namespace": tenant.namespace, "labels": {"revision": "2"}}
    file = tmp_path / "fine-tune.json"
    file.write_text(json.dumps({**{key: before[key] for key in ("apiVersion", "kind", "spec")}, "metadata": bare}))
    kubectl("replace", f"--filename={file}")
    eventually(lambda: reconciles(release) > seen)
    after = tenant.fine_tune(name)
    assert after["metadata"]["labels"] == {"revision": "2"}
    assert (after["status"], tenant.jobs(name)) == (before["status"], jobs)


def test_what_a_backup_brings_back_runs_nothing_again(
    lives: dict[str, Body], argo: HealthChecks, kubectl: Kubectl, tenant: Tenant
) -> None:
    names = ("good", "bad")
    backup = [tenant.vectorizer("good"), *map(tenant.fine_tune, names)]
    tenant.vanish(VECTORIZERS, "good")
    for name in names:
        tenant.vanish(FINE_TUNES, name)
    eventually(lambda: not any(map(tenant.jobs, names)))
    for body in backup:
        command = kubectl.command("create", "--filename=-")
        subprocess.run(command, input=json.dumps(restorable(body)), text=True, check=True, capture_output=True)
    assert [tenant.ended(name)["status"]["phase"] for name in names] == ["Succeeded", "Failed"]
    eventually(lambda: argo.read(tenant.vectorizer("good"))[0] is Health.HEALTHY)
    assert [tenant.jobs(name) for name in names] == [[], []]
