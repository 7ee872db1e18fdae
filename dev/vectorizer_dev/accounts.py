"""Accounts on the development cluster, as `vectorizer account create` makes them."""

from kubernetes import client
from minio import Minio
from minio.minioadmin import MinioAdmin
from vectorizer_cli.accounts.making import Account, make_account
from vectorizer_cli.accounts.terms import StoreReach, Terms

__all__ = ["Account", "create_account"]

_LOOPBACK = StoreReach("127.0.0.1:9000")
"""Nothing enforces a NetworkPolicy there."""


def create_account(
    name: str, *, api: client.ApiClient, store: Minio, admin: MinioAdmin, namespace: str = "", bucket_prefix: str = ""
) -> Account:
    """Make an account, or what is missing of it; raises AccountError."""
    return make_account(Terms(name, _LOOPBACK, namespace, bucket_prefix), api, store, admin)
