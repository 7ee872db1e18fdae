"""How soon a request becomes a Job, and what the operator weighs at rest.

python bench/operator_latency.py [--requests 100]

Real API server, MinIO and operator; no node takes the Jobs. `Job` is the time from sending the request until a watch
shows its Job, `started` until it shows it unsuspended: then its credentials are minted and in place. `a POST` is what a
bare write to the same API server takes from the same process, as a measure of the machine. The CPU times hardly depend
on what else the machine does; where the requests come at once, they bound the latency.
"""

import argparse
import contextlib
import statistics
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from kubernetes import client, watch
from scale.process import cpu_seconds, resident_mib
from urllib3.exceptions import HTTPError
from vectorizer_api import API_VERSION, GROUP, VERSION
from vectorizer_api.content import ContentType
from vectorizer_api.names import FINE_TUNE_LABEL
from vectorizer_dev.accounts import create_account
from vectorizer_dev.acted_run import PARKED
from vectorizer_dev.cluster import DevelopmentCluster
from vectorizer_dev.platform import USUAL, set_up
from vectorizer_dev.waiting import eventually
from vectorizer_trainer.bases import ensure_base

ACCOUNT = "bench"
REST_SECONDS = 5.0


@dataclass
class Seen:
    """When the watch first showed each fine-tune's Job, and when unsuspended; seconds of the monotonic clock."""

    created: dict[str, float] = field(default_factory=dict)
    started: dict[str, float] = field(default_factory=dict)

    def follow(self, api: client.ApiClient) -> None:
        """Watch the account's Jobs until the cluster ends."""
        with contextlib.suppress(HTTPError):  # The API server ends before this process does.
            self._follow(api)

    def _follow(self, api: client.ApiClient) -> None:
        jobs = client.BatchV1Api(api).list_namespaced_job
        for event in watch.Watch().stream(jobs, ACCOUNT):  # type: ignore[no-untyped-call]
            now, job = time.monotonic(), event["object"]
            name = job.metadata.labels[FINE_TUNE_LABEL]
            self.created.setdefault(name, now)
            if not job.spec.suspend:
                self.started.setdefault(name, now)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=100)
    count = parser.parse_args().requests
    with tempfile.TemporaryDirectory() as folder, DevelopmentCluster.start(Path(folder)) as cluster:
        platform = set_up(cluster, {ContentType.TEXT: ensure_base(ContentType.TEXT)}, USUAL)
        offer = {"default": "parked", "profiles": {"parked": {"nodeSelector": PARKED}}}
        (cluster.folder / "profiles.yaml").write_text(yaml.safe_dump(offer))
        api, store = cluster.api_client(), cluster.object_store
        create_account(ACCOUNT, api=api, store=store.client(), admin=store.admin())
        seen = Seen()
        threading.Thread(target=seen.follow, args=(cluster.api_client(),), daemon=True).start()
        idle = resident_mib(platform.operator.pid)
        posts = [bare_post(api, index) for index in range(count)]
        one_by_one = measure(api, seen, [f"one-{index}" for index in range(count)], wait=1)
        before = cpu_seconds(platform.operator.pid)
        together = measure(api, seen, [f"burst-{index}" for index in range(count)], wait=count)
        worked = cpu_seconds(platform.operator.pid) - before
        time.sleep(REST_SECONDS)
        print(f"{'milliseconds':24}{'p50':>8}{'p95':>8}")
        show("a POST", posts)
        for title, sent in (("one by one", one_by_one), (f"{count} at once", together)):
            show(f"{title}: Job", [seen.created[name] - at for name, at in sent.items()])
            show(f"{title}: started", [seen.started[name] - at for name, at in sent.items()])
        print(f"CPU {1000 * worked / count:.0f} ms of the operator a request, at once")
        print(
            f"RSS {idle:.0f} MiB idle, {resident_mib(platform.operator.pid):.0f} MiB at rest with {2 * count} requests"
        )


def measure(api: client.ApiClient, seen: Seen, names: Sequence[str], wait: int) -> dict[str, float]:
    """Send the requests, waiting after each `wait` of them until all are started; when each was sent."""
    objects, sent = client.CustomObjectsApi(api), dict[str, float]()
    for index, name in enumerate(names, start=1):
        body = {
            "apiVersion": API_VERSION,
            "kind": "VectorizerFineTune",
            "metadata": {"name": name},
            "spec": {"contentType": "Text", "customVectorizerName": name, "downloadFromBatchCloudFolder": True},
        }
        sent[name] = time.monotonic()
        objects.create_namespaced_custom_object(GROUP, VERSION, ACCOUNT, "vectorizerfinetunes", body)
        if index % wait == 0:
            eventually(lambda: sent.keys() <= seen.started.keys(), timeout=120)
    return sent


def bare_post(api: client.ApiClient, index: int) -> float:
    """Seconds of creating a small object."""
    body = client.V1ConfigMap(metadata=client.V1ObjectMeta(name=f"bare-{index}"), data={"a": "b"})
    before = time.monotonic()
    client.CoreV1Api(api).create_namespaced_config_map(ACCOUNT, body)
    return time.monotonic() - before


def show(title: str, seconds: Sequence[float]) -> None:
    """Print one line of the table."""
    cuts = statistics.quantiles(seconds, n=20)
    print(f"{title:24}{statistics.median(seconds) * 1000:8.0f}{cuts[18] * 1000:8.0f}")


if __name__ == "__main__":
    main()
