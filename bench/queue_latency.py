"""How soon a run that Kueue admits may be scheduled.

python bench/queue_latency.py [--requests 20]

Real API server, MinIO, operator and Kueue; no node takes the Pods. `let go` is the time from when a watch shows the Job
unsuspended, which is Kueue's admission, until another shows its Pod without the gate: then the job controller has made
the Pod, and the operator has minted the run's credentials and put them in place. `Pod` is the controller's share of it.
`a POST` is what a bare write to the same API server takes, as a measure of the machine.
"""

import argparse
import contextlib
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from kubernetes import client, watch
from operator_latency import ACCOUNT, bare_post, show
from scale.process import cpu_seconds
from urllib3.exceptions import HTTPError
from vectorizer_api import API_VERSION, GROUP, VERSION
from vectorizer_api.content import ContentType
from vectorizer_api.names import FINE_TUNE_LABEL
from vectorizer_dev.accounts import create_account
from vectorizer_dev.acted_run import PARKED
from vectorizer_dev.cluster import DevelopmentCluster
from vectorizer_dev.kueue import start_kueue
from vectorizer_dev.platform import USUAL, set_up
from vectorizer_dev.quota import ClusterQueue
from vectorizer_dev.tools import find_queueing_tools
from vectorizer_dev.waiting import eventually
from vectorizer_trainer.bases import ensure_base

QUEUE = "gpus"
PATIENCE = 600.0
ONE_PROCESSOR = {"nodeSelector": PARKED, "resources": {"requests": {"cpu": "1", "memory": "1Gi"}}}


@dataclass
class Seen:
    """When watches first showed each fine-tune's Job admitted, its Pod, and its Pod let go; monotonic seconds."""

    queued: dict[str, float] = field(default_factory=dict)
    admitted: dict[str, float] = field(default_factory=dict)
    made: dict[str, float] = field(default_factory=dict)
    let_go: dict[str, float] = field(default_factory=dict)

    def follow(self, cluster: DevelopmentCluster) -> None:
        """Watch the account's Jobs and Pods until the cluster ends."""
        for look in (self._follow_jobs, self._follow_pods):
            threading.Thread(target=look, args=(cluster.api_client(),), daemon=True).start()

    def _follow_jobs(self, api: client.ApiClient) -> None:
        with contextlib.suppress(HTTPError):  # The API server ends before this process does.
            jobs = client.BatchV1Api(api).list_namespaced_job
            for event in watch.Watch().stream(jobs, ACCOUNT):  # type: ignore[no-untyped-call]
                now, job = time.monotonic(), event["object"]
                found = self.queued if job.spec.suspend else self.admitted
                found.setdefault(job.metadata.labels[FINE_TUNE_LABEL], now)

    def _follow_pods(self, api: client.ApiClient) -> None:
        with contextlib.suppress(HTTPError):
            pods = client.CoreV1Api(api).list_namespaced_pod
            for event in watch.Watch().stream(pods, ACCOUNT):  # type: ignore[no-untyped-call]
                now, pod = time.monotonic(), event["object"]
                name = pod.metadata.labels[FINE_TUNE_LABEL]
                self.made.setdefault(name, now)
                if not pod.spec.scheduling_gates:
                    self.let_go.setdefault(name, now)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=20)
    count = parser.parse_args().requests
    with tempfile.TemporaryDirectory() as folder, DevelopmentCluster.start(Path(folder)) as cluster:
        platform = set_up(cluster, {ContentType.TEXT: ensure_base(ContentType.TEXT)}, USUAL)
        start_kueue(find_queueing_tools(), cluster)
        offer = {"default": "parked", "profiles": {"parked": ONE_PROCESSOR}}
        (cluster.folder / "profiles.yaml").write_text(yaml.safe_dump(offer))
        api, store = cluster.api_client(), cluster.object_store
        create_account(ACCOUNT, api=api, store=store.client(), admin=store.admin())
        quota = ClusterQueue.make(api, "bench", processors=0)
        quota.open_in(ACCOUNT, QUEUE)
        seen = Seen()
        seen.follow(cluster)
        posts = [bare_post(api, index) for index in range(count)]
        one_by_one, together = ([f"{kind}-{index}" for index in range(count)] for kind in ("one", "burst"))
        for number, name in enumerate(one_by_one, start=1):
            queue_up(api, seen, [name])
            admit(quota, seen, [name], number)
        queue_up(api, seen, together)
        before = cpu_seconds(platform.operator.pid)
        admit(quota, seen, together, 2 * count)
        worked = cpu_seconds(platform.operator.pid) - before
        print(f"{'milliseconds':24}{'p50':>8}{'p95':>8}")
        show("a POST", posts)
        for title, names in (("one by one", one_by_one), (f"{count} at once", together)):
            show(f"{title}: Pod", [seen.made[name] - seen.admitted[name] for name in names])
            show(f"{title}: let go", [seen.let_go[name] - seen.admitted[name] for name in names])
        print(f"CPU {1000 * worked / count:.0f} ms of the operator a request, at once")


def queue_up(api: client.ApiClient, seen: Seen, names: Sequence[str]) -> None:
    """Send the requests and wait until their Jobs are queued."""
    for name in names:
        spec = {
            "contentType": "Text",
            "customVectorizerName": name,
            "downloadFromBatchCloudFolder": True,
            "queueName": QUEUE,
        }
        body = {"apiVersion": API_VERSION, "kind": "VectorizerFineTune", "metadata": {"name": name}, "spec": spec}
        objects = client.CustomObjectsApi(api)
        objects.create_namespaced_custom_object(GROUP, VERSION, ACCOUNT, "vectorizerfinetunes", body)
    eventually(lambda: set(names) <= seen.queued.keys(), PATIENCE)


def admit(quota: ClusterQueue, seen: Seen, names: Sequence[str], processors: int) -> None:
    """Give quota for as many, and wait until these are let go."""
    quota.grant(processors)
    eventually(lambda: set(names) <= seen.let_go.keys(), PATIENCE)


if __name__ == "__main__":
    main()
