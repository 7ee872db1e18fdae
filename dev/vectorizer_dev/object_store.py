"""MinIO, with its FTP server and its security token service, as a local process."""

import secrets
from dataclasses import dataclass, field
from pathlib import Path

from minio import Minio
from minio.credentials.providers import StaticProvider
from minio.minioadmin import MinioAdmin

from vectorizer_dev.component import Component, Components
from vectorizer_dev.ports import free_port, free_ports
from vectorizer_dev.probing import answers_well
from vectorizer_dev.tools import Tools

START_TIMEOUT = 60.0
REGION = "us-east-1"
"""MinIO's only region. Without it a client first asks for the bucket's, which a narrow policy denies."""
PASSIVE_PORTS = 32
LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class S3Account:
    """An S3 user."""

    access_key: str
    secret_key: str = field(repr=False)


@dataclass(frozen=True)
class ObjectStore:
    """A running MinIO and its root user."""

    endpoint: str
    """`host:port` of S3, STS and the administrative interface, plain HTTP."""
    ftp_host: str
    ftp_port: int
    root: S3Account
    component: Component

    @property
    def ftp_address(self) -> str:
        """Return `host:port` of the FTP server."""
        return f"{self.ftp_host}:{self.ftp_port}"

    def client(self, account: S3Account | None = None) -> Minio:
        """Return an S3 client, the root user's where no account is given."""
        user = account or self.root
        return Minio(
            endpoint=self.endpoint,
            access_key=user.access_key,
            secret_key=user.secret_key,
            secure=False,
            region=REGION,
        )

    def admin(self) -> MinioAdmin:
        """Return the administrative client of the root user."""
        credentials = StaticProvider(self.root.access_key, self.root.secret_key)
        return MinioAdmin(endpoint=self.endpoint, credentials=credentials, region=REGION, secure=False)


def start_object_store(tools: Tools, folder: Path, components: Components, address: str = LOOPBACK) -> ObjectStore:
    """Start MinIO on an address of this machine with its data below `folder`, without waiting for it."""
    port, ftp_port, passive = free_port(), free_port(), free_ports(PASSIVE_PORTS)
    root = S3Account("root-of-development", secrets.token_urlsafe(24))
    command = [
        str(tools.minio),
        "server",
        str(folder / "minio"),
        f"--address={address}:{port}",
        f"--console-address=127.0.0.1:{free_port()}",
        f"--ftp=address={address}:{ftp_port}",
        f"--ftp=passive-port-range={passive.start}-{passive.stop - 1}",
    ]
    environment = {
        "MINIO_ROOT_USER": root.access_key,
        "MINIO_ROOT_PASSWORD": root.secret_key,
        "MINIO_BROWSER": "off",
        "MINIO_UPDATE": "off",
    }
    component = components.start("minio", command, environment)
    return ObjectStore(f"{address}:{port}", address, ftp_port, root, component)


def wait_until_ready(store: ObjectStore) -> None:
    """Wait until MinIO takes requests.

    Raises ComponentError where it does not.
    """
    store.component.wait_ready(lambda: answers_well(f"http://{store.endpoint}/minio/health/ready"), START_TIMEOUT)
