"""Accept: whether the request can be granted, and what it is granted. Nothing runs before this is on record."""

import asyncio
from collections.abc import Awaitable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from vectorizer_api.acceptance import Objection, against_name, name_reserved, usable_vectorizer
from vectorizer_api.artifact import BaseReference
from vectorizer_api.conditions import Reason
from vectorizer_api.custom_vectorizer import CustomVectorizer
from vectorizer_api.fine_tune import FineTuneSpec
from vectorizer_api.names import DESCRIPTION_FILE, MODEL_FOLDER, URLS_FILE, folder_prefix
from vectorizer_api.run import VectorizerSource

from vectorizer_operator import bases, vectorizers
from vectorizer_operator.accounts import refuse_second_claim
from vectorizer_operator.assignments import training_grant
from vectorizer_operator.credentials import POLICY_BYTES, policy
from vectorizer_operator.errors import Refused, Waiting, objected
from vectorizer_operator.kube import Object
from vectorizer_operator.observe import Observed
from vectorizer_operator.profiles import Profile
from vectorizer_operator.records import Granted, Record, spec_digest
from vectorizer_operator.services import Services
from vectorizer_operator.steps.recall import rerun_value


async def accept(seen: Observed, services: Services, now: datetime) -> Record:
    """Grant the request, and put on record what was granted.

    Raises:
        Refused: where it can never be granted as it is.
        Waiting: where it can be granted when something else is there.
        StorageUnavailable: where the object store does not answer.

    """
    spec = seen.fine_tune.spec
    _refuse_unsupported(spec, services)
    profile = _profile(spec, services)
    _refuse_over_limit(spec, profile)
    services.turns.refuse_beyond(seen.fine_tune)
    await _first_fault(
        refuse_second_claim(seen.account, seen.namespace, services),
        _name_is_free(seen, services),
        _bucket_is_there(seen.account.models, services),
        _bucket_is_there(seen.account.batch, services),
    )
    granted = await _grant(seen, profile, services)
    _refuse_long_policy(seen, granted, services)
    _reserve_name(seen, services)
    await _name_is_free(seen, services)  # Again: who held the name until now may have used it since.
    return await services.records.put(seen.account.models, _record(seen, granted, now))


async def _first_fault(*checks: Awaitable[None]) -> None:
    """Check at the same time, and tell of the first in this order: the same world gives the same answer."""
    for found in await asyncio.gather(*checks, return_exceptions=True):
        if found is not None:
            raise found


def _refuse_unsupported(spec: FineTuneSpec, services: Services) -> None:
    if spec.content_type not in services.settings.bases:
        served = ", ".join(sorted(services.settings.bases))
        what = f"contentType {spec.content_type} (this operator serves {served})"
        raise Refused(
            Reason.NOT_SUPPORTED,
            f"{what} is not supported by this operator. Leave it out and apply the request again under a new object "
            "name.",
        )


def _profile(spec: FineTuneSpec, services: Services) -> Profile:
    if (profile := services.profiles.get(spec.profile)) is not None:
        return profile
    wanted = spec.profile or "(the default)"
    offered = ", ".join(services.profiles.names()) or "none"
    raise Waiting(Reason.PROFILE_MISSING, f"There is no profile {wanted}; the platform offers: {offered}.")


def _refuse_over_limit(spec: FineTuneSpec, profile: Profile) -> None:
    asked = spec.training.max_duration_seconds
    if asked is not None and asked > profile.max_duration_seconds:
        raise _over_limit("training.maxDurationSeconds", asked, profile.max_duration_seconds)
    if spec.training.max_examples > profile.max_examples and "max_examples" in spec.training.model_fields_set:
        raise _over_limit("training.maxExamples", spec.training.max_examples, profile.max_examples)


def _over_limit(field: str, asked: int, limit: int) -> Refused:
    return Refused(
        Reason.LIMIT_EXCEEDED,
        f"{field} is {asked}, and at most {limit} is allowed. Ask for less, under a new object name.",
    )


def _refuse_long_policy(seen: Observed, granted: Granted, services: Services) -> None:
    """A folder of 128 characters may take 512 bytes, and STS takes 2,048 in all."""
    size = len(policy(training_grant(seen.fine_tune, granted, services.settings)).encode())
    if size > POLICY_BYTES:
        taken = len(seen.fine_tune.spec.batch_folder.encode())
        raise _over_limit("the length of batchFolder in bytes", taken, taken - (size - POLICY_BYTES) // 2)


async def _name_is_free(seen: Observed, services: Services) -> None:
    name = seen.fine_tune.spec.custom_vectorizer_name
    there = await vectorizers.find(seen.namespace, name, services)
    made_by = str(there["spec"]["source"]["fineTuneUID"]) if there is not None else None
    if (objection := against_name(name, made_by, seen.fine_tune.metadata.uid)) is not None:
        raise objected(objection)


async def _bucket_is_there(bucket: str, services: Services) -> None:
    if not await services.storage.bucket_exists(bucket):
        raise Waiting(Reason.STORAGE_UNREACHABLE, f"The account's bucket {bucket} is not there.")


async def _grant(seen: Observed, profile: Profile, services: Services) -> Granted:
    spec = seen.fine_tune.spec
    start, sampling = await _named(seen, services)
    if start is not None:
        base, begins, dimension, uid = _base_of(start, services), start.source, start.dimension, start.uid
    else:
        base_name = profile.bases.get(spec.content_type, services.settings.bases[spec.content_type])
        found = await bases.read_base(base_name, spec.content_type, services)
        base, begins, dimension, uid = found.source, found.source, found.dimension, ""
    url_list = await _has_url_list(seen, services)
    await _protect([named for named in (start, sampling) if named is not None], seen, services)
    return Granted(
        account=seen.account.name,
        base=base,
        start=begins,
        start_uid=uid,
        sampling=sampling.source if sampling is not None else None,
        dimension=dimension,
        fetches=url_list or bool(spec.file_urls),
        url_list=url_list,
        profile=spec.profile,
        max_duration_seconds=spec.training.max_duration_seconds or profile.max_duration_seconds,
        pre_running_deadline_seconds=profile.pre_running_deadline_seconds,
        gpus=profile.gpus,
        image=services.settings.trainer_image,
    )


async def _has_url_list(seen: Observed, services: Services) -> bool:
    """Whether the batch folder that is asked for has a list of URLs."""
    spec = seen.fine_tune.spec
    if not spec.download_from_batch_cloud_folder:
        return False
    key = f"{folder_prefix(spec.batch_folder)}{URLS_FILE}"
    return await services.storage.etag(seen.account.batch, key) is not None


@dataclass(frozen=True)
class _Named:
    """A vectorizer of the account that the request names, and that can be used."""

    body: Object
    source: VectorizerSource
    base: BaseReference
    dimension: int

    @property
    def uid(self) -> str:
        """The UID of the object."""
        return str(self.body["metadata"]["uid"])


async def _named(seen: Observed, services: Services) -> tuple[_Named | None, _Named | None]:
    """The starting and the sampling vectorizer; of two faults the one that is final is told."""
    spec = seen.fine_tune.spec
    start, sampling = await asyncio.gather(
        _usable("starting", spec.starting_custom_vectorizer_name, seen, services),
        _usable("sampling", spec.custom_vectorizer_name_for_sampling, seen, services),
        return_exceptions=True,
    )
    for fault in sorted((start, sampling), key=lambda found: not isinstance(found, Refused)):
        if isinstance(fault, BaseException):
            raise fault
    return cast("tuple[_Named | None, _Named | None]", (start, sampling))


async def _usable(role: str, name: str, seen: Observed, services: Services) -> _Named | None:
    """The vectorizer of that name, or None where none is named."""
    if not name:
        return None
    body = await vectorizers.find(seen.namespace, name, services)
    there = CustomVectorizer.model_validate(body) if body is not None else None
    vectorizer = usable_vectorizer(role, name, there, seen.fine_tune.spec.content_type)
    if body is None or isinstance(vectorizer, Objection):
        raise objected(cast("Objection", vectorizer))
    found = await vectorizers.read_manifest(
        seen.account, vectorizer.metadata.name, vectorizer.spec.artifact.run_uid, services
    )
    if found is None or found[1] != vectorizer.spec.artifact.digest:
        await vectorizers.certify(body, services)
        raise Waiting(Reason.WAITING_FOR_VECTORIZER, f"The files of the {role} vectorizer {name} are not there.")
    digest = found[0].files[f"{MODEL_FOLDER}{DESCRIPTION_FILE}"].sha256
    location = vectorizers.model_location(seen.account, vectorizer)
    source = VectorizerSource(name=name, location=location, digest=digest)
    return _Named(body, source, vectorizer.spec.base, vectorizer.spec.dimension)


def _base_of(start: _Named, services: Services) -> VectorizerSource:
    base = start.base
    return VectorizerSource(name=base.name, location=bases.location(base.name, services), digest=base.digest)


async def _protect(used: Iterable[_Named], seen: Observed, services: Services) -> None:
    """Make the deletion of what the run uses wait for the run; one vectorizer may have both roles."""
    for body in {named.uid: named.body for named in used}.values():
        services.reservations.begin(seen.fine_tune.metadata.uid)
        await vectorizers.protect(body, services)


def _reserve_name(seen: Observed, services: Services) -> None:
    name = seen.fine_tune.spec.custom_vectorizer_name
    holder = services.reservations.claim(seen.fine_tune, services.known)
    if holder is not None:
        raise objected(name_reserved(name, holder))


def _record(seen: Observed, granted: Granted, now: datetime) -> Record:
    last, value = seen.record, rerun_value(seen)
    reruns = [*(last.reruns if last else []), *([value] if value is not None else [])]
    return Record(
        fine_tune=seen.fine_tune.metadata.name,
        uid=seen.fine_tune.metadata.uid,
        spec_digest=spec_digest(seen.fine_tune.spec),
        requested=now,
        granted=granted,
        reruns=list(dict.fromkeys(reruns)),
        published=last.published if last else {},
    )
