"""Every command of the manual's first pages does what it says when it is typed as it stands there."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from kubernetes import client
from minio import Minio
from minio.minioadmin import MinioAdmin
from vectorizer_dev.accounts import create_account
from vectorizer_dev.cluster import DevelopmentCluster
from vectorizer_dev.inspection import Kubectl
from vectorizer_dev.people import People
from vectorizer_dev.platform import Platform
from vectorizer_dev.tenant import Tenant

DOCS = Path(__file__).parents[4] / "docs"
TOPICS = {"account": "I cannot log in to my account", "billing": "the invoice of my order is wrong"}
ELSEWHERE = {
    "vectorizer base import Text e5-folder/ --reference texts/": "integration/test_base_import.py",
    "kubectl create namespace vectorizer-system": "integration/chart",
    "kubectl --namespace vectorizer-system create secret generic object-store "
    "--from-literal=access_key=USER --from-literal=secret_key=PASSWORD": "integration/chart",
    "helm install vectorizer-operator helm/vectorizer-operator --namespace vectorizer-system --wait "
    "--set storage.endpoint=minio.minio.svc:9000 --set storage.existingSecret=object-store": "integration/chart",
}
"""Command -> the tests that run it, or what it stands for."""


def commands(page: str) -> Iterator[str]:
    """The lines behind a `$` of every console block of a page, continued lines joined, comments cut."""
    text = (DOCS / page).read_text(encoding="utf-8")
    for block in re.findall(r"```console\n(.*?)```", text, flags=re.DOTALL):
        for line in re.sub(r"\\\n\s*", "", block).splitlines():
            typed = line.strip()
            if typed.startswith("$ "):
                yield re.sub(r"\s+#.*$", "", typed[2:])


def files(page: str, kind: str) -> list[str]:
    """The blocks of a language, without their indentation."""
    text = (DOCS / page).read_text(encoding="utf-8")
    found = re.findall(rf"^( *)```{kind}\n(.*?)```", text, flags=re.DOTALL | re.MULTILINE)
    return [re.sub(rf"^{indent}", "", body, flags=re.MULTILINE) for indent, body in found]


def tickets() -> dict[str, bytes]:
    """Forty short texts on two topics, and their labels."""
    names = {f"{topic}-{number}.txt": topic for topic in TOPICS for number in range(20)}
    texts = {name: f"{TOPICS[topic]}, number {name}".encode() for name, topic in names.items()}
    return texts | {"example_to_labels.json": json.dumps({name: [topic] for name, topic in names.items()}).encode()}


def type_all(page: str, folder: Path, environment: Mapping[str, str]) -> None:
    """Type the commands of a page, one after another; each must end well."""
    typed = [command for command in commands(page) if command not in ELSEWHERE]
    assert typed != []
    for command in typed:
        done = subprocess.run(
            ["bash", "-c", command], cwd=folder, env=dict(environment), capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"


@pytest.fixture
def path(kubectl: Kubectl) -> str:
    """The manual's commands come first, then those of this machine."""
    return os.pathsep.join([str(Path(sys.executable).parent), str(kubectl.program.parent), os.environ["PATH"]])


@pytest.mark.timeout(900)
def test_what_is_typed_on_a_laptop(path: str, tmp_path: Path) -> None:
    (tmp_path / "request.json").write_text(files("laptop.md", "json")[0])
    (tmp_path / "tickets").mkdir()
    for name, body in tickets().items():
        (tmp_path / "tickets" / name).write_bytes(body)
    type_all("laptop.md", tmp_path, {**os.environ, "PATH": path})
    assert (tmp_path / "tickets-model" / "report" / "report.html").is_file()


@pytest.mark.timeout(900)
def test_what_is_typed_on_a_cluster(
    path: str, platform: Platform, api: client.ApiClient, store: Minio, store_admin: MinioAdmin, tmp_path: Path
) -> None:
    tenant = Tenant(create_account("manual", api=api, store=store, admin=store_admin), api, store)
    for name, body in tickets().items():
        tenant.upload(f"tickets/{name}", body)
    people = People.of(tenant, platform, tmp_path)
    (tmp_path / "fine-tune.yaml").write_text(files("cluster.md", "yaml")[0])
    type_all("cluster.md", tmp_path, {**people.environment, "PATH": path, "BROWSER": "true"})
    assert (tmp_path / "tickets-model" / "vectorizer.json").is_file()


def test_what_is_typed_to_operate_it(path: str, cluster: DevelopmentCluster, crds: None, tmp_path: Path) -> None:
    object_store = cluster.object_store
    administrator = {
        "KUBECONFIG": str(cluster.kubeconfig),
        "VECTORIZER_S3_ENDPOINT": object_store.endpoint,
        "VECTORIZER_S3_SCHEME": "http",
        "VECTORIZER_S3_ADMIN_ACCESS_KEY": object_store.root.access_key,
        "VECTORIZER_S3_ADMIN_SECRET_KEY": object_store.root.secret_key,
    }
    type_all("operations.md", tmp_path, {**os.environ, **administrator, "PATH": path})
    assert "kind: NetworkPolicy" in (tmp_path / "shop.yaml").read_text()
