"""Publish: copy the result to where no run can write, believe only what the copy really holds, then name it.

Every step may be repeated: an operator that died anywhere in here goes through it again with the same outcome.
"""

import asyncio
import hashlib
import re

from pydantic import ValidationError
from vectorizer_api.artifact import BaseReference, VectorizerDescription
from vectorizer_api.conditions import Reason
from vectorizer_api.custom_vectorizer import Artifact, CustomVectorizer, CustomVectorizerSpec, Source
from vectorizer_api.names import (
    DESCRIPTION_FILE,
    MANIFEST_FILE,
    MODEL_FOLDER,
    REPORT_FILE,
    REPORT_FOLDER,
    attempt_prefix,
    published_prefix,
    vectorizer_object_name,
)
from vectorizer_api.run import Failure, RunManifest

from vectorizer_operator import vectorizers
from vectorizer_operator.bases import DESCRIPTION_BYTES
from vectorizer_operator.errors import RunFailed
from vectorizer_operator.follow import PROGRESS_BYTES
from vectorizer_operator.kube import AlreadyExists
from vectorizer_operator.observe import Observed
from vectorizer_operator.records import Record
from vectorizer_operator.services import Services
from vectorizer_operator.storage import Digest, TooLarge

_PATH = re.compile(r"(model|report)(/[A-Za-z0-9_-][A-Za-z0-9._-]*)+")
_MODEL_SUFFIXES = (".safetensors", ".json", ".txt", ".md")
"""What a vectorizer consists of: nothing that has to be unpickled."""
_DESCRIPTION = f"{MODEL_FOLDER}{DESCRIPTION_FILE}"
_HINTS = {
    Reason.RESULT_REFUSED: "Run it again under a new object name; if it ends alike, report it with its log.txt.",
    Reason.NAME_TAKEN: "Apply the request again under a new object name, with another customVectorizerName.",
}


async def publish(seen: Observed, record: Record, services: Services) -> tuple[RunManifest, Record]:
    """Publish the attempt's result.

    Raises:
        RunFailed: where the result is not what it says it is; nothing is published then.
        StorageUnavailable: where the object store does not answer.

    """
    name = vectorizer_object_name(seen.fine_tune.spec.custom_vectorizer_name)
    if name not in record.published or record.published[name].artifact.run_uid != record.uid:
        record = await _publish_files(seen, record, name, services)
    spec = record.published[name]
    found = await vectorizers.read_manifest(seen.account, name, spec.artifact.run_uid, services)
    if found is None:
        raise _refused("The published files were deleted while they were published.")
    await _publish_object(seen, name, spec, services)
    return found[0], record


async def _publish_files(seen: Observed, record: Record, name: str, services: Services) -> Record:
    source = attempt_prefix(record.uid, seen.attempt_number)
    target = published_prefix(name, record.uid)
    body = await _read(seen, f"{source}{MANIFEST_FILE}", services)
    manifest = _parsed(body)
    _check(manifest, seen, record, services)
    bucket = seen.account.models
    try:
        await _check_sizes(manifest, bucket, source, services)
        await _copy(manifest, bucket, source, target, services)
        await _verify_copy(manifest, bucket, target, services)
        await _check_description(manifest, record, bucket, target, services)
    except RunFailed:
        await services.storage.remove(bucket, await services.storage.keys(bucket, target))
        raise
    await services.storage.put(bucket, f"{target}{MANIFEST_FILE}", body)
    spec = _spec(seen, record, manifest, hashlib.sha256(body).hexdigest())
    updated = record.model_copy(update={"published": {**record.published, name: spec}})
    return await services.records.put(bucket, updated)


async def _publish_object(seen: Observed, name: str, spec: CustomVectorizerSpec, services: Services) -> None:
    try:
        body = await vectorizers.create(name, seen.namespace, spec, services)
    except AlreadyExists:
        there = await vectorizers.find(seen.namespace, spec.custom_vectorizer_name, services)
        if there is None:
            raise
        if CustomVectorizer.model_validate(there).spec.source != spec.source:
            message = f"The name {spec.custom_vectorizer_name} was given to another vectorizer meanwhile."
            raise RunFailed(Reason.NAME_TAKEN, _failure(Reason.NAME_TAKEN, message)) from None
        body = there
    await vectorizers.certify(body, services)


async def _read(seen: Observed, key: str, services: Services) -> bytes:
    try:
        stored = await services.storage.get(seen.account.models, key, vectorizers.MANIFEST_BYTES)
    except TooLarge as error:
        raise _refused(str(error)) from error
    if stored is None:
        raise _refused("The run left no manifest.")
    return stored.body


def _parsed(body: bytes) -> RunManifest:
    try:
        return RunManifest.model_validate_json(body)
    except ValidationError as error:
        raise _refused(f"The run's manifest cannot be read: {error.errors()[0]['msg']}") from error


def _check(manifest: RunManifest, seen: Observed, record: Record, services: Services) -> None:
    """What the manifest alone tells."""
    settings, asked = services.settings, seen.fine_tune.spec
    wanted = asked.content_type
    size = sum(file.size for file in manifest.files.values())
    told = len(manifest.model_dump_json(include={"dataset", "metrics"}))
    described = manifest.files.get(_DESCRIPTION)
    wrong = [
        ("it is of another run", manifest.run_uid != record.uid or manifest.attempt != seen.attempt_number),
        (f"it is for {manifest.content_type}, not for {wanted}", manifest.content_type is not wanted),
        (
            f"its dimension is {manifest.dimension}, its start's is {record.granted.dimension}",
            manifest.dimension != record.granted.dimension,
        ),
        ("it descends from another base", not _is_granted(manifest.base, record)),
        (f"it has {len(manifest.files)} files", len(manifest.files) > settings.max_artifact_files),
        (f"it has {size} bytes", size > settings.max_artifact_bytes),
        (f"it tells of its data set in {told} characters, more than a status holds", told > PROGRESS_BYTES),
        (f"its seed is {manifest.seed}, not the one that was asked for", manifest.seed != asked.training.seed),
        ("it has no vectorizer.json", described is None),
        ("its vectorizer.json is too long", described is not None and described.size > DESCRIPTION_BYTES),
        ("it has no report", REPORT_FILE not in manifest.files),
        *((f"it has a file {path!r:.200}", not _is_allowed(path)) for path in manifest.files),
    ]
    if faults := [what for what, is_so in wrong if is_so]:
        raise _refused(f"The result was refused: {faults[0]}.")


def _is_granted(base: BaseReference, record: Record) -> bool:
    granted = record.granted.base
    return (base.name, base.digest) == (granted.name, granted.digest)


def _is_allowed(path: str) -> bool:
    if len(path) > 512 or _PATH.fullmatch(path) is None:
        return False
    return path.startswith(REPORT_FOLDER) or path.endswith(_MODEL_SUFFIXES)


async def _check_sizes(manifest: RunManifest, bucket: str, source: str, services: Services) -> None:
    """Before anything is copied or read: a run may have written more than the operator is ready to handle."""
    found = await asyncio.gather(*(services.storage.size(bucket, source + path) for path in manifest.files))
    for (path, wanted), size in zip(manifest.files.items(), found, strict=True):
        if size is None:
            raise _refused(f"The result was refused: {path}, which the manifest names, is not there.")
        if size != wanted.size:
            raise _refused(f"The result was refused: {path} has {size} bytes, not {wanted.size} as the manifest says.")


async def _copy(manifest: RunManifest, bucket: str, source: str, target: str, services: Services) -> None:
    storage = services.storage
    if not all(await asyncio.gather(*(storage.copy(bucket, source + path, target + path) for path in manifest.files))):
        raise _refused("The result was refused: a file was deleted while it was copied.")


async def _verify_copy(manifest: RunManifest, bucket: str, target: str, services: Services) -> None:
    """Hash what was copied: nobody else can write there, so this holds from now on."""
    files = manifest.files.items()
    found = await asyncio.gather(*(services.storage.digest(bucket, target + path, file.size) for path, file in files))
    for (path, wanted), there in zip(files, found, strict=True):
        if there != Digest(wanted.sha256, wanted.size):
            raise _refused(f"The result was refused: {path} is not what the manifest says.")


async def _check_description(
    manifest: RunManifest, record: Record, bucket: str, target: str, services: Services
) -> None:
    """What vectorizer.json says must be what the manifest says: readers rely on it alone."""
    stored = await services.storage.get(bucket, f"{target}{_DESCRIPTION}", DESCRIPTION_BYTES)
    try:
        description = VectorizerDescription.model_validate_json(stored.body if stored else b"")
    except ValidationError as error:
        raise _refused("The result was refused: its vectorizer.json cannot be read.") from error
    listed = {f"{MODEL_FOLDER}{path}": digest for path, digest in description.files.items()}
    if any(manifest.files.get(path) != digest for path, digest in listed.items()):
        raise _refused("The result was refused: its vectorizer.json names other files than its manifest.")
    if (description.dimension, description.content_type) != (record.granted.dimension, manifest.content_type):
        raise _refused("The result was refused: its vectorizer.json is of another shape.")
    if description.base != manifest.base:
        raise _refused("The result was refused: its vectorizer.json names another base than its manifest.")


def _spec(seen: Observed, record: Record, manifest: RunManifest, digest: str) -> CustomVectorizerSpec:
    asked, granted = seen.fine_tune.spec, record.granted
    return CustomVectorizerSpec(
        custom_vectorizer_name=asked.custom_vectorizer_name,
        content_type=manifest.content_type,
        dimension=manifest.dimension,
        base=manifest.base,
        artifact=Artifact(
            run_uid=record.uid, digest=digest, size_bytes=sum(file.size for file in manifest.files.values())
        ),
        source=Source(
            fine_tune_name=seen.fine_tune.metadata.name,
            fine_tune_uid=record.uid,
            starting_vectorizer_name=asked.starting_custom_vectorizer_name,
            starting_vectorizer_uid=granted.start_uid,
        ),
        dataset_digest=manifest.dataset.digest or "",
        image_digest=granted.image,
        seed=manifest.seed,
    )


def _refused(message: str) -> RunFailed:
    return RunFailed(Reason.RESULT_REFUSED, _failure(Reason.RESULT_REFUSED, message))


def _failure(reason: Reason, message: str) -> Failure:
    return Failure(exit_code=0, reason=reason, message=message, hint=_HINTS[reason])
