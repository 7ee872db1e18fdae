"""CustomVectorizer objects: which one has a name, whether it may be believed, and when it may go."""

import hashlib
import logging
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from vectorizer_api.conditions import ConditionType, Reason
from vectorizer_api.custom_vectorizer import (
    CustomVectorizer,
    CustomVectorizerSpec,
    CustomVectorizerStatus,
    DeletionPolicy,
)
from vectorizer_api.names import MANIFEST_FILE, MODEL_FOLDER, published_prefix, vectorizer_object_name
from vectorizer_api.run import RunManifest

from vectorizer_operator.accounts import Account, account_of, refuse_second_claim
from vectorizer_operator.errors import Refused
from vectorizer_operator.known import Known, is_true, named_vectorizers
from vectorizer_operator.kube import VECTORIZERS, Object
from vectorizer_operator.services import Services
from vectorizer_operator.status import Verdict, condition, score

log = logging.getLogger(__name__)

IN_USE = "vectorizers.dev/in-use"
DELETE_ARTIFACT = "vectorizers.dev/delete-artifact"
MANIFEST_BYTES = 16 * 1024**2


async def find(namespace: str, name: str, services: Services) -> Object | None:
    """The object that people call `name`, asked for now: refusals that follow from it are final."""
    return await services.kube.get(VECTORIZERS, namespace, vectorizer_object_name(name))


async def read_manifest(
    account: Account, name: str, run_uid: str, services: Services
) -> tuple[RunManifest, str] | None:
    """The published manifest and its SHA-256, or None where the artefact is gone."""
    stored = await services.storage.get(
        account.models, f"{published_prefix(name, run_uid)}{MANIFEST_FILE}", MANIFEST_BYTES
    )
    if stored is None:
        return None
    return RunManifest.model_validate_json(stored.body), hashlib.sha256(stored.body).hexdigest()


def model_location(account: Account, vectorizer: CustomVectorizer) -> str:
    """The URL of its vectorizer folder."""
    place = published_prefix(vectorizer.metadata.name, vectorizer.spec.artifact.run_uid)
    return f"s3://{account.models}/{place}{MODEL_FOLDER}"


async def protect(body: Object, services: Services) -> None:
    """Make its deletion wait for a run that is about to use it.

    Raises:
        Stale: where it changed, or was deleted, since it was looked at.

    """
    await _set_finalizers(body, {*_finalizers(body), IN_USE}, services)


async def create(name: str, namespace: str, spec: CustomVectorizerSpec, services: Services) -> Object:
    """Create the object and say that it is Ready.

    Raises:
        AlreadyExists: where there is one of that name.

    """
    body = {
        "apiVersion": VECTORIZERS.api_version,
        "kind": VECTORIZERS.kind,
        "metadata": {"name": name, "namespace": namespace},
        "spec": spec.model_dump(mode="json", by_alias=True, exclude_none=True),
    }
    created = await services.kube.create(VECTORIZERS, body)
    services.known.update(VECTORIZERS, created)
    return created


async def certify(body: Object, services: Services) -> None:
    """Say whether the object is what a run of this account published.

    An object that a person made, or a restore brought back, is believed only where the account's record holds the same
    spec and the published manifest the same digest.
    """
    vectorizer = CustomVectorizer.model_validate(body)
    try:
        account = await _sole_account(vectorizer, services)
        status = await _certificate(vectorizer, account, services)
    except Refused as error:
        status = _status(vectorizer, Verdict("False", error.reason, error.message), None)
    await _apply(body, vectorizer, status, services)


async def reconcile(namespace: str, name: str, services: Services) -> float | None:
    """Bring one CustomVectorizer from what is to what should be; the answer is when to look again, in seconds."""
    body = services.known.get(VECTORIZERS, namespace, name)
    if body is None:
        return None
    if "deletionTimestamp" in body["metadata"]:
        return await _let_go(body, services)
    await _set_finalizers(body, _wanted_finalizers(body, services), services)
    if not is_true(body, ConditionType.READY):
        await certify(body, services)
    return None


def users(body: Object, services: Services) -> list[str]:
    """The unfinished fine-tunes that use it, or are about to."""
    known, reservations = services.known, services.reservations
    return [item["metadata"]["name"] for item in _referring(body, known) if reservations.uses_vectorizers(item, known)]


def _referring(body: Object, known: Known) -> Sequence[Object]:
    called = body["spec"]["customVectorizerName"]
    unfinished = known.unfinished(body["metadata"]["namespace"])
    return [item for item in unfinished if called in named_vectorizers(item)]


def _wanted_finalizers(body: Object, services: Services) -> set[str]:
    wanted = _finalizers(body) - {IN_USE, DELETE_ARTIFACT}
    if users(body, services):
        wanted.add(IN_USE)
    if body["spec"].get("deletionPolicy") == DeletionPolicy.DELETE:
        wanted.add(DELETE_ARTIFACT)
    return wanted


async def _sole_account(vectorizer: CustomVectorizer, services: Services) -> Account:
    """The account of its namespace; raises Refused where that is none, or an older namespace is the account."""
    namespace = vectorizer.metadata.namespace or ""
    account = await account_of(namespace, services)
    await refuse_second_claim(account, namespace, services)
    return account


async def _is_on_record(vectorizer: CustomVectorizer, account: Account, services: Services) -> bool:
    spec = vectorizer.spec
    record = await services.records.get(account.models, spec.source.fine_tune_name)
    believed = record.published.get(vectorizer.metadata.name) if record is not None else None
    return believed is not None and _unchanging(believed) == _unchanging(spec)


async def _certificate(vectorizer: CustomVectorizer, account: Account, services: Services) -> CustomVectorizerStatus:
    spec, name = vectorizer.spec, vectorizer.metadata.name
    if not await _is_on_record(vectorizer, account, services):
        return _status(vectorizer, _refused("No run of this account published this vectorizer."), None)
    found = await read_manifest(account, name, spec.artifact.run_uid, services)
    if found is None:
        return _status(vectorizer, Verdict("False", Reason.ARTIFACT_DELETED, "Its files were deleted."), None)
    manifest, digest = found
    if digest != spec.artifact.digest:
        return _status(vectorizer, _refused("Its manifest is not the published one."), None)
    return _status(vectorizer, Verdict("True", Reason.PUBLISHED, "It can be used."), manifest)


def _refused(message: str) -> Verdict:
    return Verdict("False", Reason.RESULT_REFUSED, message)


def _unchanging(spec: CustomVectorizerSpec) -> CustomVectorizerSpec:
    return spec.model_copy(update={"deletion_policy": DeletionPolicy.RETAIN})


def _status(vectorizer: CustomVectorizer, ready: Verdict, manifest: RunManifest | None) -> CustomVectorizerStatus:
    now, generation = datetime.now(UTC).replace(microsecond=0), vectorizer.metadata.generation
    last = vectorizer.status or CustomVectorizerStatus()
    old = {item.type: item for item in last.conditions}
    verified = Verdict("True", Reason.DIGESTS_MATCH, "Every file has the digest that the manifest names.")
    verdicts = {
        ConditionType.READY: ready,
        ConditionType.ARTIFACT_VERIFIED: verified if manifest is not None else ready,
    }
    conditions = [condition(verdict, type_, old.get(type_), generation, now) for type_, verdict in verdicts.items()]
    if manifest is None:
        return CustomVectorizerStatus(conditions=conditions)
    return CustomVectorizerStatus(
        conditions=conditions,
        metrics=manifest.metrics,
        outcome=manifest.outcome,
        size_bytes=sum(file.size for file in manifest.files.values()),
        score=score(manifest.metrics, manifest.outcome),
    )


async def _let_go(body: Object, services: Services) -> float | None:
    """Wait for the runs that use it, at most until the deadline; then let its files go where it says so."""
    if not _finalizers(body) & {IN_USE, DELETE_ARTIFACT}:
        return None
    left = (_deadline(body, services) - datetime.now(UTC)).total_seconds()
    waiting_for = users(body, services)
    if waiting_for and left > 0:
        vectorizer = CustomVectorizer.model_validate(body)
        message = (
            f"It is deleted when these fine-tunes that use it have ended: {', '.join(waiting_for)}; at the latest at "
            f"{_deadline(body, services):%Y-%m-%d %H:%M:%S} UTC."
        )
        verdict = Verdict("False", Reason.WAITING, message)
        await _apply(body, vectorizer, _waiting_status(vectorizer, verdict), services)
        return left
    if DELETE_ARTIFACT in _finalizers(body):
        await _delete_artifact(CustomVectorizer.model_validate(body), services)
    await _set_finalizers(body, _finalizers(body) - {IN_USE, DELETE_ARTIFACT}, services)
    return None


def _waiting_status(vectorizer: CustomVectorizer, verdict: Verdict) -> CustomVectorizerStatus:
    last = vectorizer.status or CustomVectorizerStatus()
    fresh = {item.type: item for item in _status(vectorizer, verdict, None).conditions}
    kept = [fresh[item.type] if item.type == ConditionType.READY else item for item in last.conditions]
    return last.model_copy(update={"conditions": kept or [fresh[ConditionType.READY]]})


async def _delete_artifact(vectorizer: CustomVectorizer, services: Services) -> None:
    """Remove the published files, unless they are another object's: no run of this account published this one."""
    try:
        account = await _sole_account(vectorizer, services)
    except Refused as error:
        log.warning("the files of %s stay: %s", vectorizer.metadata.name, error)
        return
    if not await _is_on_record(vectorizer, account, services):
        log.warning("the files of %s stay: it is not on record", vectorizer.metadata.name)
        return
    place = published_prefix(vectorizer.metadata.name, vectorizer.spec.artifact.run_uid)
    keys = await services.storage.keys(account.models, place)
    # The manifest goes first: an artefact without it counts as deleted, however far this gets.
    await services.storage.remove(account.models, sorted(keys, key=lambda key: not key.endswith(f"/{MANIFEST_FILE}")))


async def _set_finalizers(body: Object, wanted: set[str], services: Services) -> None:
    if wanted == _finalizers(body):
        return
    metadata = body["metadata"]
    patch = {"metadata": {"resourceVersion": metadata["resourceVersion"], "finalizers": sorted(wanted)}}
    patched = await services.kube.merge(VECTORIZERS, metadata["namespace"], metadata["name"], patch)
    if patched is not None:
        services.known.update(VECTORIZERS, patched)


async def _apply(
    body: Object, vectorizer: CustomVectorizer, status: CustomVectorizerStatus, services: Services
) -> None:
    if status == vectorizer.status:
        return
    metadata = body["metadata"]
    said = status.model_dump(mode="json", by_alias=True, exclude_none=True)
    written = await services.kube.apply_status(
        VECTORIZERS, metadata["namespace"], metadata["name"], said, metadata["resourceVersion"]
    )
    if written is not None:
        services.known.update(VECTORIZERS, written)


def _finalizers(body: Object) -> set[str]:
    return set(body["metadata"].get("finalizers") or [])


def _deadline(body: Object, services: Services) -> datetime:
    """When it goes, whoever still uses it."""
    asked = datetime.fromisoformat(body["metadata"]["deletionTimestamp"])
    return asked + timedelta(seconds=services.settings.deletion_deadline)
