"""What the operator needs around itself: both kinds as it knows them, and an object store that knows its user."""

import asyncio
import logging
from collections.abc import Iterator, Mapping
from typing import Any

from minio.error import S3Error
from vectorizer_api.crd import DEFINITIONS, schema

from vectorizer_operator.errors import Denied, Unavailable, Unfit
from vectorizer_operator.kube import Kube
from vectorizer_operator.settings import Settings
from vectorizer_operator.storage import Storage, StorageUnavailable

KINDS_SECONDS = 20.0
"""How long the API server may take to publish a CRD that was just applied."""
LOOK_EVERY = 1.0
STORE_LOOK_EVERY = 5.0
_NOTHING = ".nothing/"
"""A prefix that no base has: to list it asks for the right to, and for nothing else."""
_REMEDY = "`helm upgrade` applies the CRDs of its version, and so does `kubectl apply --server-side` with them"

Schema = Mapping[str, Any]

log = logging.getLogger(__name__)


async def check_kinds(kube: Kube, patience: float = KINDS_SECONDS) -> None:
    """Wait until the API server serves every field that this operator reads and writes; more than these do no harm.

    Raises:
        Unfit: where it still does not after `patience` seconds in which it answered.

    """
    while said := await _of_kinds(kube):
        if patience <= 0:
            raise Unfit(said)
        patience -= LOOK_EVERY
        await asyncio.sleep(LOOK_EVERY)


async def _of_kinds(kube: Kube) -> str:
    while True:
        try:
            return objection_to_kinds(await kube.schemas())
        except Unavailable as error:
            log.warning("the API server does not answer yet: %s", error)
            await asyncio.sleep(LOOK_EVERY)
        except Denied as error:
            log.warning("whether the CRDs are those of this version was not seen: %s", error)
            return ""


def objection_to_kinds(published: Mapping[str, Schema]) -> str:
    """What the kinds lack of what this operator needs, empty where nothing; `published` has their schemas by kind."""
    for definition in DEFINITIONS:
        if definition.kind not in published:
            return f"the cluster has no kind {definition.kind}: {_REMEDY}"
        known = set(_fields(published[definition.kind]))
        # Each has metadata of the API server's own making.
        if missing := [name for name in _fields(schema(definition.model)) if name not in known]:
            return (
                f"the cluster's CRD of {definition.kind} is older than this operator, and lacks {missing[0]}: {_REMEDY}"
            )
    return ""


def _fields(node: Schema, path: str = "") -> Iterator[str]:
    """The path of each field below a schema, a list's items and a map's values under the name of the list or map."""
    for name, child in node.get("properties", {}).items():
        place = f"{path}.{name}".removeprefix(".")
        yield place
        yield from _fields(child, place)
    for inner in ("items", "additionalProperties"):
        if isinstance(node.get(inner), Mapping):
            yield from _fields(node[inner], path)


class FirstContact:
    """Whether the object store has answered the operator since it started. Later failures are told by each run."""

    def __init__(self, storage: Storage, settings: Settings) -> None:
        self._storage, self._settings = storage, settings
        self.obstacle: str | None = "the object store was not asked yet"
        """What stands in the way, None once it answered."""

    async def make(self) -> None:
        """Ask until it answers; the log tells each obstacle once."""
        while said := await self._asked():
            if said != self.obstacle:
                log.error("%s", said)
            self.obstacle = said
            await asyncio.sleep(STORE_LOOK_EVERY)
        self.obstacle = None

    async def _asked(self) -> str:
        try:
            await self._storage.keys(self._settings.bases_bucket, _NOTHING)
        except StorageUnavailable as error:
            return objection_to_store(error, self._settings)
        return ""


def objection_to_store(error: StorageUnavailable, settings: Settings) -> str:
    """What the error says of these settings, by the names of their variables."""
    store = f"the object store {settings.s3_endpoint} (VECTORIZER_S3_ENDPOINT)"
    match error.__cause__:
        case S3Error(code="NoSuchBucket"):
            return (
                f"{store} has no bucket {settings.bases_bucket} (VECTORIZER_BASES_BUCKET), "
                "which holds the bases that every run starts from: make it, and put them there"
            )
        case S3Error() as refusal:
            return (
                f"{store} refuses the operator's user (VECTORIZER_S3_ACCESS_KEY, VECTORIZER_S3_SECRET_KEY) the list of "
                f"the bucket {settings.bases_bucket}: {refusal.code}: {refusal.message}"
            )
        case _:
            way = "by TLS" if settings.s3_secure else "without TLS"
            return f"{store} does not answer {way} (VECTORIZER_S3_SECURE): {error}"
