"""Download and decode, beside whatever is done with the items: memory holds a window of them."""

import hashlib
import logging
import os
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from threading import BoundedSemaphore
from typing import TYPE_CHECKING

from vectorizer_api.run import Limits, RejectedFile, Stage

from vectorizer_trainer.cache import Array, check_disk
from vectorizer_trainer.errors import UnreadableFile
from vectorizer_trainer.fingerprints import Row, fingerprints_of
from vectorizer_trainer.inventory import LabelledFile
from vectorizer_trainer.store import Source
from vectorizer_trainer.wording import quoted

if TYPE_CHECKING:
    from vectorizer_trainer.tuning.types import Observer
    from vectorizer_trainer.vectorizer import Vectorizer

DOWNLOADS = 32
"""Files downloaded at once: storage answers slowly and in parallel."""

Take = Callable[[LabelledFile, Array], None]
"""What is done with a file and its item."""

_WINDOW = 128
"""Files on their way, decoded ones included."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Reading:
    """The files that could be read, in the order in which they were asked for."""

    files: list[LabelledFile]
    digests: list[str]
    """SHA-256 of each file's content."""
    prints: list[Row]
    """The fingerprint [k] of each."""
    unreadable: list[RejectedFile]

    def __add__(self, other: "Reading") -> "Reading":
        """Both, one after the other."""
        return Reading(
            self.files + other.files,
            self.digests + other.digests,
            self.prints + other.prints,
            self.unreadable + other.unreadable,
        )


@dataclass(frozen=True)
class _Decoded:
    file: LabelledFile
    digest: str
    fingerprint: Row
    item: Array


class Reader:
    """Reads the files of a batch folder."""

    def __init__(self, batch: Source, vectorizer: "Vectorizer", limits: Limits, scratch: Path) -> None:
        """Takes the store, who decodes, the limits, and a folder for what is on its way."""
        self._batch = batch
        self.vectorizer = vectorizer
        """Who decodes."""
        self._limits = limits
        self._scratch = scratch
        self.fingerprints = fingerprints_of(vectorizer.content_type)
        """How copies among its files are recognised."""
        # A decoder holds a file in full: as many at once as there are cores, however many downloads wait.
        self._decoders = BoundedSemaphore(len(os.sched_getaffinity(0)))

    def read(self, files: Sequence[LabelledFile], stage: Stage, observer: "Observer", take: Take) -> Reading:
        """Download, decode and `take` each file; raises OverLimit for want of disk, InputChanged, StorageError."""
        largest = sorted((file.entry.size for file in files), reverse=True)[:DOWNLOADS]
        check_disk(self._scratch, sum(largest))
        observer.stage(stage, len(files))
        reading = Reading([], [], [], [])
        started = time.monotonic()
        for step, result in enumerate(self._results(files), 1):
            if isinstance(result, RejectedFile):
                reading.unreadable.append(result)
            else:
                take(result.file, result.item)
                reading.files.append(result.file)
                reading.digests.append(result.digest)
                reading.prints.append(result.fingerprint)
            observer.advance(step, examples_per_second=step / (time.monotonic() - started))
        return reading

    def _results(self, files: Sequence[LabelledFile]) -> Iterator[_Decoded | RejectedFile]:
        """The files in their order, each as soon as it is there."""
        pool = ThreadPoolExecutor(DOWNLOADS, thread_name_prefix="download")
        window: deque[Future[_Decoded | RejectedFile]] = deque()
        try:
            for file in files:
                window.append(pool.submit(self._read, file))
                if len(window) == _WINDOW:
                    yield window.popleft().result()
            while window:
                yield window.popleft().result()
        finally:
            # Not waited for: whoever stops the run wants it to stop now.
            pool.shutdown(wait=False, cancel_futures=True)

    def _read(self, file: LabelledFile) -> _Decoded | RejectedFile:
        local = self._scratch / self._local_name(file.name)
        try:
            digest = self._batch.fetch(file.entry, local)
            with self._decoders:
                item = self.vectorizer.decode(local, self._limits)
                return _Decoded(file, digest, self.fingerprints.of(item), item)
        except UnreadableFile as error:
            _log.info("rejected %s: %s", quoted(file.name), error)
            return RejectedFile(name=file.name, reason=str(error))
        finally:
            local.unlink(missing_ok=True)

    def _local_name(self, key: str) -> str:
        """A name that the key's author cannot steer: its digest, and a suffix that the content type knows."""
        suffix = PurePosixPath(key).suffix.lower()
        return hashlib.sha256(key.encode()).hexdigest() + (suffix if suffix in self.vectorizer.suffixes else "")
