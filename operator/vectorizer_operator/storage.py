"""The object store, from the event loop: minio's blocking calls in an own bounded pool of threads."""

import asyncio
import hashlib
import io
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import urllib3
from minio import Minio
from minio.commonconfig import CopySource
from minio.deleteobjects import DeleteObject
from minio.error import MinioException, S3Error, ServerError

from vectorizer_operator.errors import Unavailable
from vectorizer_operator.metrics.requests import Answer, Operation, asked_storage
from vectorizer_operator.settings import Settings

CHUNK = 1024**2
CONNECT_SECONDS, READ_SECONDS = 10, 30
T = TypeVar("T")
_SERVER_ERROR = 500
_ABSENT = frozenset({"NoSuchKey", "NoSuchObject", "NoSuchBucket"})


class StorageUnavailable(Unavailable):
    """The object store did not answer, or not with what was asked for."""


class TooLarge(StorageUnavailable):
    """An object is larger than anything that belongs there."""


@dataclass(frozen=True)
class Stored:
    """An object's content as it was under one ETag."""

    etag: str
    body: bytes


@dataclass(frozen=True)
class Digest:
    """What an object really holds."""

    sha256: str
    size: int


def connection_pool(threads: int) -> urllib3.PoolManager:
    """HTTP connections that give up in time; retries are the queue's matter."""
    return urllib3.PoolManager(
        maxsize=threads,
        timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS),
        retries=urllib3.Retry(total=1, backoff_factor=0.1),
    )


class Storage:
    """Buckets and objects, as the operator's own user."""

    def __init__(self, settings: Settings, before_write: Callable[[], None] = lambda: None) -> None:
        """`before_write` raises where nothing may be written any more; it is called in the threads of the pool."""
        self._before_write = before_write
        self._pool = ThreadPoolExecutor(settings.storage_threads, thread_name_prefix="storage")
        self._client = Minio(
            settings.s3_endpoint,
            access_key=settings.s3_access_key.get_secret_value(),
            secret_key=settings.s3_secret_key.get_secret_value(),
            secure=settings.s3_secure,
            region=settings.s3_region,
            http_client=connection_pool(settings.storage_threads),
        )

    def close(self) -> None:
        """Let the threads go; calls that have not begun are dropped."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def run(self, operation: Operation, call: Callable[[], T]) -> T:
        """Run a blocking call in the pool; errors of the object store become `StorageUnavailable`."""
        return await asyncio.get_running_loop().run_in_executor(
            self._pool, _translated, lambda: _counted(operation, call)
        )

    async def find(self, operation: Operation, call: Callable[[], T]) -> T | None:
        """The same, and None where there is no such object."""
        return await asyncio.get_running_loop().run_in_executor(
            self._pool, _translated, lambda: _absent_as_none(lambda: _counted(operation, call))
        )

    async def bucket_exists(self, bucket: str) -> bool:
        """Whether the bucket is there."""
        return await self.run(Operation.HEAD_BUCKET, lambda: self._client.bucket_exists(bucket_name=bucket))

    async def etag(self, bucket: str, key: str) -> str | None:
        """The object's ETag without its content, or None where there is no such object."""

        def call() -> str | None:
            return self._client.stat_object(bucket_name=bucket, object_name=key).etag

        return await self.find(Operation.HEAD_OBJECT, call)

    async def get(self, bucket: str, key: str, limit: int) -> Stored | None:
        """A small object, or None where there is no such object.

        Raises:
            TooLarge: where it has more than `limit` bytes; no more than that is read.

        """
        return await self.find(Operation.GET_OBJECT, lambda: _whole(lambda: self._read(bucket, key, limit)))

    async def put(self, bucket: str, key: str, body: bytes, content_type: str = "application/json") -> None:
        """Write a small object."""

        def call() -> None:
            self._before_write()
            self._client.put_object(
                bucket_name=bucket, object_name=key, data=io.BytesIO(body), length=len(body), content_type=content_type
            )

        await self.run(Operation.PUT_OBJECT, call)

    async def copy(self, bucket: str, source: str, target: str) -> bool:
        """Copy an object inside its bucket by the server itself; False where there is no source."""

        def call() -> bool:
            self._before_write()
            self._client.copy_object(
                bucket_name=bucket, object_name=target, source=CopySource(bucket_name=bucket, object_name=source)
            )
            return True

        return await self.find(Operation.COPY_OBJECT, call) is not None

    async def size(self, bucket: str, key: str) -> int | None:
        """The object's length in bytes, or None where there is no such object."""

        def call() -> int:
            return self._client.stat_object(bucket_name=bucket, object_name=key).size or 0

        return await self.find(Operation.HEAD_OBJECT, call)

    async def digest(self, bucket: str, key: str, limit: int) -> Digest | None:
        """SHA-256 and size of what is stored, streamed; None where there is no such object.

        No more is read than it takes to see that there are more than `limit` bytes.
        """
        return await self.find(Operation.GET_OBJECT, lambda: _whole(lambda: self._hash(bucket, key, limit)))

    async def keys(self, bucket: str, prefix: str) -> list[str]:
        """Every key under a prefix."""
        return await self.run(Operation.LIST_OBJECTS, lambda: self._list(bucket, prefix))

    async def remove(self, bucket: str, keys: Iterable[str]) -> None:
        """Remove objects; those that are gone already are no error."""
        doomed = [DeleteObject(key) for key in keys]

        def call() -> None:
            self._before_write()
            for error in self._client.remove_objects(bucket_name=bucket, delete_object_list=doomed):
                raise StorageUnavailable(f"{bucket}: {error.code}: {error.message}")

        await self.run(Operation.DELETE_OBJECTS, call)

    def _read(self, bucket: str, key: str, limit: int) -> Stored:
        response = self._client.get_object(bucket_name=bucket, object_name=key)
        try:
            body = response.read(limit + 1)
            etag = response.headers.get("ETag", "").strip('"')
        finally:
            response.close()
            response.release_conn()
        if len(body) > limit:
            raise TooLarge(f"{bucket}/{key} has more than {limit} bytes")
        return Stored(etag, body)

    def _hash(self, bucket: str, key: str, limit: int) -> Digest:
        digest, size = hashlib.sha256(), 0
        response = self._client.get_object(bucket_name=bucket, object_name=key)
        try:
            while size <= limit and (chunk := response.read(CHUNK)):
                digest.update(chunk)
                size += len(chunk)
        finally:
            response.close()
            response.release_conn()
        return Digest(digest.hexdigest(), size)

    def _list(self, bucket: str, prefix: str) -> list[str]:
        objects = self._client.list_objects(bucket_name=bucket, prefix=prefix, recursive=True)
        return [item.object_name for item in objects if item.object_name]


def _counted(operation: Operation, call: Callable[[], T]) -> T:
    started = time.perf_counter()
    try:
        answer = call()
    except Exception as error:
        asked_storage(operation, _answer(error), time.perf_counter() - started)
        raise
    asked_storage(operation, Answer.SUCCESS, time.perf_counter() - started)
    return answer


def _answer(error: Exception) -> Answer:
    match error:
        case S3Error() if error.code in _ABSENT:
            return Answer.NOT_FOUND
        case S3Error() if error.response.status < _SERVER_ERROR:
            return Answer.REFUSED
        case StorageUnavailable():
            return Answer.REFUSED
        case _:
            return Answer.UNREACHABLE


def _whole(read: Callable[[], T]) -> T:
    """Read an object, and once more where the connection was cut in the middle of it: the pool knows of no such cut."""
    try:
        return read()
    except urllib3.exceptions.ProtocolError:
        return read()


def _absent_as_none(call: Callable[[], T]) -> T | None:
    try:
        return call()
    except S3Error as error:
        if error.code in _ABSENT:
            return None
        raise


def _translated(call: Callable[[], T]) -> T:
    try:
        return call()
    except (MinioException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
        raise StorageUnavailable(f"the object store: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    """The same words for the same fault, without request ids, hosts or addresses: a status that repeats is no news."""
    match error:
        case S3Error():
            return f"{error.code}: {error.message}"
        case ServerError() | ValueError():
            return f"{type(error).__name__}: {error}"
        case urllib3.exceptions.MaxRetryError():
            return type(error.reason).__name__
        case _:
            return type(error).__name__
