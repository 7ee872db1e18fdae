"""`vectorizer account` on the real API server and the real object store: made, printed for Git, limited, deleted."""

import io
import json
import os
import subprocess
import sys
import uuid
from collections.abc import Callable
from typing import Any, Protocol

import pytest
from kubernetes import client
from minio import Minio
from minio.minioadmin import MinioAdmin
from vectorizer_api import API_VERSION, GROUP, VERSION
from vectorizer_api.names import ACCOUNT_LABEL
from vectorizer_api.run import ExitCode
from vectorizer_dev.cluster import DevelopmentCluster
from vectorizer_dev.inspection import Kubectl
from vectorizer_dev.ports import free_port
from vectorizer_dev.waiting import eventually


@pytest.fixture
def name() -> str:
    return f"t-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def put(store: Minio) -> Callable[[str, str], str]:
    def put(bucket: str, key: str) -> str:
        store.put_object(bucket_name=bucket, object_name=key, data=io.BytesIO(b"text"), length=4)
        return key

    return put


class Call(Protocol):
    def __call__(self, verb: str, *arguments: str, typed: str = "") -> "subprocess.CompletedProcess[str]": ...


@pytest.fixture
def call(crds: None, cluster: DevelopmentCluster) -> Call:
    """`vectorizer account`, as the platform's administrator."""
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

    def call(verb: str, *arguments: str, typed: str = "") -> "subprocess.CompletedProcess[str]":
        line = [sys.executable, "-m", "vectorizer_cli", "account", verb, *arguments]
        return subprocess.run(line, env=environment, capture_output=True, text=True, check=False, input=typed)

    return call


def test_the_command_prints_how_to_upload_and_the_password_once(
    call: Call, cluster: DevelopmentCluster, core: client.CoreV1Api, name: str
) -> None:
    first, again = call("create", name), call("create", name)
    assert first.returncode == 0, first.stderr
    assert f"ftp://{cluster.object_store.ftp_address}/{name}-batch/" in first.stdout
    assert "The password is shown this once." in first.stdout
    assert "The password is shown this once." not in again.stdout
    assert f"s3://{name}-models/vectorizers/NAME/" in first.stdout
    found: Any = core.read_namespace(name)
    assert found.metadata.labels[ACCOUNT_LABEL] == name


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["Not_An_Account"], "no account id"),
        (["shop", "--operator", "nobody"], "--operator is namespace/name"),
        (["shop", "--run-s3-endpoint", "s3.example.org"], "--s3-cidr"),
    ],
)
def test_the_command_says_why_it_cannot(call: Call, arguments: list[str], why: str) -> None:
    answer = call("create", *arguments)
    assert (answer.returncode, why in answer.stderr) == (ExitCode.BAD_INPUT, True), answer.stderr


@pytest.mark.parametrize("command", [["create"], ["delete", "--yes"]])
def test_a_store_that_does_not_answer_is_no_fault_of_the_request(call: Call, name: str, command: list[str]) -> None:
    answer = call(*command, name, "--s3-endpoint", f"127.0.0.1:{free_port()}")
    assert (answer.returncode, "do not answer" in answer.stderr) == (ExitCode.STORAGE, True), answer.stderr


def test_a_wrong_password_of_the_store_is_told(call: Call, name: str) -> None:
    answer = call("create", name, "--s3-secret-key", "not-the-password")
    assert (answer.returncode, f"Account {name}" in answer.stderr) == (ExitCode.BAD_INPUT, True), answer.stderr


def test_what_is_printed_for_git_is_what_the_command_makes(
    call: Call, cluster: DevelopmentCluster, core: client.CoreV1Api, name: str
) -> None:
    terms = [name, "--group", "team", "--max-runs", "2", "--max-objects", "9", "--storage-gib", "1"]
    printed = call("create", *terms, "--print")
    with pytest.raises(client.ApiException, match="Not Found"):
        core.read_namespace(name)
    made = call("create", *terms)
    assert (printed.returncode, made.returncode) == (0, 0), printed.stderr + made.stderr
    kubectl = Kubectl.of(cluster)
    before = _wanted(kubectl, printed.stdout)
    _fed(kubectl, printed.stdout, "apply", "--server-side", "--field-manager=vectorizer-account")
    assert (len(before), _wanted(kubectl, printed.stdout)) == (7, before)


def _wanted(kubectl: Kubectl, manifests: str) -> list[dict[str, Any]]:
    """Each object without what the API server and its controllers write themselves."""
    listed = json.loads(_fed(kubectl, manifests, "get", "--output=json"))["items"]
    own = {"status", "metadata"}
    return [
        {**{name: part for name, part in one.items() if name not in own}, "labels": one["metadata"].get("labels")}
        for one in listed
    ]


def _fed(kubectl: Kubectl, manifests: str, *arguments: str) -> str:
    command = kubectl.command(*arguments, "--filename=-")
    return subprocess.run(command, input=manifests, text=True, capture_output=True, check=True).stdout


def test_the_batch_bucket_takes_no_more_than_its_quota(call: Call, store_admin: MinioAdmin, name: str) -> None:
    assert call("create", name, "--storage-gib", "3").returncode == 0
    assert f'"quota":{3 * 1024**3}' in store_admin.bucket_quota_get(f"{name}-batch").replace(" ", "")


def test_an_account_keeps_no_more_fine_tunes_than_its_quota(call: Call, api: client.ApiClient, name: str) -> None:
    assert call("create", name, "--max-objects", "1").returncode == 0
    objects = client.CustomObjectsApi(api)

    def ask(number: int) -> None:
        spec = {"contentType": "Text", "customVectorizerName": f"docs-{number}", "downloadFromBatchCloudFolder": True}
        body = {
            "apiVersion": API_VERSION,
            "kind": "VectorizerFineTune",
            "metadata": {"name": f"docs-{number}"},
            "spec": spec,
        }
        objects.create_namespaced_custom_object(GROUP, VERSION, name, "vectorizerfinetunes", body)

    eventually(lambda: _quota_is_counted(client.CoreV1Api(api), name))
    ask(1)
    with pytest.raises(client.ApiException, match="exceeded quota"):
        ask(2)


def _quota_is_counted(core: client.CoreV1Api, namespace: str) -> bool:
    status = core.read_namespaced_resource_quota("vectorizer-account", namespace).status
    return status is not None and bool(status.used)


def test_a_group_of_the_cluster_s_users_works_in_its_account_alone(
    call: Call, api: client.ApiClient, name: str
) -> None:
    call("create", name, "--group", f"{name}-team")
    call("create", f"{name}-x")

    def may(namespace: str) -> bool:
        where = client.V1ResourceAttributes(
            group=GROUP, resource="vectorizerfinetunes", verb="create", namespace=namespace
        )
        spec = client.V1SubjectAccessReviewSpec(user="ann", groups=[f"{name}-team"], resource_attributes=where)
        review = client.V1SubjectAccessReview(spec=spec)
        answer: Any = client.AuthorizationV1Api(api).create_subject_access_review(review)
        return bool(answer.status.allowed)

    assert (eventually(lambda: may(name)), may(f"{name}-x")) == (True, False)


class TestDelete:
    def test_a_dry_run_tells_what_there_is_and_deletes_nothing(
        self, call: Call, put: Callable[[str, str], str], store: Minio, name: str
    ) -> None:
        call("create", name)
        put(f"{name}-batch", "docs/a.txt")
        told = call("delete", name, "--dry-run")
        assert told.returncode == 0, told.stderr
        assert told.stdout.splitlines() == [
            f"namespace {name}, with everything in it: 0 fine-tunes, 0 vectorizers",
            f"bucket {name}-batch: 1 file, 4 bytes",
            f"bucket {name}-models: 0 files, 0 bytes",
            f"user {name}-upload and its policy",
        ]
        assert store.bucket_exists(bucket_name=f"{name}-batch")

    def test_asks_for_the_name_and_deletes_nothing_for_another(self, call: Call, store: Minio, name: str) -> None:
        call("create", name)
        answer = call("delete", name, typed="yes\n")
        assert (answer.returncode, "Nothing was deleted" in answer.stderr) == (ExitCode.BAD_INPUT, True)
        assert store.bucket_exists(bucket_name=f"{name}-batch")

    def test_leaves_nothing_of_the_account_and_all_of_the_others(
        self,
        call: Call,
        put: Callable[[str, str], str],
        core: client.CoreV1Api,
        store: Minio,
        store_admin: MinioAdmin,
        name: str,
    ) -> None:
        call("create", name)
        call("create", f"{name}-x")
        put(f"{name}-models", put(f"{name}-batch", "docs/a.txt"))
        put(f"{name}-x-batch", "docs/a.txt")
        answer = call("delete", name, typed=f"{name}\n")
        assert answer.returncode == 0, answer.stderr
        with pytest.raises(client.ApiException, match="Not Found"):
            core.read_namespace(name)
        buckets = {bucket.name for bucket in store.list_buckets() or []}
        assert buckets & {f"{name}-batch", f"{name}-models"} == set()
        assert buckets >= {f"{name}-x-batch", f"{name}-x-models"}
        assert f'"{name}-upload"' not in store_admin.user_list()
        assert f'"{name}-upload"' not in store_admin.policy_list()
        assert f'"{name}-x-upload"' in store_admin.user_list()
        assert call("delete", name, "--yes").stdout == f"There is nothing of the account {name}.\n"

    def test_what_is_no_account_id_is_not_looked_for(self, call: Call) -> None:
        answer = call("delete", "Not_An_Account", "--yes")
        assert (answer.returncode, "no account id" in answer.stderr) == (ExitCode.BAD_INPUT, True), answer.stderr

    def test_a_namespace_that_is_no_account_is_left_alone(self, call: Call, core: client.CoreV1Api, name: str) -> None:
        core.create_namespace(client.V1Namespace(metadata=client.V1ObjectMeta(name=name)))
        answer = call("delete", name, "--yes")
        assert (answer.returncode, "is not the account" in answer.stderr) == (ExitCode.BAD_INPUT, True)
