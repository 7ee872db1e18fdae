"""An account on a cluster, as its people see it: asked with their own credentials, and nothing is changed there."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, cast

from kubernetes import client, config
from minio import Minio
from pydantic import ValidationError
from urllib3 import PoolManager, Retry, Timeout
from urllib3.exceptions import HTTPError
from vectorizer_api import GROUP, VERSION
from vectorizer_api.acceptance import Objection, against_name, name_reserved, usable_vectorizer
from vectorizer_api.conditions import ConditionType
from vectorizer_api.custom_vectorizer import CustomVectorizer
from vectorizer_api.fine_tune import FineTune
from vectorizer_api.names import (
    ACCOUNT_LABEL,
    MANIFEST_FILE,
    batch_bucket,
    folder_prefix,
    models_bucket,
    published_prefix,
    vectorizer_object_name,
)
from vectorizer_api.run import RunCost, RunManifest
from vectorizer_trainer.errors import BadInput, StorageError
from vectorizer_trainer.forecast import NEWEST
from vectorizer_trainer.store import S3Store, Source

from vectorizer_cli.asked import Asked
from vectorizer_cli.past_runs import on_one_base
from vectorizer_cli.standing import Standing

__all__ = ["StoreLogin", "TenantSite"]

_FINE_TUNES, _VECTORIZERS = "vectorizerfinetunes", "customvectorizers"
_MANAGER = "vectorizer-plan"
_REGION = "us-east-1"
_SECONDS = 15.0
"""That one request to the API server may take."""
_MANIFEST_BYTES = 16 * 1024**2
_NOT_FOUND = 404
_PATIENCE = (0.5, 1.0)
"""Seconds between the tries of a request to the object store: somebody waits for the answer."""


@dataclass(frozen=True)
class StoreLogin:
    """The account's own user of the object store."""

    endpoint: str
    """host:port; empty where none was given."""
    access_key: str
    secret_key: str = field(repr=False)
    secure: bool
    bucket_prefix: str


@dataclass(frozen=True)
class TenantSite:
    """One account."""

    wanted_namespace: str
    login: StoreLogin

    def standing(self, asked: Asked) -> Standing:
        """See Site; the API server's own rules by a dry run, and the operator's on what the account has."""
        standing = Standing()
        if not self.login.endpoint:
            standing.not_checked.append(
                "The batch folder, and so time and memory: give --s3-endpoint, --s3-access-key and --s3-secret-key of "
                "the account's user, or --data FOLDER."
            )
        if self._api is None:
            standing.not_checked.append("No cluster: kubectl's configuration names none. Only the models were asked.")
            return standing
        try:
            self._ask(asked, standing)
        except HTTPError as error:
            standing.not_checked.append(f"The cluster did not answer ({type(error).__name__}): it was not asked.")
        return standing

    def source(self, asked: Asked) -> Source | None:
        """See Site: the account's batch folder."""
        if not self.login.endpoint:
            return None
        bucket = batch_bucket(self._account(asked), self.login.bucket_prefix)
        return S3Store(self._store, bucket, folder_prefix(asked.spec.batch_folder), _PATIENCE)

    def past(self, asked: Asked, base: str) -> Sequence[RunCost]:
        """See Site: the newest vectorizers that the account has, trained on the same profile."""
        if self._api is None or not self.login.endpoint:
            return []
        try:
            listed = [CustomVectorizer.model_validate(body) for body in self._list(_VECTORIZERS, asked)]
        except (client.ApiException, HTTPError, ValidationError):
            return []
        alike = [one for one in listed if one.spec.content_type is asked.spec.content_type]
        alike.sort(key=lambda one: str(one.metadata.creation_timestamp), reverse=True)
        costs = (self._cost(one, asked) for one in alike[:NEWEST])
        known = [cost for cost in costs if cost is not None and cost.profile == asked.spec.profile]
        return on_one_base(known, base)

    def _ask(self, asked: Asked, standing: Standing) -> None:
        there = self._get(_FINE_TUNES, asked.fine_tune.metadata.name, asked)
        if there is not None:
            standing.refuse(
                "AlreadyExists",
                f"There is a fine-tune {asked.fine_tune.metadata.name} already, and applying it again runs nothing.",
                "Choose another metadata.name, or delete the fine-tune.",
            )
        self._dry_run(asked, standing)
        if not standing.faults:
            self._ask_objects(asked, standing)

    def _dry_run(self, asked: Asked, standing: Standing) -> None:
        """What the API server says of the object: its schema, its rules, and whether this user may ask for it."""
        body = {**asked.manifest, "metadata": {"name": asked.fine_tune.metadata.name}}
        try:
            self._objects.patch_namespaced_custom_object(
                GROUP,
                VERSION,
                self._namespace(asked),
                _FINE_TUNES,
                asked.fine_tune.metadata.name,
                body,
                dry_run="All",
                field_manager=_MANAGER,
                force=True,
                _content_type="application/apply-patch+yaml",
                _request_timeout=_SECONDS,
            )
        except client.ApiException as error:
            if error.status == _NOT_FOUND:
                message = "The cluster does not know fine-tunes, or has no such namespace"
                standing.refuse("NotFound", f"{message}: {self._namespace(asked)}.")
            else:
                standing.refuse(*_refusal(error))

    def _ask_objects(self, asked: Asked, standing: Standing) -> None:
        spec, uid = asked.spec, asked.fine_tune.metadata.uid
        there = self._vectorizer_named(spec.custom_vectorizer_name, asked)
        made_by = there.spec.source.fine_tune_uid if there is not None else None
        standing.object_to(against_name(spec.custom_vectorizer_name, made_by, uid))
        standing.object_to(self._reservation(asked))
        named = {"starting": spec.starting_custom_vectorizer_name, "sampling": spec.custom_vectorizer_name_for_sampling}
        for role, name in named.items():
            if not name:
                continue
            found = usable_vectorizer(role, name, self._vectorizer_named(name, asked), spec.content_type)
            if isinstance(found, Objection):
                standing.object_to(found)
            elif role == "starting":
                standing.base = found.spec.base.name
        standing.not_checked.append("The platform's profiles, quotas and limits: the operator alone knows them.")

    def _reservation(self, asked: Asked) -> Objection | None:
        """Where an accepted fine-tune that has not ended makes a vectorizer of the same name."""
        name = asked.spec.custom_vectorizer_name
        others = [FineTune.model_validate(body) for body in self._list(_FINE_TUNES, asked)]
        holders = [one for one in others if one.spec.custom_vectorizer_name == name and _is_at_work(one)]
        return name_reserved(name, holders[0].metadata.name) if holders else None

    def _cost(self, made: CustomVectorizer, asked: Asked) -> RunCost | None:
        """What a run took that made a vectorizer, by the manifest that the operator published."""
        bucket = models_bucket(self._account(asked), self.login.bucket_prefix)
        store = S3Store(
            self._store, bucket, published_prefix(made.metadata.name, made.spec.artifact.run_uid), _PATIENCE
        )
        try:
            text = store.read(MANIFEST_FILE, _MANIFEST_BYTES)
            manifest = RunManifest.model_validate_json(text)
        except (StorageError, ValidationError):
            return None
        return manifest.cost if hashlib.sha256(text).hexdigest() == made.spec.artifact.digest else None

    def _account(self, asked: Asked) -> str:
        """The account of the namespace; its name where people may not look at the namespace itself."""
        namespace = self._namespace(asked)
        if self._api is None:
            return namespace
        try:
            found = client.CoreV1Api(self._api).read_namespace(namespace, _request_timeout=_SECONDS)
        except (client.ApiException, HTTPError):
            return namespace
        labels = (found.metadata.labels if found.metadata else None) or {}
        return str(labels.get(ACCOUNT_LABEL, namespace))

    def _namespace(self, asked: Asked) -> str:
        return self.wanted_namespace or asked.fine_tune.metadata.namespace or self._usual_namespace

    def _vectorizer_named(self, name: str, asked: Asked) -> CustomVectorizer | None:
        body = self._get(_VECTORIZERS, vectorizer_object_name(name), asked)
        return CustomVectorizer.model_validate(body) if body is not None else None

    def _get(self, plural: str, name: str, asked: Asked) -> dict[str, Any] | None:
        try:
            found = self._objects.get_namespaced_custom_object(
                GROUP, VERSION, self._namespace(asked), plural, name, _request_timeout=_SECONDS
            )
        except client.ApiException as error:
            if error.status == _NOT_FOUND:
                return None
            raise _as_denied(error) from None
        return cast("dict[str, Any]", found)

    def _list(self, plural: str, asked: Asked) -> list[dict[str, Any]]:
        try:
            found = self._objects.list_namespaced_custom_object(
                GROUP, VERSION, self._namespace(asked), plural, _request_timeout=_SECONDS
            )
        except client.ApiException as error:
            raise _as_denied(error) from None
        return cast("list[dict[str, Any]]", cast("dict[str, Any]", found)["items"])

    @property
    def _objects(self) -> client.CustomObjectsApi:
        return client.CustomObjectsApi(self._api)

    @cached_property
    def _api(self) -> client.ApiClient | None:
        """None where kubectl would not know a cluster either."""
        for load in (config.load_kube_config, config.load_incluster_config):
            try:
                load()
            except config.ConfigException:
                continue
            return client.ApiClient()
        return None

    @cached_property
    def _usual_namespace(self) -> str:
        """The namespace of kubectl's current context."""
        try:
            _, context = config.list_kube_config_contexts()  # type: ignore[no-untyped-call]
        except config.ConfigException:
            return "default"
        return str(context["context"].get("namespace") or "default")

    @cached_property
    def _store(self) -> Minio:
        login = self.login
        return Minio(
            login.endpoint,
            access_key=login.access_key,
            secret_key=login.secret_key,
            secure=login.secure,
            region=_REGION,
            # The store has its own patience.
            http_client=PoolManager(timeout=Timeout(connect=5, read=60), retries=Retry(total=False)),
        )


def _is_at_work(fine_tune: FineTune) -> bool:
    status = fine_tune.status
    conditions = {one.type: one.status for one in status.conditions} if status else {}
    ended = "True" in (conditions.get(ConditionType.COMPLETE), conditions.get(ConditionType.FAILED))
    return conditions.get(ConditionType.ACCEPTED) == "True" and not ended


def _refusal(error: client.ApiException) -> tuple[str, str, str]:
    """Reason, message and hint of what the API server answered."""
    try:
        said = json.loads(error.body or "{}")
    except ValueError:
        said = {}
    causes = (said.get("details") or {}).get("causes") or []
    told = "; ".join(f"{cause.get('field', '')}: {cause.get('message', '')}" for cause in causes)
    reason = str(said.get("reason") or error.reason or "Refused")
    return reason, f"The API server refuses it: {told or said.get('message') or error.reason}.", "Correct the request."


def _as_denied(error: client.ApiException) -> BadInput:
    reason, message, _ = _refusal(error)
    return BadInput(message, hint=f"Ask for the role vectorizer-account-read-write in the namespace ({reason}).")
