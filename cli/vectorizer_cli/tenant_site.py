"""An account on a cluster, as its people see it: asked with their own credentials, and nothing is changed there."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from minio import Minio
from pydantic import ValidationError
from vectorizer_api.acceptance import Objection, against_name, name_reserved, usable_vectorizer
from vectorizer_api.conditions import ConditionType
from vectorizer_api.custom_vectorizer import CustomVectorizer
from vectorizer_api.fine_tune import FineTune
from vectorizer_api.names import MANIFEST_FILE, batch_bucket, folder_prefix, models_bucket, published_prefix
from vectorizer_api.run import RunCost, RunManifest
from vectorizer_trainer.errors import RunError, StorageError
from vectorizer_trainer.forecast import NEWEST
from vectorizer_trainer.store import S3Store, Source

from vectorizer_cli.asked import Asked
from vectorizer_cli.login import StoreLogin
from vectorizer_cli.past_runs import on_one_base
from vectorizer_cli.standing import Standing
from vectorizer_cli.tenant import FINE_TUNES, ClusterUnreachable, Tenant

__all__ = ["TenantSite"]

_MANIFEST_BYTES = 16 * 1024**2
_PATIENCE = (0.5, 1.0)
"""Seconds between the tries of a request to the object store: somebody waits for the answer."""


@dataclass(frozen=True)
class TenantSite:
    """One account."""

    tenant: Tenant
    login: StoreLogin

    def standing(self, asked: Asked) -> Standing:
        """See Site; the API server's own rules by a dry run, and the operator's on what the account has."""
        standing = Standing()
        if not self.login.endpoint:
            standing.not_checked.append(
                "The batch folder, and so time and memory: give --s3-endpoint, --s3-access-key and --s3-secret-key of "
                "the account's user, or --data FOLDER."
            )
        if not self.tenant.is_there:
            standing.not_checked.append("No cluster: kubectl's configuration names none. Only the models were asked.")
            return standing
        try:
            self._ask(asked, standing)
        except ClusterUnreachable as error:
            standing.not_checked.append(f"{error} It was not asked.")
        return standing

    def source(self, asked: Asked) -> Source | None:
        """See Site: the account's batch folder."""
        if not self.login.endpoint:
            return None
        bucket = batch_bucket(self._account, self.login.bucket_prefix)
        return S3Store(self._store, bucket, folder_prefix(asked.spec.batch_folder), _PATIENCE)

    def past(self, asked: Asked, base: str) -> Sequence[RunCost]:
        """See Site: the newest vectorizers that the account has, trained on the same profile."""
        if not self.tenant.is_there or not self.login.endpoint:
            return []
        try:
            listed = self.tenant.vectorizers()
        except (RunError, ValidationError):
            return []
        alike = [one for one in listed if one.spec.content_type is asked.spec.content_type]
        alike.sort(key=lambda one: str(one.metadata.creation_timestamp), reverse=True)
        costs = (self._cost(one) for one in alike[:NEWEST])
        known = [cost for cost in costs if cost is not None and cost.profile == asked.spec.profile]
        return on_one_base(known, base)

    def _ask(self, asked: Asked, standing: Standing) -> None:
        if self.tenant.fine_tune(asked.fine_tune.metadata.name) is not None:
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
        refused = self.tenant.try_out(FINE_TUNES, body)
        if refused is not None:
            standing.refuse(refused.why, str(refused), refused.hint)

    def _ask_objects(self, asked: Asked, standing: Standing) -> None:
        spec, uid = asked.spec, asked.fine_tune.metadata.uid
        there = self.tenant.vectorizer(spec.custom_vectorizer_name)
        made_by = there.spec.source.fine_tune_uid if there is not None else None
        standing.object_to(against_name(spec.custom_vectorizer_name, made_by, uid))
        standing.object_to(self._reservation(asked))
        named = {"starting": spec.starting_custom_vectorizer_name, "sampling": spec.custom_vectorizer_name_for_sampling}
        for role, name in named.items():
            if not name:
                continue
            found = usable_vectorizer(role, name, self.tenant.vectorizer(name), spec.content_type)
            if isinstance(found, Objection):
                standing.object_to(found)
            elif role == "starting":
                standing.base = found.spec.base.name
        standing.not_checked.append("The platform's profiles, quotas and limits: the operator alone knows them.")

    def _reservation(self, asked: Asked) -> Objection | None:
        """Where an accepted fine-tune that has not ended makes a vectorizer of the same name."""
        name = asked.spec.custom_vectorizer_name
        others = self.tenant.fine_tunes()
        holders = [one for one in others if one.spec.custom_vectorizer_name == name and _is_at_work(one)]
        return name_reserved(name, holders[0].metadata.name) if holders else None

    def _cost(self, made: CustomVectorizer) -> RunCost | None:
        """What a run took that made a vectorizer, by the manifest that the operator published."""
        bucket = models_bucket(self._account, self.login.bucket_prefix)
        store = S3Store(
            self._store, bucket, published_prefix(made.metadata.name, made.spec.artifact.run_uid), _PATIENCE
        )
        try:
            text = store.read(MANIFEST_FILE, _MANIFEST_BYTES)
            manifest = RunManifest.model_validate_json(text)
        except (StorageError, ValidationError):
            return None
        return manifest.cost if hashlib.sha256(text).hexdigest() == made.spec.artifact.digest else None

    @property
    def _account(self) -> str:
        """The account of the namespace; its name where there is no cluster to ask."""
        return self.tenant.account if self.tenant.is_there else self.tenant.namespace

    @cached_property
    def _store(self) -> Minio:
        return self.login.connect()


def _is_at_work(fine_tune: FineTune) -> bool:
    status = fine_tune.status
    conditions = {one.type: one.status for one in status.conditions} if status else {}
    ended = "True" in (conditions.get(ConditionType.COMPLETE), conditions.get(ConditionType.FAILED))
    return conditions.get(ConditionType.ACCEPTED) == "True" and not ended
