"""`requests/<metadata.name>.json`: what was asked for under an object's name, what was granted, and how it ended.

The record outlives the object. A fine-tune that comes back without status (a restore, a new cluster synced from Git)
finds here that its work was done.
"""

import hashlib
import json
from datetime import datetime

from pydantic import Field, ValidationError
from vectorizer_api.custom_vectorizer import CustomVectorizerSpec
from vectorizer_api.fine_tune import FineTuneSpec, FineTuneStatus
from vectorizer_api.model import StoredModel
from vectorizer_api.names import record_key
from vectorizer_api.run import VectorizerSource

from vectorizer_operator.storage import Storage, StorageUnavailable

RECORD_BYTES = 4 * 1024**2
_MAY_CHANGE = {"suspend", "ttl_seconds_after_finished", "queue_name"}


class Granted(StoredModel):
    """What acceptance resolved; the run and its publication rely on this and not on what may change meanwhile."""

    account: str
    base: VectorizerSource
    start: VectorizerSource
    start_uid: str = ""
    """startUid is the UID of the starting CustomVectorizer; empty for the base."""
    sampling: VectorizerSource | None = None
    """sampling is the custom vectorizer that examples are chosen with, where one was named."""
    dimension: int
    """dimension of the start, and so of the result."""
    fetches: bool = False
    """fetches says whether files are downloaded from URLs before the training."""
    url_list: bool = False
    """urlList says whether the batch folder has a file_urls.json that is obeyed."""
    profile: str
    max_duration_seconds: int
    pre_running_deadline_seconds: int = 3600
    gpus: int = 0
    image: str
    """image is the trainer's."""


class Record(StoredModel):
    """One record. It is written before the first Job, and again when the run has ended."""

    fine_tune: str
    uid: str
    """uid of the object that ran, or runs."""
    spec_digest: str
    requested: datetime
    granted: Granted
    reruns: list[str] = Field(default_factory=list)
    """reruns are the values of the rerun label that were obeyed."""
    published: dict[str, CustomVectorizerSpec] = Field(default_factory=dict)
    """published holds the spec of each CustomVectorizer object that came of this name; no other is believed."""
    ended: FineTuneStatus | None = None
    """ended is the final status."""


def spec_digest(spec: FineTuneSpec) -> str:
    """SHA-256 over what may not change; defaults are left out, so that a new field alone makes no new request."""
    said = spec.model_dump(mode="json", by_alias=True, exclude=_MAY_CHANGE, exclude_defaults=True)
    return hashlib.sha256(json.dumps(said, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


class Records:
    """The records of all accounts, with those of unfinished runs kept in memory: nobody else writes them."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._current: dict[tuple[str, str], Record] = {}

    async def get(self, bucket: str, fine_tune: str) -> Record | None:
        """The record under this name.

        Raises:
            StorageUnavailable: also where what is stored is no record; that is a person's to mend.

        """
        if (known := self._current.get((bucket, fine_tune))) is not None:
            return known
        stored = await self._storage.get(bucket, record_key(fine_tune), RECORD_BYTES)
        if stored is None:
            return None
        try:
            record = Record.model_validate_json(stored.body)
        except ValidationError as error:
            raise StorageUnavailable(f"{bucket}/{record_key(fine_tune)} is no record: {error}") from error
        self._remember(bucket, record)
        return record

    async def put(self, bucket: str, record: Record) -> Record:
        """Write the record; what was written is returned."""
        body = record.model_dump_json(by_alias=True, exclude_none=True, indent=1).encode()
        await self._storage.put(bucket, record_key(record.fine_tune), body)
        self._remember(bucket, record)
        return record

    def forget(self, run_uid: str) -> Record | None:
        """Drop what is kept in memory of an object that is gone; the answer is that."""
        held = next((key for key, record in self._current.items() if record.uid == run_uid), None)
        return self._current.pop(held) if held is not None else None

    def _remember(self, bucket: str, record: Record) -> None:
        if record.ended is None:
            self._current[bucket, record.fine_tune] = record
        else:
            self._current.pop((bucket, record.fine_tune), None)
