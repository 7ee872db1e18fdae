"""The real Kueue on the development cluster: installed by its own manifests, its manager a process on this machine."""

import base64
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from kubernetes import client

from vectorizer_dev.cluster import DevelopmentCluster
from vectorizer_dev.component import Component
from vectorizer_dev.ports import free_port
from vectorizer_dev.probing import answers_well
from vectorizer_dev.tools import QueueingTools

NAMESPACE = "kueue-system"
SERVICE_ACCOUNT = "kueue-controller-manager"
WEBHOOK_SERVICE = "kueue-webhook-service"
CERTIFICATE_SECRET = "kueue-webhook-server-cert"  # noqa: S105 a name
CONFIGURATION = "kueue-manager-config"
START_TIMEOUT = 180.0
_LEFT_OUT = ("Deployment", "APIService")
"""What its own process replaces, and what would have the API server ask it for figures that nothing here reads."""
Manifest = dict[str, Any]


def start_kueue(tools: QueueingTools, cluster: DevelopmentCluster) -> Component:
    """Install Kueue and start its manager under its own service account; it admits Jobs when this returns.

    Raises ComponentError where it does not start, CalledProcessError where a manifest is refused.
    """
    webhook_port, health_port = free_port(), free_port()
    manifests = list(_manifests(tools, cluster, webhook_port))
    _apply(cluster, manifests)
    folder = cluster.folder / "kueue"
    certificates = folder / "certificates"
    certificates.mkdir(parents=True, mode=0o700)
    configuration = folder / "configuration.yaml"
    configuration.write_text(yaml.safe_dump(_configuration(manifests, webhook_port, health_port, certificates)))
    command = [
        str(tools.kueue),
        f"--config={configuration}",
        "--feature-gates=VisibilityOnDemand=false",
        "--zap-log-level=2",
    ]
    access = {"KUBECONFIG": str(cluster.kubeconfig_for_service_account(NAMESPACE, SERVICE_ACCOUNT))}
    manager = cluster.components.start("kueue", command, access)
    core, ready = client.CoreV1Api(cluster.api_client()), f"http://127.0.0.1:{health_port}/readyz"
    manager.wait_ready(lambda: _mounts(core, certificates) and answers_well(ready), START_TIMEOUT)
    return manager


def _manifests(tools: QueueingTools, cluster: DevelopmentCluster, webhook_port: int) -> Iterator[Manifest]:
    """What an administrator would install, with webhooks that lead to this machine."""
    rendered = subprocess.run(
        [str(cluster.tools.kubectl), "kustomize", str(tools.manifests)], check=True, capture_output=True, text=True
    ).stdout
    for item in yaml.safe_load_all(rendered):
        if item["kind"] in _LEFT_OUT:
            continue
        if item["kind"] == "Service" and item["metadata"]["name"] == WEBHOOK_SERVICE:
            item["spec"] = {"type": "ExternalName", "externalName": "localhost"}
        for service in _services_called(item):
            service["port"] = webhook_port
        yield item


def _services_called(item: Manifest) -> Iterator[Manifest]:
    """The references to Services by which the API server calls webhooks."""
    for webhook in item.get("webhooks", []):
        yield webhook["clientConfig"]["service"]
    conversion = item.get("spec", {}).get("conversion", {})
    if "webhook" in conversion:
        yield conversion["webhook"]["clientConfig"]["service"]


def _configuration(manifests: list[Manifest], webhook_port: int, health_port: int, certificates: Path) -> Manifest:
    """The configuration that it ships with, on free ports of this machine."""
    (shipped,) = (item["data"] for item in manifests if item["metadata"]["name"] == CONFIGURATION)
    (text,) = shipped.values()
    mine = {
        "health": {"healthProbeBindAddress": f"127.0.0.1:{health_port}"},
        "metrics": {"bindAddress": "0"},
        "webhook": {"host": "127.0.0.1", "port": webhook_port, "certDir": str(certificates)},
        "leaderElection": {"leaderElect": False},
    }
    return {**yaml.safe_load(text), **mine}


def _apply(cluster: DevelopmentCluster, manifests: list[Manifest]) -> None:
    kubectl = [str(cluster.tools.kubectl), f"--kubeconfig={cluster.kubeconfig}"]
    command = [*kubectl, "apply", "--server-side", "--filename=-"]
    subprocess.run(command, input=yaml.safe_dump_all(manifests), check=True, capture_output=True, text=True)


def _mounts(core: client.CoreV1Api, folder: Path) -> bool:
    """Do what a kubelet does: the manager puts the webhooks' certificate into a Secret, and reads it from files."""
    secret = core.read_namespaced_secret(CERTIFICATE_SECRET, NAMESPACE).data or {}
    files = {folder / name: base64.b64decode(secret[name]) for name in ("tls.key", "tls.crt") if name in secret}
    for file, body in files.items():
        if not file.exists() or file.read_bytes() != body:
            file.write_bytes(body)
    return bool(files)
