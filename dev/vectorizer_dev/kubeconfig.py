"""Kubeconfig files, for people's kubectl and for the components themselves."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from vectorizer_dev.certificates import KeyPair

CONTEXT = "vectorizer-development"


@dataclass(frozen=True)
class ApiEndpoint:
    """Where the API server answers and the authority that signed its certificate."""

    url: str
    authority: Path

    def kubeconfig_with_certificate(self, path: Path, client: KeyPair) -> Path:
        """Write a kubeconfig that logs in with a client certificate."""
        credentials = {
            "client-certificate-data": _encoded(client.certificate),
            "client-key-data": _encoded(client.key),
        }
        return self._write(path, credentials)

    def kubeconfig_with_token(self, path: Path, token: str) -> Path:
        """Write a kubeconfig that logs in with a bearer token."""
        return self._write(path, {"token": token})

    def _write(self, path: Path, credentials: Mapping[str, str]) -> Path:
        cluster = {"server": self.url, "certificate-authority-data": _encoded(self.authority)}
        document = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": CONTEXT,
            "clusters": [{"name": CONTEXT, "cluster": cluster}],
            "users": [{"name": CONTEXT, "user": dict(credentials)}],
            "contexts": [{"name": CONTEXT, "context": {"cluster": CONTEXT, "user": CONTEXT}}],
        }
        path.touch(mode=0o600)
        path.write_text(yaml.safe_dump(document))
        return path


def _encoded(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()
