"""Accounts on the development cluster, as `vectorizer account create` makes them."""

from kubernetes import client
from minio import Minio
from minio.minioadmin import MinioAdmin
from vectorizer_cli.accounts.making import Account, make_account
from vectorizer_cli.accounts.terms import StoreReach, Terms

from vectorizer_dev.waiting import eventually

__all__ = ["Account", "create_account", "until_counted"]

_LOOPBACK = StoreReach("127.0.0.1:9000")
"""Nothing enforces a NetworkPolicy there."""
_QUOTA_SECONDS = 120.0


def create_account(
    name: str, *, api: client.ApiClient, store: Minio, admin: MinioAdmin, namespace: str = "", bucket_prefix: str = ""
) -> Account:
    """Make an account, or what is missing of it; raises AccountError."""
    account = make_account(Terms(name, _LOOPBACK, namespace, bucket_prefix), api, store, admin)
    until_counted(api, account.namespace)
    return account


def until_counted(api: client.ApiClient, namespace: str) -> None:
    """Wait for the quota of an account: until it is counted the API server refuses what it limits.

    A cluster that has just got the CRDs looks every half minute for what a quota may count.
    """
    core = client.CoreV1Api(api)

    def is_counted() -> bool:
        quotas: list[client.V1ResourceQuota] = core.list_namespaced_resource_quota(namespace).items
        return all(quota.status is not None and quota.status.used for quota in quotas)

    eventually(is_counted, _QUOTA_SECONDS)
