"""The development cluster: real servers on 127.0.0.1 that live as long as the process that started them."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from kubernetes import client, config

from vectorizer_dev.component import Component, Components
from vectorizer_dev.control_plane import ControlPlane, start_control_plane
from vectorizer_dev.object_store import ObjectStore, start_object_store, wait_until_ready
from vectorizer_dev.ports import free_port
from vectorizer_dev.tools import Tools, find_tools

NODE_NAME = "process-node"
NODE_START_TIMEOUT = 60.0
TOKEN_LIFETIME = 12 * 3600


@dataclass(frozen=True)
class DevelopmentCluster:
    """A running cluster: API server, controllers, object store and one process node."""

    folder: Path
    """Data, certificates and a log file for each component."""
    tools: Tools
    components: Components
    """Takes further child processes that end before the cluster does."""
    control_plane: ControlPlane
    object_store: ObjectStore
    kubeconfig: Path
    """The administrator's kubeconfig."""

    @classmethod
    @contextmanager
    def start(cls, folder: Path, report: Callable[[str], None] = print) -> "Iterator[DevelopmentCluster]":
        """Start all parts with data and logs below the empty `folder` and stop them on leaving the context.

        `report` takes a line where something takes long (building the tools, once). Raises ToolError or
        ComponentError.
        """
        tools = find_tools(report)
        with Components(folder) as components:
            store = start_object_store(tools, folder, components)
            control_plane = start_control_plane(tools, folder, components)
            node = _start_process_node(control_plane, folder, components)
            kubeconfig = control_plane.api.kubeconfig_with_certificate(folder / "admin.kubeconfig", control_plane.admin)
            cluster = cls(folder, tools, components, control_plane, store, kubeconfig)
            wait_until_ready(store)
            control_plane.wait_for_controllers()
            node.wait_ready(cluster.node_is_ready, NODE_START_TIMEOUT)
            yield cluster

    def api_client(self) -> client.ApiClient:
        """Return a client of the administrator."""
        return api_client(self.kubeconfig)

    def node_is_ready(self) -> bool:
        """Tell whether the process node has registered itself and takes pods."""
        nodes = client.CoreV1Api(self.api_client()).list_node().items
        conditions = [condition for node in nodes if node.status for condition in node.status.conditions or []]
        return any(condition.type == "Ready" and condition.status == "True" for condition in conditions)

    def kubeconfig_for_service_account(self, namespace: str, name: str) -> Path:
        """Write a kubeconfig with a token of the service account, valid for twelve hours, and return its path."""
        request = client.AuthenticationV1TokenRequest(
            spec=client.V1TokenRequestSpec(audiences=[], expiration_seconds=TOKEN_LIFETIME)
        )
        answer = client.CoreV1Api(self.api_client()).create_namespaced_service_account_token(name, namespace, request)
        path = self.folder / f"{namespace}-{name}.kubeconfig"
        if answer.status is None or answer.status.token is None:
            raise RuntimeError(f"the API server gave no token for {namespace}/{name}")
        return self.control_plane.api.kubeconfig_with_token(path, answer.status.token)


def api_client(kubeconfig: Path) -> client.ApiClient:
    """Return a client that logs in with a kubeconfig."""
    opened = config.new_client_from_config(str(kubeconfig))  # type: ignore[no-untyped-call]
    assert isinstance(opened, client.ApiClient)  # noqa: S101 tells the type checker what the library does not
    return opened


def _start_process_node(control_plane: ControlPlane, folder: Path, components: Components) -> Component:
    api, authority = control_plane.api, control_plane.authority
    scheduler = authority.client("system:kube-scheduler")
    node = authority.client(f"system:node:{NODE_NAME}", "system:nodes")
    serving = authority.server(NODE_NAME)
    command = [
        *(sys.executable, "-m", "vectorizer_dev.process_node"),
        *("--name", NODE_NAME),
        *("--folder", str(folder / "node")),
        *("--kubeconfig", str(api.kubeconfig_with_certificate(folder / "node.kubeconfig", node))),
        *("--scheduler-kubeconfig", str(api.kubeconfig_with_certificate(folder / "scheduler.kubeconfig", scheduler))),
        *("--certificate", str(serving.certificate), "--key", str(serving.key)),
        *("--client-authority", str(authority.certificate_file)),
        *("--log-port", str(free_port())),
    ]
    return components.start("process-node", command)
