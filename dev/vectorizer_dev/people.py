"""An account's people: kubectl's rights on one namespace, the account's own user of the object store, no more."""

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml
from kubernetes import client

from vectorizer_dev.platform import Platform
from vectorizer_dev.tenant import Tenant

_ROLE = "vectorizer-account-read-write"


@dataclass(frozen=True)
class People:
    """Who calls `vectorizer` on a machine of their own."""

    environment: Mapping[str, str]

    @classmethod
    def of(cls, tenant: Tenant, platform: Platform, cache: Path) -> "People":
        """People of an account, whose role is bound as an administrator does; their cache is a folder."""
        name = client.V1ObjectMeta(name="people")
        client.CoreV1Api(tenant.api).create_namespaced_service_account(
            tenant.namespace, client.V1ServiceAccount(metadata=name)
        )
        role = client.V1RoleRef(api_group="rbac.authorization.k8s.io", kind="ClusterRole", name=_ROLE)
        subject = client.RbacV1Subject(kind="ServiceAccount", name="people", namespace=tenant.namespace)
        client.RbacAuthorizationV1Api(tenant.api).create_namespaced_role_binding(
            tenant.namespace, client.V1RoleBinding(metadata=name, role_ref=role, subjects=[subject])
        )
        config = yaml.safe_load(
            platform.cluster.kubeconfig_for_service_account(tenant.namespace, "people").read_text(encoding="utf-8")
        )
        config["contexts"][0]["context"]["namespace"] = tenant.namespace
        kubeconfig = cache / "kubeconfig"
        kubeconfig.write_text(yaml.safe_dump(config), encoding="utf-8")
        told = {
            "KUBECONFIG": str(kubeconfig),
            "VECTORIZER_S3_ENDPOINT": platform.cluster.object_store.endpoint,
            "VECTORIZER_S3_ACCESS_KEY": tenant.account.upload_user,
            "VECTORIZER_S3_SECRET_KEY": tenant.account.upload_password or "",
            "VECTORIZER_S3_SCHEME": "http",
            "XDG_CACHE_HOME": str(cache),
            # What a terminal as wide as most would show.
            "COLUMNS": "120",
        }
        return cls({**os.environ, **told})

    def call(self, *arguments: str, **told: str) -> "subprocess.CompletedProcess[str]":
        """Run `vectorizer` to its end, with more in its environment."""
        return subprocess.run(
            [sys.executable, "-m", "vectorizer_cli", *arguments],
            capture_output=True,
            text=True,
            env={**self.environment, **told},
            check=False,
        )

    def begin(self, *arguments: str) -> "subprocess.Popen[str]":
        """Start `vectorizer`."""
        return subprocess.Popen(
            [sys.executable, "-m", "vectorizer_cli", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=dict(self.environment),
        )
