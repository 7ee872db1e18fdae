"""An account is made, or what is missing of it: repeating it changes nothing that is as it is to be."""

import json
import secrets
from dataclasses import dataclass, field
from typing import Any

from kubernetes import client
from minio import Minio
from minio.commonconfig import ENABLED, Filter
from minio.lifecycleconfig import Expiration, LifecycleConfig, Rule
from minio.minioadmin import MinioAdmin
from vectorizer_api.names import ACCOUNT_LABEL

from vectorizer_cli.accounts.manifests import manifests
from vectorizer_cli.accounts.storage import RUN_DAYS, policy
from vectorizer_cli.accounts.terms import AccountError, Terms

__all__ = ["Account", "make_account"]

_MANAGER = "vectorizer-account"
_NOT_FOUND = 404


@dataclass(frozen=True)
class Account:
    """A made account, and its people's user of the object store."""

    name: str
    namespace: str
    batch_bucket: str
    models_bucket: str
    upload_user: str
    upload_password: str | None = field(repr=False)
    """Only where the user was made just now: nobody can read it later."""


def make_account(terms: Terms, api: client.ApiClient, store: Minio, admin: MinioAdmin) -> Account:
    """Make it by the platform's clients; raises AccountError where its name or namespace is another's, or as they."""
    terms.check()
    _check_free(client.CoreV1Api(api), terms)
    for manifest in manifests(terms):
        _apply(api, manifest)
    for bucket in (terms.batch, terms.models):
        if not store.bucket_exists(bucket_name=bucket):
            store.make_bucket(bucket_name=bucket)
    store.set_bucket_lifecycle(bucket_name=terms.models, config=_expiring_runs())
    if terms.storage_bytes is not None:
        admin.bucket_quota_set(terms.batch, terms.storage_bytes)
    password = _upload_user(admin, terms)
    return Account(terms.name, terms.place, terms.batch, terms.models, terms.upload_user, password)


def _check_free(core: client.CoreV1Api, terms: Terms) -> None:
    claims = core.list_namespace(label_selector=f"{ACCOUNT_LABEL}={terms.name}").items
    names = [item.metadata.name for item in claims if item.metadata is not None]
    if others := [claim for claim in names if claim != terms.place]:
        raise AccountError(f"The namespace {others[0]} is the account {terms.name} already.")
    try:
        metadata = core.read_namespace(terms.place).metadata
    except client.ApiException as error:
        if error.status == _NOT_FOUND:
            return
        raise
    present = (metadata.labels if metadata is not None and metadata.labels else {}).get(ACCOUNT_LABEL)
    if present not in (None, terms.name):
        raise AccountError(f"The namespace {terms.place} is the account {present} already.")


def _apply(api: client.ApiClient, manifest: dict[str, Any]) -> None:
    """Server-side, so that what others have added to the object stays."""
    core = client.CoreV1Api(api)
    patch_of: dict[str, Any] = {
        "Namespace": core.patch_namespace,
        "ServiceAccount": core.patch_namespaced_service_account,
        "ResourceQuota": core.patch_namespaced_resource_quota,
        "RoleBinding": client.RbacAuthorizationV1Api(api).patch_namespaced_role_binding,
        "NetworkPolicy": client.NetworkingV1Api(api).patch_namespaced_network_policy,
    }
    metadata = manifest["metadata"]
    place = [metadata["namespace"]] if "namespace" in metadata else []
    patch_of[manifest["kind"]](
        metadata["name"],
        *place,
        manifest,
        field_manager=_MANAGER,
        force=True,
        _content_type="application/apply-patch+yaml",
    )


def _expiring_runs() -> LifecycleConfig:
    rule = Rule(ENABLED, rule_filter=Filter(prefix="runs/"), rule_id="runs", expiration=Expiration(days=RUN_DAYS))
    return LifecycleConfig([rule])


def _upload_user(admin: MinioAdmin, terms: Terms) -> str | None:
    """Make the user that may do what the policy says; its password where it is new."""
    user = terms.upload_user
    admin.policy_add(user, policy=policy(terms))
    users: dict[str, object] = json.loads(admin.user_list())
    password = None if user in users else secrets.token_urlsafe(24)
    if password is not None:
        admin.user_add(user, password)
    admin.policy_set(user, user=user)
    return password
