"""What a run wrote into its log, from the store: the pod may be gone, and nobody needs rights on pods."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from vectorizer_api.fine_tune import FineTune
from vectorizer_api.names import LOG_FILE, attempt_prefix
from vectorizer_trainer.errors import StorageError

if TYPE_CHECKING:
    from minio import Minio

__all__ = ["RunLog", "latest_attempt"]

_NOTHING_NEW = frozenset({"NoSuchKey", "AccessDenied", "InvalidRange"})
"""What the store says where there is nothing behind what was read: without the right to list, a log that is not there
is denied."""
_CHUNK = 1024 * 1024


def latest_attempt(fine_tune: FineTune) -> int:
    """The number of the attempt that runs or ran last; 0 before the first."""
    attempts = fine_tune.status.attempts if fine_tune.status else None
    return attempts.current if attempts else 0


@dataclass
class RunLog:
    """The log of one attempt, read on from where the last reading ended."""

    store: "Minio"
    bucket: str
    run_uid: str
    attempt: int
    read: int = 0
    """Bytes that were read."""

    def copy_to(self, sink: IO[bytes]) -> None:
        """Write what is new to `sink`; nothing where there is no log yet. Raises StorageError."""
        for chunk in self._new():
            sink.write(chunk)
            self.read += len(chunk)
        sink.flush()

    def _new(self) -> Iterator[bytes]:
        from minio.error import MinioException, S3Error
        from urllib3.exceptions import HTTPError

        place = attempt_prefix(self.run_uid, self.attempt) + LOG_FILE
        try:
            response = self.store.get_object(bucket_name=self.bucket, object_name=place, offset=self.read)
            try:
                yield from response.stream(_CHUNK)
            finally:
                response.close()
                response.release_conn()
        except S3Error as error:
            if error.code not in _NOTHING_NEW:
                raise StorageError(f"The log cannot be read: {error.code}: {error.message}") from error
        except (MinioException, HTTPError, OSError) as error:
            raise StorageError(f"The log cannot be read: {type(error).__name__}.") from error
