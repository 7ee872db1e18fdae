"""etcd, kube-apiserver and kube-controller-manager as local processes."""

import ssl
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError

from vectorizer_dev.certificates import CertificateAuthority, KeyPair, write_signing_key
from vectorizer_dev.component import Component, Components
from vectorizer_dev.kubeconfig import ApiEndpoint
from vectorizer_dev.ports import free_port
from vectorizer_dev.tools import Tools

START_TIMEOUT = 60.0
"""Seconds; a start takes about three on two idle cores, and many times that on busy ones."""


@dataclass(frozen=True)
class ApiAddress:
    """Where the API server listens."""

    host: str
    port: int


@dataclass(frozen=True)
class ControlPlane:
    """The running servers and the way in for administrators."""

    api: ApiEndpoint
    authority: CertificateAuthority
    admin: KeyPair
    api_server: Component
    controller_manager: Component

    def wait_for_controllers(self) -> None:
        """Wait until namespaces get what their pods need.

        Raises ComponentError where they do not.
        """
        tls = _admin_tls(self.authority, self.admin)
        self.controller_manager.wait_ready(lambda: _controllers_work(self.api, tls), START_TIMEOUT)


def start_control_plane(
    tools: Tools, folder: Path, components: Components, address: ApiAddress | None = None
) -> ControlPlane:
    """Start the three servers with their data below `folder`; the API server answers when this returns.

    It listens on a free port of 127.0.0.1 unless it is told another address of this machine.

    Raises ComponentError where one of them does not start.
    """
    certificates = folder / "certificates"
    certificates.mkdir(mode=0o700)
    authority = CertificateAuthority(certificates)
    signing_key = write_signing_key(certificates / "service-accounts.key")
    admin = authority.client("admin", "system:masters")
    etcd_url = _start_etcd(tools, folder, components)
    api_server, api = _start_api_server(
        tools, components, etcd_url, authority, signing_key, address or ApiAddress("127.0.0.1", free_port())
    )
    tls = _admin_tls(authority, admin)
    api_server.wait_ready(lambda: _answers(f"{api.url}/readyz", tls), START_TIMEOUT)
    managers = _start_controller_manager(tools, folder, components, api, authority, signing_key)
    return ControlPlane(api, authority, admin, api_server, managers)


def _admin_tls(authority: CertificateAuthority, admin: KeyPair) -> ssl.SSLContext:
    tls = ssl.create_default_context(cafile=str(authority.certificate_file))
    tls.load_cert_chain(admin.certificate, admin.key)
    return tls


def _start_etcd(tools: Tools, folder: Path, components: Components) -> str:
    client, peer = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
    command = [
        str(tools.etcd),
        f"--data-dir={folder / 'etcd'}",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=default={peer}",
        # The data lives no longer than this cluster: nobody needs it after a power cut.
        "--unsafe-no-fsync",
    ]
    components.start("etcd", command)
    return client


def _start_api_server(
    tools: Tools,
    components: Components,
    etcd_url: str,
    authority: CertificateAuthority,
    signing_key: Path,
    address: ApiAddress,
) -> tuple[Component, ApiEndpoint]:
    serving = authority.server("kube-apiserver")
    to_nodes = authority.client("kube-apiserver-kubelet-client", "system:masters")
    command = [
        str(tools.kube_apiserver),
        f"--etcd-servers={etcd_url}",
        f"--bind-address={address.host}",
        f"--advertise-address={address.host}",
        f"--secure-port={address.port}",
        f"--tls-cert-file={serving.certificate}",
        f"--tls-private-key-file={serving.key}",
        f"--client-ca-file={authority.certificate_file}",
        f"--kubelet-client-certificate={to_nodes.certificate}",
        f"--kubelet-client-key={to_nodes.key}",
        f"--kubelet-certificate-authority={authority.certificate_file}",
        "--kubelet-preferred-address-types=InternalIP",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        # No node life-cycle controller runs that would take the taint of a new node away again.
        "--disable-admission-plugins=TaintNodesByCondition",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-signing-key-file={signing_key}",
        f"--service-account-key-file={signing_key}",
        "--service-cluster-ip-range=10.0.0.0/24",
        "--endpoint-reconciler-type=none",
        # As clusters are set up: what may be privileged is decided by admission.
        "--allow-privileged=true",
    ]
    api = ApiEndpoint(f"https://{address.host}:{address.port}", authority.certificate_file)
    return components.start("kube-apiserver", command), api


def _start_controller_manager(
    tools: Tools,
    folder: Path,
    components: Components,
    api: ApiEndpoint,
    authority: CertificateAuthority,
    signing_key: Path,
) -> Component:
    identity = authority.client("system:kube-controller-manager")
    kubeconfig = api.kubeconfig_with_certificate(folder / "controller-manager.kubeconfig", identity)
    command = [
        str(tools.kube_controller_manager),
        f"--kubeconfig={kubeconfig}",
        "--bind-address=127.0.0.1",
        f"--secure-port={free_port()}",
        "--leader-elect=false",
        "--use-service-account-credentials",
        # Its thrift towards a shared API server would cost each start seconds.
        "--kube-api-qps=500",
        "--kube-api-burst=500",
        # An account's quota that came before the cluster knew of its kinds is counted with the next round.
        "--resource-quota-sync-period=5s",
        "--controllers=*,-nodeipam,-nodelifecycle",
        f"--service-account-private-key-file={signing_key}",
        f"--root-ca-file={authority.certificate_file}",
    ]
    return components.start("kube-controller-manager", command)


def _controllers_work(api: ApiEndpoint, tls: ssl.SSLContext) -> bool:
    """Hold when the controllers made what every namespace gets: a pod is refused without its service account."""
    return all(
        _answers(f"{api.url}/api/v1/namespaces/default/{made}", tls)
        for made in ("serviceaccounts/default", "configmaps/kube-root-ca.crt")
    )


def _answers(url: str, tls: ssl.SSLContext) -> bool:
    try:
        with urllib.request.urlopen(url, context=tls, timeout=5) as answer:  # noqa: S310 always https to ourselves
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False
