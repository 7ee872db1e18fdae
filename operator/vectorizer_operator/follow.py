"""Following active runs: progress.json by ETag, no more often than asked for, and mirrored no more often than that."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from pydantic import ValidationError
from vectorizer_api.run import RunProgress

from vectorizer_operator.storage import Storage, StorageUnavailable

log = logging.getLogger(__name__)

PROGRESS_BYTES = 256 * 1024
"""What a status can hold beside its conditions: whoever has a run's credentials may have written it."""


@dataclass(frozen=True)
class _Look:
    at: float
    etag: str | None
    said: RunProgress | None


class Follower:
    """The last word of each active run."""

    def __init__(
        self, storage: Storage, poll_seconds: float, mirror_seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._storage = storage
        self._poll_seconds = poll_seconds
        self._mirror_seconds = mirror_seconds
        self._clock = clock
        self._looks: dict[str, _Look] = {}
        self._mirrored: dict[str, float] = {}

    async def latest(self, run_uid: str, bucket: str, key: str) -> RunProgress | None:
        """What the run said last. Asks the store at most once in the poll interval, and reads only what is new."""
        last = self._looks.get(run_uid)
        if last is not None and self._clock() - last.at < self._poll_seconds:
            return last.said
        return await self._look(run_uid, bucket, key)

    async def final(self, run_uid: str, bucket: str, key: str) -> RunProgress | None:
        """What the run said last, read now."""
        self._looks.pop(run_uid, None)
        return await self._look(run_uid, bucket, key)

    def may_mirror(self, run_uid: str) -> bool:
        """Whether a status write that tells nothing but progress is due for this run."""
        return self._clock() - self._mirrored.get(run_uid, float("-inf")) >= self._mirror_seconds

    def mirrored(self, run_uid: str) -> None:
        """Note that the run's status was written."""
        self._mirrored[run_uid] = self._clock()

    def forget(self, run_uid: str) -> None:
        """Drop what is kept of a run that has ended."""
        self._looks.pop(run_uid, None)
        self._mirrored.pop(run_uid, None)

    async def _look(self, run_uid: str, bucket: str, key: str) -> RunProgress | None:
        last = self._looks.get(run_uid, _Look(0.0, None, None))
        try:
            etag = await self._storage.etag(bucket, key)
            said = last.said if etag == last.etag else await self._read(bucket, key)
        except StorageUnavailable as error:
            log.warning("progress of %s: %s", run_uid, error)
            etag, said = last.etag, last.said
        self._looks[run_uid] = _Look(self._clock(), etag, said)
        return said

    async def _read(self, bucket: str, key: str) -> RunProgress | None:
        stored = await self._storage.get(bucket, key, PROGRESS_BYTES)
        try:
            return RunProgress.model_validate_json(stored.body) if stored is not None else None
        except ValidationError:
            log.warning("%s/%s is no progress", bucket, key)
            return None
