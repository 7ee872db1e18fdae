"""An account with people in it, and the operator's process, as tests handle them."""

import os
import signal
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any, cast

import yaml
from kubernetes import client
from minio import Minio
from minio.minioadmin import MinioAdmin
from vectorizer_api import API_VERSION, GROUP, VERSION
from vectorizer_api.content import ContentType
from vectorizer_api.names import FINE_TUNE_LABEL, RERUN_LABEL

from vectorizer_dev.accounts import Account, create_account
from vectorizer_dev.acted_run import PARKED, ActedRun
from vectorizer_dev.platform import PROFILES, Platform, start_operator
from vectorizer_dev.waiting import PATIENCE, eventually

NOT_FOUND = 404
FINE_TUNES, VECTORIZERS = "vectorizerfinetunes", "customvectorizers"
Body = dict[str, Any]


@dataclass(frozen=True)
class Tenant:
    """An account, and what its people and the platform do in it."""

    account: Account
    api: client.ApiClient
    store: Minio

    @property
    def namespace(self) -> str:
        """The account's namespace."""
        return self.account.namespace

    @property
    def objects(self) -> client.CustomObjectsApi:
        """The custom objects, as the administrator."""
        return client.CustomObjectsApi(self.api)

    def ask(self, name: str, **spec: object) -> Body:
        """Create a fine-tune; by default of Text, of the batch folder, on the profile that no node serves."""
        return self._create({"name": name}, spec)

    def ask_again(self, name: str, rerun: str) -> Body:
        """The same with the label that asks to run it once more."""
        return self._create({"name": name, "labels": {RERUN_LABEL: rerun}}, {})

    def _create(self, metadata: Body, spec: Mapping[str, object]) -> Body:
        usual = {
            "contentType": "Text",
            "customVectorizerName": metadata["name"],
            "downloadFromBatchCloudFolder": True,
            "profile": "parked",
        }
        kind = {"apiVersion": API_VERSION, "kind": "VectorizerFineTune"}
        body = {**kind, "metadata": metadata, "spec": {**usual, **spec}}
        return _plain(self.objects.create_namespaced_custom_object(GROUP, VERSION, self.namespace, FINE_TUNES, body))

    def fine_tune(self, name: str) -> Body:
        """The fine-tune as it is now."""
        return _plain(self.objects.get_namespaced_custom_object(GROUP, VERSION, self.namespace, FINE_TUNES, name))

    def fine_tunes(self) -> list[str]:
        """The names of the fine-tunes that there are."""
        listed = _plain(self.objects.list_namespaced_custom_object(GROUP, VERSION, self.namespace, FINE_TUNES))
        return [str(item["metadata"]["name"]) for item in listed["items"]]

    def status(self, name: str) -> Body:
        """What the operator says of the fine-tune, empty before its first word."""
        return _plain(self.fine_tune(name).get("status", {}))

    def vectorizer(self, name: str) -> Body:
        """The vectorizer as it is now, empty where there is none."""
        try:
            found = self.objects.get_namespaced_custom_object(GROUP, VERSION, self.namespace, VECTORIZERS, name)
        except client.ApiException as error:
            if error.status == NOT_FOUND:
                return {}
            raise
        return _plain(found)

    def change(self, name: str, **spec: object) -> None:
        """Change the fine-tune's spec."""
        self.patch(FINE_TUNES, name, {"spec": spec})

    def patch(self, plural: str, name: str, patch: Body) -> None:
        """Merge-patch an object."""
        self.objects.patch_namespaced_custom_object(GROUP, VERSION, self.namespace, plural, name, patch)

    def delete(self, plural: str, name: str, cascade: str = "Background") -> None:
        """Ask for the deletion of an object, with its dependents or (`Orphan`) without them."""
        body = client.V1DeleteOptions(propagation_policy=cascade)
        self.objects.delete_namespaced_custom_object(GROUP, VERSION, self.namespace, plural, name, body=body)

    def vanish(self, plural: str, name: str) -> None:
        """Delete, and wait until it is gone."""
        self.delete(plural, name)
        read = self.fine_tune if plural == FINE_TUNES else self.vectorizer
        eventually(lambda: _is_gone(read, name))

    def condition(self, name: str, type_: str) -> Body:
        """The fine-tune's condition of that type, empty where there is none."""
        found = self.status(name).get("conditions", [])
        return next((item for item in found if item["type"] == type_), {})

    def until(self, name: str, type_: str, status: str, reason: str | None = None, timeout: float = PATIENCE) -> Body:
        """Wait for a condition of the fine-tune; the answer is the condition."""

        def look() -> Body | None:
            item = self.condition(name, type_)
            fits = item.get("status") == status and reason in (None, item.get("reason"))
            return item if fits else None

        try:
            return eventually(look, timeout)
        except TimeoutError:
            raise AssertionError(f"never {type_}={status} {reason}: {self.status(name)}") from None

    def ended(self, name: str, timeout: float = PATIENCE) -> Body:
        """Wait for the end; the answer is the object."""

        def look() -> Body | None:
            body = self.fine_tune(name)
            return body if "completionTime" in body.get("status", {}) else None

        return eventually(look, timeout)

    def run_of(self, body: Body, attempt: int = 1) -> ActedRun:
        """The parked run of a fine-tune."""
        return ActedRun.find(self.api, self.namespace, body["metadata"]["uid"], attempt)

    def jobs(self, fine_tune: str) -> list[str]:
        """The names of the fine-tune's Jobs."""
        selector = f"{FINE_TUNE_LABEL}={fine_tune}"
        listed = client.BatchV1Api(self.api).list_namespaced_job(self.namespace, label_selector=selector)
        return [str(job.metadata.name) for job in listed.items if job.metadata is not None]

    def events(self, fine_tune: str) -> list[str]:
        """The reasons of the Events about the fine-tune, sorted; an Event follows the status that it tells of."""
        listed = client.CoreV1Api(self.api).list_namespaced_event(
            self.namespace, field_selector=f"involvedObject.name={fine_tune}"
        )
        return sorted(str(event.reason) for event in listed.items)

    def keys(self, prefix: str = "") -> list[str]:
        """The keys in the models bucket."""
        listed = self.store.list_objects(bucket_name=self.account.models_bucket, prefix=prefix, recursive=True)
        return [item.object_name for item in listed]

    def upload(self, key: str, body: bytes) -> None:
        """Put a file into the batch bucket."""
        self.store.put_object(
            bucket_name=self.account.batch_bucket, object_name=key, data=BytesIO(body), length=len(body)
        )


def _plain(found: object) -> Body:
    return cast("Body", found)


def _is_gone(read: Callable[[str], Body], name: str) -> bool:
    try:
        return not read(name)
    except client.ApiException as error:
        return bool(error.status == NOT_FOUND)


def make_tenant(api: client.ApiClient, store: Minio, admin: MinioAdmin) -> Tenant:
    """An account with a name of its own."""
    return Tenant(create_account(f"t-{uuid.uuid4().hex[:8]}", api=api, store=store, admin=admin), api, store)


def offer(*parked: str) -> str:
    """The profiles file with these profiles beside the default, none of which a node serves."""
    usual = cast("dict[str, object]", PROFILES["profiles"])
    more = {name: {"nodeSelector": PARKED, "maxDurationSeconds": 1800} for name in parked}
    return yaml.safe_dump({**PROFILES, "profiles": {**usual, **more}})


class RunningOperator:
    """The operator's process, which a test may kill and start again."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._component = platform.operator
        self.address = platform.metrics_address

    @property
    def log(self) -> str:
        """What it wrote so far."""
        return self._component.log.read_text()

    def kill(self) -> None:
        """SIGKILL: nothing is put in order."""
        if self._component.exit_code is None:
            os.kill(self._component.pid, signal.SIGKILL)
        eventually(lambda: self._component.exit_code is not None)

    def stop(self) -> int:
        """SIGTERM; the answer is the exit code."""
        return self._component.stop()

    def start(self, bases: Mapping[ContentType, str] | None = None, **settings: str) -> None:
        """Start it again with the profiles that are offered now, these bases or those of the platform, and settings."""
        offered = (self._platform.cluster.folder / "profiles.yaml").read_text()
        before = self._platform
        started = start_operator(
            before.cluster, before.operator_account, bases or before.bases, before.pace, before.url_rules, **settings
        )
        self._component, self.address = started.operator, started.metrics_address
        (self._platform.cluster.folder / "profiles.yaml").write_text(offered)
