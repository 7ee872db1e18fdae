"""What an account's people do from their own machine: `vectorizer list` to `cancel`, with their own rights alone."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from io import BytesIO
from pathlib import Path

import pytest
import yaml
from kubernetes import client
from minio import Minio
from minio.minioadmin import MinioAdmin
from vectorizer_api.run import Failure, Stage
from vectorizer_dev.acted_run import WEIGHTS, ActedRun
from vectorizer_dev.inspection import Kubectl
from vectorizer_dev.people import People
from vectorizer_dev.platform import Platform
from vectorizer_dev.tenant import FINE_TUNES, Tenant, make_tenant
from vectorizer_dev.waiting import eventually

DIMENSION = 384
PAGE = b"<!doctype html><title>report</title>"


@pytest.fixture(scope="module")
def shop(parked: str, api: client.ApiClient, store: Minio, store_admin: MinioAdmin) -> Tenant:
    """An account with a vectorizer `first`, another one tuned from it, a failed fine-tune and one that runs."""
    shop = make_tenant(api, store, store_admin)
    first, broken, slow = (shop.ask(name) for name in ("first", "broken", "slow"))
    _publish(shop.run_of(first))
    shop.run_of(broken).fail(Failure(exit_code=64, reason="BadInput", message="a is no text.", hint="Leave it out."))
    run = shop.run_of(slow)
    run.run()
    run.say(Stage.TUNING, 42)
    shop.until("first", "Complete", "True")
    second = shop.ask("second", startingCustomVectorizerName="first", customVectorizerName="Zweiter!")
    _publish(shop.run_of(second))
    shop.until("second", "Complete", "True")
    shop.until("broken", "Failed", "True")
    eventually(lambda: shop.status("slow").get("progress", {}).get("percent") == 42)
    return shop


@pytest.fixture(scope="module")
def people(shop: Tenant, platform: Platform, tmp_path_factory: pytest.TempPathFactory) -> People:
    return People.of(shop, platform, tmp_path_factory.mktemp("cache"))


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "vectorizer"


def _publish(run: ActedRun) -> None:
    files = run.files(DIMENSION) | {"report/report.html": PAGE}
    run.put("log.txt", b"one\ntwo\n")
    run.leave(files, run.manifest(files, DIMENSION))
    run.end(0)


def _words(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines() if line.strip()]


class Changed:
    """A published file of `first` that somebody with the store's highest rights changes."""

    def __init__(self, shop: Tenant) -> None:
        self._shop = shop
        self._before: dict[str, bytes] = {}

    def flip_last_byte(self, path: str) -> None:
        key = next(key for key in self._shop.keys("vectorizers/first/") if key.endswith(path))
        body = self._shop.store.get_object(bucket_name=self._shop.account.models_bucket, object_name=key).read()
        self._before[key] = body
        self._put(key, body[:-1] + bytes([body[-1] ^ 1]))

    def restore(self) -> None:
        for key, body in self._before.items():
            self._put(key, body)

    def _put(self, key: str, body: bytes) -> None:
        self._shop.store.put_object(
            bucket_name=self._shop.account.models_bucket, object_name=key, data=BytesIO(body), length=len(body)
        )


class TestList:
    def test_names_every_fine_tune_and_vectorizer_with_where_it_stands(self, people: People) -> None:
        done = people.call("list")
        assert done.returncode == 0, done.stderr
        rows = {(line[0], line[1]): line for line in _words(done.stdout) if len(line) > 1}
        assert rows["first", "first"][2:4] == ["Text", "Succeeded"]
        assert rows["broken", "broken"][2:4] == ["Text", "Failed"]
        assert rows["slow", "slow"][2:5] == ["Text", "Training", "42%"]
        assert rows["first", "Text"][2:5] == ["True", "Improved", "50.0→62.5"]
        assert rows["Zweiter!", "Text"][5] == "first"

    def test_answers_programs_as_kubectl_does(self, people: People, shop: Tenant) -> None:
        said = json.loads(people.call("list", "fine-tunes", "-o", "json").stdout)
        assert (said["apiVersion"], said["kind"]) == ("v1", "List")
        assert [item["metadata"]["name"] for item in said["items"]] == ["broken", "first", "second", "slow"]
        yielded = yaml.safe_load(people.call("list", "vectorizers", "-o", "yaml").stdout)
        assert {item["kind"] for item in yielded["items"]} == {"CustomVectorizer"}

    def test_says_where_there_is_nothing(self, people: People, new_people: People) -> None:
        assert "Nothing in the namespace" in new_people.call("list").stdout

    @pytest.fixture
    def new_people(
        self, platform: Platform, api: client.ApiClient, store: Minio, store_admin: MinioAdmin, tmp_path: Path
    ) -> People:
        return People.of(make_tenant(api, store, store_admin), platform, tmp_path)


class TestDescribe:
    def test_tells_why_one_failed_and_what_to_do(self, people: People) -> None:
        said = people.call("describe", "broken").stdout
        assert "BadInput: a is no text." in said
        assert "Leave it out." in said
        assert "vectorizer logs broken" in said

    def test_tells_what_a_vectorizer_comes_from(self, people: People) -> None:
        said = people.call("describe", "Zweiter!").stdout
        assert ["Tuned", "from", "first"] in _words(said)
        assert "vectorizer download 'Zweiter!' --out FOLDER" in said

    def test_gives_programs_the_object_itself(self, people: People, shop: Tenant) -> None:
        said = json.loads(people.call("describe", "first", "-o", "json").stdout)
        assert said["metadata"]["uid"] == shop.fine_tune("first")["metadata"]["uid"]

    def test_a_name_that_nothing_has_is_answered_with_the_nearest_one(self, people: People) -> None:
        done = people.call("describe", "frist")
        assert done.returncode == 64
        assert "no fine-tune or vectorizer “frist”" in done.stderr
        assert "Is it first that you mean?" in done.stderr


class TestProgress:
    def test_ends_as_the_run_did(self, people: People) -> None:
        assert people.call("progress", "first").returncode == 0
        failed = people.call("progress", "broken")
        assert (failed.returncode, "Leave it out." in failed.stdout) == (64, True)

    def test_goes_on_until_the_end_of_the_run(self, people: People, shop: Tenant) -> None:
        run = shop.run_of(shop.ask("watched"))
        run.run()
        process = people.begin("progress", "watched")
        run.say(Stage.TUNING, 50)
        assert process.stdout is not None
        seen = [process.stdout.readline()]
        while "Tuning (50 %" not in seen[-1]:
            seen.append(process.stdout.readline())
            assert seen[-1], seen
        _publish(run)
        rest, errors = process.communicate(timeout=120)
        assert (process.returncode, errors) == (0, "")
        assert "Improved: “watched”, NDCG@10 50.0→62.5" in rest

    def test_a_run_that_is_deleted_meanwhile_is_told(self, people: People, shop: Tenant) -> None:
        shop.run_of(shop.ask("doomed")).run()
        process = people.begin("progress", "doomed")
        assert process.stdout is not None
        process.stdout.readline()
        shop.delete(FINE_TUNES, "doomed")
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 64
        assert "The fine-tune doomed was deleted." in errors


class TestLogs:
    def test_are_there_when_the_run_has_ended(self, people: People) -> None:
        assert people.call("logs", "first").stdout == "one\ntwo\n"

    def test_of_an_attempt_that_was_not_made_are_refused(self, people: People) -> None:
        done = people.call("logs", "first", "--attempt", "7")
        assert done.returncode == 64
        assert "has had 1 attempt" in done.stderr

    def test_of_a_run_that_has_said_nothing_yet_are_missed(self, people: People) -> None:
        done = people.call("logs", "slow")
        assert (done.returncode, "has no log" in done.stderr) == (64, True)

    def test_are_followed_as_they_grow(self, people: People, shop: Tenant) -> None:
        run = shop.run_of(shop.ask("talking"))
        run.run()
        process = people.begin("logs", "talking", "--follow")
        run.put("log.txt", b"one\n")
        assert process.stdout is not None
        assert process.stdout.readline() == "one\n"
        _publish(run)
        assert process.communicate(timeout=120)[0] == "two\n"
        assert process.returncode == 0

    def test_without_a_login_say_which_variables_are_missing(self, people: People) -> None:
        done = people.call("logs", "first", VECTORIZER_S3_ENDPOINT="")
        assert done.returncode == 64
        assert "VECTORIZER_S3_ENDPOINT" in done.stderr

    def test_are_not_given_to_a_stranger(self, people: People) -> None:
        done = people.call("logs", "first", VECTORIZER_S3_SECRET_KEY="wrong")
        assert done.returncode == 75
        assert "SignatureDoesNotMatch" in done.stderr


class TestReport:
    def test_is_opened_in_the_browser(self, people: People, tmp_path: Path) -> None:
        browser = tmp_path / "browser"
        browser.write_text(f'#!/bin/sh\nprintf %s "$1" > {tmp_path}/opened\n')
        browser.chmod(0o755)
        done = people.call("report", "first", "--out", str(tmp_path / "page.html"), BROWSER=str(browser))
        assert done.stdout == f"{tmp_path}/page.html\n"
        assert (tmp_path / "page.html").read_bytes() == PAGE
        assert eventually((tmp_path / "opened").exists)
        assert (tmp_path / "opened").read_text() == f"file://{tmp_path}/page.html"

    def test_of_a_run_that_goes_on_is_not_there_yet(self, people: People) -> None:
        done = people.call("report", "slow")
        assert done.returncode == 64
        assert "has no vectorizer yet: it is Training" in done.stderr


class TestDownload:
    def test_gives_a_folder_as_a_training_on_this_machine_does(self, people: People, out: Path) -> None:
        done = people.call("download", "Zweiter!", "--out", str(out))
        assert done.returncode == 0, done.stderr
        files = sorted(path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file())
        assert files == ["report/report.html", "report/report.json", "vectorizer.json", "weights.safetensors"]
        assert (out / "weights.safetensors").read_bytes() == WEIGHTS

    def test_takes_the_fine_tune_s_name_for_what_it_made(self, people: People, out: Path) -> None:
        assert people.call("download", "second", "--out", str(out)).returncode == 0

    def test_leaves_what_is_there_alone(self, people: People, out: Path) -> None:
        out.mkdir()
        (out / "mine").write_text("kept")
        done = people.call("download", "first", "--out", str(out))
        assert (done.returncode, "is not empty" in done.stderr) == (64, True)
        assert (out / "mine").read_text() == "kept"

    @pytest.mark.parametrize("file", ["model/weights.safetensors", "manifest.json"])
    def test_refuses_files_that_were_changed_and_leaves_nothing(
        self, people: People, shop: Tenant, out: Path, file: str, changed: Changed
    ) -> None:
        changed.flip_last_byte(file)
        done = people.call("download", "first", "--out", str(out))
        assert done.returncode == 64
        assert "not what was published" in done.stderr
        assert list(out.parent.glob("*vectorizer*")) == []

    @pytest.fixture
    def changed(self, shop: Tenant) -> Iterator[Changed]:
        changed = Changed(shop)
        yield changed
        changed.restore()


class TestLineage:
    def test_draws_what_was_tuned_from_what(self, people: People) -> None:
        lines = people.call("lineage").stdout.splitlines()
        depth = {re.sub(r"^[ │├└─]+", "", line).split()[0]: line.index(line.strip(" │├└─")[0]) for line in lines}
        assert depth["first"] < depth["Zweiter!"]

    def test_of_one_is_its_branch(self, people: People) -> None:
        (base,) = json.loads(people.call("lineage", "Zweiter!", "-o", "json").stdout)
        assert (base["kind"], [child["name"] for child in base["children"]]) == ("base", ["first"])
        assert [child["name"] for child in base["children"][0]["children"]] == ["Zweiter!"]


class TestCancel:
    def test_ends_a_run_and_leaves_nothing_of_it(self, people: People, shop: Tenant) -> None:
        shop.run_of(shop.ask("unwanted")).run()
        done = people.call("cancel", "unwanted")
        assert (done.returncode, "is cancelled" in done.stderr) == (0, True)
        eventually(lambda: "unwanted" not in shop.fine_tunes() and shop.jobs("unwanted") == [])

    def test_leaves_alone_what_has_ended(self, people: People, shop: Tenant) -> None:
        done = people.call("cancel", "first")
        assert (done.returncode, "has ended (Succeeded)" in done.stderr) == (64, True)
        assert "first" in shop.fine_tunes()


class TestAccess:
    def test_another_account_s_namespace_is_refused_in_a_sentence(self, people: People, other_tenant: Tenant) -> None:
        done = people.call("list", "-n", other_tenant.namespace)
        assert done.returncode == 64
        assert "The API server refuses it" in done.stderr
        assert "vectorizer-account-read-write" in done.stderr

    def test_a_cluster_that_does_not_answer_is_told(self, people: People, tmp_path: Path) -> None:
        config = yaml.safe_load(Path(people.environment["KUBECONFIG"]).read_text())
        config["clusters"][0]["cluster"]["server"] = "https://127.0.0.1:1"
        (tmp_path / "config").write_text(yaml.safe_dump(config))
        done = people.call("list", KUBECONFIG=str(tmp_path / "config"))
        assert done.returncode == 75
        assert "The cluster did not answer" in done.stderr

    def test_a_context_that_is_not_there_is_told(self, people: People) -> None:
        done = people.call("list", "--context", "nowhere")
        assert (done.returncode, "nowhere" in done.stderr) == (64, True)


class TestPlugin:
    @pytest.fixture
    def environment(self, people: People, kubectl: Kubectl) -> Mapping[str, str]:
        """Kubectl and the plugin are on the path."""
        return {**people.environment, "PATH": f"{kubectl.program.parent}{os.pathsep}{Path(sys.executable).parent}"}

    def test_kubectl_finds_it_and_hands_it_the_words(self, environment: Mapping[str, str]) -> None:
        command = ["kubectl", "vectorizer", "list", "vectorizers", "-o", "json"]
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
        assert done.returncode == 0, done.stderr
        assert {item["kind"] for item in json.loads(done.stdout)["items"]} == {"CustomVectorizer"}

    def test_kubectl_completes_the_names_that_there_are(self, environment: Mapping[str, str]) -> None:
        command = ["kubectl", "__complete", "vectorizer", "describe", "fi"]
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
        assert done.stdout.splitlines() == ["first", ":4"]
