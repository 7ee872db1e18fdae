import ftplib
import io
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client
from kubernetes.client.exceptions import ApiException
from minio import Minio
from minio.minioadmin import MinioAdmin
from urllib3.exceptions import HTTPError
from vectorizer_dev.cluster import DevelopmentCluster, api_client
from vectorizer_dev.waiting import eventually

FORBIDDEN, NOT_FOUND = 403, 404
Api = Any
"""A typed client: every field of its models may be None, which a test need not say each time."""


def container(script: str, **more: Any) -> dict[str, Any]:
    """A container that runs a Python script."""
    return {"name": "main", "image": "none", "command": ["python", "-c", script], **more}


def pod(name: str, running: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"metadata": {"name": name}, "spec": {"restartPolicy": "Never", "containers": [running], **more}}


def terminated(core: Api, namespace: str, name: str) -> Any:
    statuses = core.read_namespaced_pod(name, namespace).status.container_statuses or []
    return statuses[0].state.terminated if statuses else None


def is_running(core: Api, namespace: str, name: str) -> bool:
    status = core.read_namespaced_pod(name, namespace).status
    return bool(status.phase == "Running")


def answers(core: Api) -> bool:
    try:
        return bool(core.list_namespace().items)
    except (ApiException, HTTPError):
        return False


def wrote(core: Api, namespace: str, name: str, line: str) -> bool:
    try:
        return line in (core.read_namespaced_pod_log(name, namespace) or "").splitlines()
    except ApiException:
        # Not bound or not started yet.
        return False


def is_gone(core: Api, namespace: str, name: str) -> bool:
    try:
        core.read_namespaced_pod(name, namespace)
    except ApiException as error:
        return bool(error.status == NOT_FOUND)
    return False


class TestTheApiServer:
    def test_denies_a_service_account_what_no_role_allows(self, cluster: DevelopmentCluster, namespace: str) -> None:
        kubeconfig = cluster.kubeconfig_for_service_account(namespace, "default")
        with api_client(kubeconfig) as unprivileged, pytest.raises(ApiException) as refusal:
            client.CoreV1Api(unprivileged).list_namespaced_secret(namespace)
        assert refusal.value.status == FORBIDDEN

    def test_allows_the_node_only_the_secrets_of_its_pods(
        self, cluster: DevelopmentCluster, core: Api, namespace: str
    ) -> None:
        core.create_namespaced_secret(namespace, {"metadata": {"name": "foreign"}})
        with api_client(cluster.folder / "node.kubeconfig") as node, pytest.raises(ApiException) as refusal:
            client.CoreV1Api(node).read_namespaced_secret("foreign", namespace)
        assert refusal.value.status == FORBIDDEN


class TestTheProcessNode:
    def test_runs_a_job_to_completion(self, batch: Api, core: Api, namespace: str) -> None:
        script = "open('/dev/termination-log', 'w').write('well done')"
        template = {"spec": pod("unused", container(script))["spec"]}
        job = {"metadata": {"name": "good"}, "spec": {"backoffLimit": 0, "template": template}}
        batch.create_namespaced_job(namespace, job)
        eventually(lambda: batch.read_namespaced_job("good", namespace).status.succeeded)
        name = core.list_namespaced_pod(namespace, label_selector="job-name=good").items[0].metadata.name
        end = terminated(core, namespace, name)
        assert end is not None
        assert (end.exit_code, end.reason, end.message) == (0, "Completed", "well done")
        assert end.started_at <= end.finished_at

    def test_reports_an_exit_code_that_ends_the_job_by_its_policy(self, batch: Api, namespace: str) -> None:
        rule = {"action": "FailJob", "onExitCodes": {"operator": "In", "values": [64]}}
        template = {"spec": pod("unused", container("raise SystemExit(64)"))["spec"]}
        spec = {"backoffLimit": 6, "podFailurePolicy": {"rules": [rule]}, "template": template}
        batch.create_namespaced_job(namespace, {"metadata": {"name": "bad"}, "spec": spec})

        def failures() -> list[str]:
            conditions = batch.read_namespaced_job("bad", namespace).status.conditions or []
            return [condition.reason for condition in conditions if condition.type == "Failed"]

        assert eventually(failures) == ["PodFailurePolicy"]

    def test_gives_volumes_by_their_mount_paths(self, core: Api, namespace: str) -> None:
        core.create_namespaced_config_map(namespace, {"metadata": {"name": "c"}, "data": {"run.json": "what to do"}})
        core.create_namespaced_secret(namespace, {"metadata": {"name": "s"}, "stringData": {"secret_key": "whisper"}})
        script = (
            "import os, sys; config, work = sys.argv[1:]; open(f'{work}/new', 'w').close(); "
            "words = [open(config).read(), open(os.environ['KEYS'] + '/secret_key').read(), *os.listdir(work)]; "
            "open('/dev/termination-log', 'w').write(' '.join(words))"
        )
        mounts = [("run", "/etc/run"), ("keys", "/keys"), ("work", "/data")]
        running = container(
            script,
            args=["/etc/run/run.json", "/data"],
            env=[{"name": "KEYS", "value": "/keys"}],
            volumeMounts=[{"name": name, "mountPath": path} for name, path in mounts],
        )
        volumes = [
            {"name": "run", "configMap": {"name": "c"}},
            {"name": "keys", "secret": {"secretName": "s"}},
            {"name": "work", "emptyDir": {}},
        ]
        core.create_namespaced_pod(namespace, pod("mounts", running, volumes=volumes))
        end = eventually(lambda: terminated(core, namespace, "mounts"))
        assert (end.exit_code, end.message) == (0, "what to do whisper new")

    def test_gives_no_token_where_the_pod_forbids_it(self, core: Api, namespace: str) -> None:
        script = "import os; raise SystemExit(os.path.exists('/var/run/secrets/kubernetes.io/serviceaccount/token'))"
        core.create_namespaced_pod(namespace, pod("default", container(script)))
        core.create_namespaced_pod(namespace, pod("without", container(script), automountServiceAccountToken=False))
        codes = [eventually(lambda: terminated(core, namespace, name)).exit_code for name in ("default", "without")]  # noqa: B023
        assert codes == [1, 0]

    def test_waits_for_a_missing_secret(self, core: Api, namespace: str) -> None:
        running = container("print('here')", volumeMounts=[{"name": "late", "mountPath": "/late"}])
        volumes = [{"name": "late", "secret": {"secretName": "late"}}]
        core.create_namespaced_pod(namespace, pod("waiting", running, volumes=volumes))

        def complaints() -> list[str]:
            selector = "involvedObject.name=waiting,reason=FailedMount"
            return [event.message for event in core.list_namespaced_event(namespace, field_selector=selector).items]

        assert "'late' not found" in eventually(complaints)[0]
        state = core.read_namespaced_pod("waiting", namespace).status.container_statuses[0].state
        assert state.waiting.reason == "ContainerCreating"
        core.create_namespaced_secret(namespace, {"metadata": {"name": "late"}})
        assert eventually(lambda: terminated(core, namespace, "waiting")).exit_code == 0

    def test_reports_a_program_that_is_not_there(self, core: Api, namespace: str) -> None:
        running = container("") | {"command": ["no-such-program"]}
        core.create_namespaced_pod(namespace, pod("absent", running))
        end = eventually(lambda: terminated(core, namespace, "absent"))
        assert (end.exit_code, end.reason) == (128, "StartError")

    def test_shows_the_log_of_a_container_as_it_grows(
        self, cluster: DevelopmentCluster, core: Api, namespace: str
    ) -> None:
        script = "import sys, time\nfor n in range(3): print('line', n, flush=True); time.sleep(.2)"
        core.create_namespaced_pod(namespace, pod("talker", container(script)))
        eventually(lambda: wrote(core, namespace, "talker", "line 0"))
        command = [
            str(cluster.tools.kubectl),
            f"--kubeconfig={cluster.kubeconfig}",
            "logs",
            "-f",
            "-n",
            namespace,
            "talker",
        ]
        shown = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout
        assert shown == "line 0\nline 1\nline 2\n"
        assert core.read_namespaced_pod_log("talker", namespace, tail_lines=1) == "line 2\n"

    def test_leaves_a_pod_pending_that_does_not_fit(self, core: Api, namespace: str) -> None:
        running = container("", resources={"limits": {"nvidia.com/gpu": "1"}})
        core.create_namespaced_pod(namespace, pod("large", running))

        def obstacles() -> list[str]:
            conditions = core.read_namespaced_pod("large", namespace).status.conditions or []
            return [condition.message for condition in conditions if condition.reason == "Unschedulable"]

        assert eventually(obstacles) == ["0/1 nodes are available: 1 Insufficient nvidia.com/gpu."]

    def test_sends_sigterm_and_reports_how_the_container_took_it(self, core: Api, namespace: str) -> None:
        script = (
            "import signal, sys\n"
            "def leave(*_):\n"
            "    open('/dev/termination-log', 'w').write('checkpoint written'); sys.exit(143)\n"
            "signal.signal(signal.SIGTERM, leave)\n"
            "print('ready', flush=True)\n"
            "signal.pause()\n"
        )
        # The finalizer keeps the object, so that its last status can be read.
        polite = pod("polite", container(script))
        polite["metadata"]["finalizers"] = ["vectorizers.dev/test"]
        core.create_namespaced_pod(namespace, polite)
        eventually(lambda: wrote(core, namespace, "polite", "ready"))
        core.delete_namespaced_pod("polite", namespace)
        end = eventually(lambda: terminated(core, namespace, "polite"))
        assert (end.exit_code, end.message) == (143, "checkpoint written")
        core.patch_namespaced_pod("polite", namespace, {"metadata": {"finalizers": None}})
        eventually(lambda: is_gone(core, namespace, "polite"))

    def test_ends_a_pod_that_is_active_longer_than_it_may(self, core: Api, namespace: str) -> None:
        slow = pod("slow", container("import signal; signal.pause()"), activeDeadlineSeconds=1)
        core.create_namespaced_pod(namespace, slow)
        eventually(lambda: terminated(core, namespace, "slow"))
        status = core.read_namespaced_pod("slow", namespace).status
        assert (status.phase, status.reason) == ("Failed", "DeadlineExceeded")

    def test_kills_what_ignores_sigterm_after_the_grace_period(self, core: Api, namespace: str) -> None:
        script = (
            "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True)\n"
            "while True: signal.pause()"
        )
        stubborn = pod("stubborn", container(script), terminationGracePeriodSeconds=1)
        stubborn["metadata"]["finalizers"] = ["vectorizers.dev/test"]
        core.create_namespaced_pod(namespace, stubborn)
        eventually(lambda: wrote(core, namespace, "stubborn", "ready"))
        core.delete_namespaced_pod("stubborn", namespace)
        end = eventually(lambda: terminated(core, namespace, "stubborn"))
        assert (end.exit_code, end.reason) == (137, "Error")
        core.patch_namespaced_pod("stubborn", namespace, {"metadata": {"finalizers": None}})
        eventually(lambda: is_gone(core, namespace, "stubborn"))


@pytest.fixture(scope="module")
def ftp_user(store: Minio, store_admin: MinioAdmin) -> Iterator[tuple[str, str]]:
    """A user who may read and write one bucket, which bears the user's name."""
    name = "ftp-test-batch"
    store.make_bucket(bucket_name=name)
    place = [f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/*"]
    statement = {"Effect": "Allow", "Action": ["s3:*"], "Resource": place}
    store_admin.policy_add(name, policy={"Version": "2012-10-17", "Statement": [statement]})
    store_admin.user_add(name, "an ftp password")
    store_admin.attach_policy([name], user=name)
    yield name, "an ftp password"
    store_admin.user_remove(name)


class TestTheObjectStore:
    def test_takes_files_by_ftp_into_the_bucket(
        self, cluster: DevelopmentCluster, store: Minio, ftp_user: tuple[str, str]
    ) -> None:
        user, password = ftp_user
        with ftplib.FTP() as ftp:
            ftp.connect(cluster.object_store.ftp_host, cluster.object_store.ftp_port)
            ftp.login(user, password)
            ftp.cwd(user)
            ftp.mkd("animals")
            ftp.storbinary("STOR animals/cat.txt", io.BytesIO(b"a cat"))
        with store.get_object(bucket_name=user, object_name="animals/cat.txt") as answer:
            assert answer.read() == b"a cat"

    def test_shows_an_ftp_user_no_other_bucket(
        self, cluster: DevelopmentCluster, store: Minio, ftp_user: tuple[str, str]
    ) -> None:
        store.make_bucket(bucket_name="another-batch")
        with ftplib.FTP() as ftp:
            ftp.connect(cluster.object_store.ftp_host, cluster.object_store.ftp_port)
            ftp.login(*ftp_user)
            with pytest.raises(ftplib.error_perm):
                ftp.cwd("another-batch")


class TestTheWholeCluster:
    def test_goes_on_after_a_crash_of_the_api_server(self, tmp_path: Path) -> None:
        script = "print('ready', flush=True)\nimport signal; signal.pause()"
        with DevelopmentCluster.start(tmp_path) as cluster, cluster.api_client() as api:
            core: Api = client.CoreV1Api(api)
            core.create_namespaced_pod("default", pod("before", container(script)))
            eventually(lambda: wrote(core, "default", "before", "ready"))
            cluster.control_plane.api_server.restart(signal.SIGKILL)
            eventually(lambda: answers(core))
            assert is_running(core, "default", "before")
            core.create_namespaced_pod("default", pod("after", container("")))
            assert eventually(lambda: terminated(core, "default", "after")).exit_code == 0
            core.delete_namespaced_pod("before", "default", grace_period_seconds=1)
            eventually(lambda: is_gone(core, "default", "before"))

    def test_ends_clean_by_ctrl_c_however_often(self) -> None:
        command = [sys.executable, "-m", "vectorizer_dev", "cluster", "--content", "Text"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
            assert running.stdout is not None
            shown = iter(running.stdout.readline, "")
            eventually(lambda: "Ctrl-C stops everything" in next(shown), timeout=120)
            family = descendants(running.pid)
            for _ in range(2):
                running.send_signal(signal.SIGINT)
            assert "Stopped." in running.stdout.read()
        assert running.returncode == 0
        assert family
        assert not any(is_alive(pid) for pid in family)

    SCRIPT = (
        "import sys, signal\n"
        "from pathlib import Path\n"
        "from vectorizer_dev.cluster import DevelopmentCluster\n"
        "with DevelopmentCluster.start(Path(sys.argv[1])) as cluster:\n"
        "    print(cluster.kubeconfig, flush=True)\n"
        "    signal.pause()\n"
    )

    def test_dies_with_its_parent_even_by_sigkill(self, tmp_path: Path) -> None:
        command = [sys.executable, "-c", self.SCRIPT, str(tmp_path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
            assert parent.stdout is not None
            with api_client(Path(parent.stdout.readline().strip())) as api:
                core: Api = client.CoreV1Api(api)
                core.create_namespaced_pod("default", pod("endless", container("import signal; signal.pause()")))
                eventually(lambda: is_running(core, "default", "endless"))
            family = descendants(parent.pid)
            names = {Path(f"/proc/{pid}/comm").read_text().strip() for pid in family}
            assert {"etcd", "kube-apiserver", "kube-controller", "minio"} <= names
            assert len(family) == 6
            parent.send_signal(signal.SIGKILL)
        eventually(lambda: not any(is_alive(pid) for pid in family))


def descendants(pid: int) -> list[int]:
    """The processes below `pid`, its children first."""
    found = [
        int(child) for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()
    ]
    return found + [further for child in found for further in descendants(child)]


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")")[1].split()[0] != "Z"
    except OSError:
        return False
