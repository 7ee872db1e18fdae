"""`vectorizer plan` against the real API server and MinIO: as the account's own user, and nothing is left behind."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes import client
from minio import Minio
from minio.minioadmin import MinioAdmin
from vectorizer_api import API_VERSION
from vectorizer_api.content import ContentType
from vectorizer_api.run import RunCost, Stage, Workload
from vectorizer_dev.accounts import create_account
from vectorizer_dev.people import People
from vectorizer_dev.platform import Platform
from vectorizer_dev.tenant import Tenant

Ask = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture(scope="module")
def planner(parked: str, platform: Platform, api: client.ApiClient, store: Minio, store_admin: MinioAdmin) -> Tenant:
    """An account with a batch folder."""
    account = create_account("planning", api=api, store=store, admin=store_admin)
    tenant = Tenant(account, api, store)
    labels = {f"{index}.txt": ["odd" if index % 2 else "even"] for index in range(40)}
    for name in labels:
        tenant.upload(f"notes/{name}", f"a text called {name}".encode())
    labels["gone.txt"] = ["odd"]
    tenant.upload("notes/example_to_labels.json", json.dumps(labels).encode())
    return tenant


@pytest.fixture(scope="module")
def people(planner: Tenant, platform: Platform, tmp_path_factory: pytest.TempPathFactory) -> People:
    """No administrator anywhere."""
    return People.of(planner, platform, tmp_path_factory.mktemp("cache"))


@pytest.fixture
def ask(planner: Tenant, people: People, tmp_path: Path) -> Ask:
    """Plans a fine-tune of Text in the folder `notes`; answers the exit code and the plan."""

    def run(name: str, **spec: object) -> tuple[int, dict[str, Any]]:
        usual = {
            "contentType": "Text",
            "customVectorizerName": name,
            "downloadFromBatchCloudFolder": True,
            "batchFolder": "notes",
            "profile": "parked",
        }
        body = {"apiVersion": API_VERSION, "kind": "VectorizerFineTune", "metadata": {"name": name}}
        file = tmp_path / "cr.yaml"
        file.write_text(yaml.safe_dump({**body, "spec": {**usual, **spec}}))
        done = people.call("plan", str(file), "--namespace", planner.namespace, "-o", "json")
        assert done.stdout, done.stderr
        return done.returncode, json.loads(done.stdout)

    return run


def test_what_is_found_in_the_batch_folder_is_told_and_nothing_is_stored(planner: Tenant, ask: Ask) -> None:
    code, said = ask("dry")
    assert (code, said["accepted"], said["faults"]) == (0, True, [])
    assert (said["dataset"]["files"], said["dataset"]["examples"], said["dataset"]["labels"]) == (40, 41, 2)
    assert said["dataset"]["rejectedFiles"] == [{"name": "gone.txt", "reason": "not in the folder"}]
    assert said["foreseen"]["seconds"] > 0
    assert "dry" not in planner.fine_tunes()


def test_what_only_the_api_servers_rules_refuse_is_refused_in_their_words(ask: Ask) -> None:
    code, said = ask("ruled", batchFolder="/notes")
    assert code == 64
    assert "must be relative" in said["faults"][0]["message"]


def test_a_vectorizer_that_is_not_there_is_waited_for(ask: Ask) -> None:
    code, said = ask("patient", startingCustomVectorizerName="absent")
    assert (code, said["waitsFor"]) == (0, ["The starting vectorizer absent is not there yet."])


def test_what_earlier_runs_took_is_read_from_the_accounts_own_vectorizers(planner: Tenant, ask: Ask) -> None:
    shipped = ask("later")[1]["foreseen"]
    body = planner.ask("earlier")
    work = Workload(content_type=ContentType.TEXT, examples=40, groups=40, read=40, example_bytes=20)
    run = planner.run_of(body)
    acted = run.manifest(run.files(384), 384)
    took = dict.fromkeys((Stage.STARTING, Stage.DOWNLOADING), 10 * shipped["seconds"])
    cost = RunCost(
        workload=work,
        base=acted.base.name,
        profile="parked",
        gpus=2,
        device="cuda",
        threads=1,
        stage_seconds=took,
        peak_memory_bytes=2**32,
        finished=datetime(2026, 1, 1, tzinfo=UTC),
    )
    run.leave(run.files(384), acted.model_copy(update={"cost": cost}))
    run.end(0)
    planner.until("earlier", "Complete", "True")
    code, said = ask("later")
    assert code == 0
    assert (said["foreseen"]["runs"], said["foreseen"]["gpus"]) == (1, 2)
    assert said["foreseen"]["seconds"] > 5 * shipped["seconds"]
    assert ask("earlier")[1]["faults"][0]["reason"] == "AlreadyExists"
    taken = ask("again", customVectorizerName="earlier")[1]
    assert taken["faults"][0]["reason"] == "NameTaken"
    assert ask("other", contentType="Image", startingCustomVectorizerName="earlier")[1]["faults"][0]["reason"] == (
        "ContentTypeMismatch"
    )
