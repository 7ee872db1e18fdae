"""The end of an account: its namespace, then its user, then its buckets with all that is in them."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from kubernetes import client
from minio import Minio
from minio.deleteobjects import DeleteObject
from minio.minioadmin import MinioAdmin
from vectorizer_api import GROUP, VERSION
from vectorizer_api.names import ACCOUNT_LABEL
from vectorizer_trainer.wording import bytes_in_words, counted

from vectorizer_cli.accounts.terms import AccountError, Terms
from vectorizer_cli.tenant import ClusterUnreachable

__all__ = ["Remains", "delete_account", "remains_of"]

_KINDS = {"vectorizerfinetunes": "fine-tune", "customvectorizers": "vectorizer"}
_NOT_FOUND = 404
_PATIENCE = 180.0
"""Seconds for the namespace to go: the operator first ends what runs there."""
_EVERY = 1.0


@dataclass(frozen=True)
class Remains:
    """What there is of an account."""

    has_namespace: bool
    objects: dict[str, int]
    """Kind in words -> how many."""
    buckets: dict[str, tuple[int, int]]
    """Bucket -> files (every version of each) and bytes; one that is not there is left out."""
    has_user: bool

    def told(self, terms: Terms) -> Iterator[str]:
        """A line each."""
        if self.has_namespace:
            inside = ", ".join(counted(number, kind) for kind, number in self.objects.items())
            yield f"namespace {terms.place}, with everything in it: {inside}"
        for bucket, (files, size) in self.buckets.items():
            yield f"bucket {bucket}: {counted(files, 'file')}, {bytes_in_words(size)}"
        if self.has_user:
            yield f"user {terms.upload_user} and its policy"


def remains_of(terms: Terms, api: client.ApiClient, store: Minio, admin: MinioAdmin) -> Remains:
    """Look at what there is; raises AccountError where there can be no such account or the namespace is not its own."""
    terms.check_names()
    there = _namespace_is_there(client.CoreV1Api(api), terms)
    buckets = {
        bucket: _content(store, bucket)
        for bucket in (terms.batch, terms.models)
        if store.bucket_exists(bucket_name=bucket)
    }
    users: dict[str, object] = json.loads(admin.user_list())
    return Remains(there, _objects(api, terms) if there else {}, buckets, terms.upload_user in users)


def delete_account(
    terms: Terms, remains: Remains, api: client.ApiClient, store: Minio, admin: MinioAdmin, told: Callable[[str], None]
) -> None:
    """Delete what is left of it, and tell of each part; where it ends early, repeating it goes on."""
    if remains.has_namespace:
        core = client.CoreV1Api(api)
        core.delete_namespace(terms.place)
        _wait_until_gone(core, terms)
        told(f"namespace {terms.place} is gone")
    if remains.has_user:
        admin.user_remove(terms.upload_user)
        admin.policy_remove(terms.upload_user)
        told(f"user {terms.upload_user} is gone")
    for bucket in remains.buckets:
        _empty(store, bucket)
        store.remove_bucket(bucket_name=bucket)
        told(f"bucket {bucket} is gone")


def _namespace_is_there(core: client.CoreV1Api, terms: Terms) -> bool:
    try:
        metadata = core.read_namespace(terms.place).metadata
    except client.ApiException as error:
        if error.status == _NOT_FOUND:
            return False
        raise
    label = (metadata.labels if metadata is not None and metadata.labels else {}).get(ACCOUNT_LABEL)
    if label != terms.name:
        raise AccountError(
            f"The namespace {terms.place} is not the account {terms.name}.", hint="Name its own by --namespace."
        )
    return True


def _objects(api: client.ApiClient, terms: Terms) -> dict[str, int]:
    objects = client.CustomObjectsApi(api)
    return {
        words: len(objects.list_namespaced_custom_object(GROUP, VERSION, terms.place, plural)["items"])  # type: ignore[index]
        for plural, words in _KINDS.items()
    }


def _content(store: Minio, bucket: str) -> tuple[int, int]:
    found = list(store.list_objects(bucket_name=bucket, recursive=True, include_version=True))
    return len(found), sum(item.size or 0 for item in found)


def _wait_until_gone(core: client.CoreV1Api, terms: Terms) -> None:
    deadline = time.monotonic() + _PATIENCE
    while _namespace_is_there(core, terms):
        if time.monotonic() > deadline:
            raise ClusterUnreachable(
                f"The namespace {terms.place} is still there after {_PATIENCE:.0f} s. Buckets and user are untouched.",
                hint="The operator takes its finalizers away: see that it runs, and repeat the command.",
            )
        time.sleep(_EVERY)


def _empty(store: Minio, bucket: str) -> None:
    listed = store.list_objects(bucket_name=bucket, recursive=True, include_version=True)
    doomed = [DeleteObject(item.object_name, item.version_id) for item in listed]
    for error in store.remove_objects(bucket_name=bucket, delete_object_list=doomed):
        raise AccountError(f"{error.name} of the bucket {bucket} cannot be deleted: {error.message}.")
