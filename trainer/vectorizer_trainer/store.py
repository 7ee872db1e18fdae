"""A place of files behind one protocol: a prefix of an S3 bucket, or a folder.

A run reads its batch folder, its starting vectorizer and its base from stores, and writes its result into one, so that
the Job and the local command are the same code.
"""

import hashlib
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from shutil import copyfile
from typing import IO, Any, Protocol, TypeVar
from urllib.parse import urlsplit
from urllib.request import url2pathname

from vectorizer_api.run import S3Endpoint

from vectorizer_trainer.errors import BadInput, InputChanged, StorageError

PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Seconds between the tries of one request: a restart of the storage is survived."""

CONNECTIONS = 64
_CHUNK = 1024 * 1024
_LONGEST_KEY = 512
_LAST_CONTROL = 0x1F
_DELETE = 0x7F

_FINAL_CODES = frozenset(
    {"AccessDenied", "ExpiredToken", "InvalidAccessKeyId", "NoSuchBucket", "NoSuchKey", "SignatureDoesNotMatch"}
)
"""S3 errors that the next try would meet again."""

_CHANGED_CODES = frozenset({"NoSuchKey", "PreconditionFailed"})
"""S3 errors of a file that was listed and is another one now."""

_CONTENT_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".json": "application/json",
    ".md": "text/markdown; charset=utf-8",
}
"""What a browser is told of a file by its suffix, so that it shows a report instead of saving it."""

_T = TypeVar("_T")


@dataclass(frozen=True)
class Entry:
    """A file in a store, as it was when it was listed."""

    key: str
    """Path relative to the store, with `/` between its segments."""
    size: int
    """Bytes."""
    version: str | None
    """Changes when the content does (ETag of an object; inode, size and time of a file); None if it was not listed."""


class Source(Protocol):
    """Files to read. Whatever fails for good after its own retries raises StorageError."""

    def entries(self, most: int) -> list[Entry]:
        """The files in the order of their keys, at most `most` of them; the markers of empty folders are left out."""

    def fetch(self, entry: Entry, target: Path) -> str:
        """Stream a listed file to `target`, give its SHA-256; raises InputChanged where it is not as listed."""


class Store(Source, Protocol):
    """A place of files."""

    def read(self, key: str, most: int) -> bytes:
        """A small file, cut after `most` bytes."""

    def put(self, key: str, data: bytes) -> None:
        """Write a small file."""

    def upload(self, key: str, source: Path) -> None:
        """Write a file from disk."""

    def impatient(self) -> "Store":
        """The same place without retries, for writes that the next one replaces anyway."""


def open_store(url: str, s3: S3Endpoint | None = None, credentials: Path | None = None) -> Store:
    """Open `s3://bucket/prefix/` (needs the endpoint and the folder of credential files) or `file:///folder/`."""
    parts = urlsplit(url)
    if parts.scheme == "file":
        return FolderStore(Path(url2pathname(parts.path)))
    if parts.scheme != "s3" or s3 is None or credentials is None:
        raise BadInput(f"The location {url!r} cannot be opened: it is neither file:// nor s3:// with an endpoint.")
    return S3Store(_client(s3, credentials), parts.netloc, parts.path.lstrip("/"))


def key_problem(key: str) -> str | None:
    """What is wrong with a key that may come from anybody, or None: a key must not lead anywhere but down."""
    try:
        length = len(key.encode())
    except UnicodeEncodeError:
        return "the name is not UTF-8"
    if length > _LONGEST_KEY:
        return f"the name is longer than {_LONGEST_KEY} bytes"
    if any(ord(character) <= _LAST_CONTROL or ord(character) == _DELETE for character in key):
        return "the name holds a control character"
    if key.startswith("/"):
        return "the name starts with a slash"
    if not {"", ".", ".."}.isdisjoint(key.split("/")):
        return "the name has an empty, `.` or `..` segment"
    return None


@dataclass(frozen=True)
class FolderStore:
    """A folder on disk."""

    root: Path

    def entries(self, most: int) -> list[Entry]:
        """See Store; links to files are followed, links to folders are not."""
        if not self.root.is_dir():
            raise StorageError(f"The folder {self.root} does not exist.")
        found: list[Entry] = []
        for path in _walk(self.root):
            if len(found) == most:
                break
            found.append(Entry(path.relative_to(self.root).as_posix(), path.stat().st_size, _version(path)))
        return sorted(found, key=lambda entry: entry.key)

    def read(self, key: str, most: int) -> bytes:
        """See Store."""
        with _as_storage_errors(), (self.root / key).open("rb") as stream:
            return stream.read(most)

    def fetch(self, entry: Entry, target: Path) -> str:
        """See Store."""
        source = self.root / entry.key
        digest = hashlib.sha256()
        try:
            with source.open("rb") as stream, target.open("wb") as sink:
                received = _copy(iter(lambda: stream.read(_CHUNK), b""), sink, digest, entry)
            unchanged = entry.version in {None, _version(source)} and received == entry.size
        except FileNotFoundError as error:
            raise InputChanged(f"{entry.key!r} was deleted while the run was reading the folder.") from error
        except OSError as error:
            raise StorageError(f"{source} cannot be read: {error.strerror}.") from error
        if not unchanged:
            raise InputChanged(f"{entry.key!r} was changed while the run was reading the folder.")
        return digest.hexdigest()

    def put(self, key: str, data: bytes) -> None:
        """See Store; a reader sees the old file or the new one."""
        target = self.root / key
        partial = target.with_name(f".{target.name}.partial")
        with _as_storage_errors():
            target.parent.mkdir(parents=True, exist_ok=True)
            partial.write_bytes(data)
            partial.replace(target)

    def upload(self, key: str, source: Path) -> None:
        """See Store; a reader sees the old file or the new one."""
        target = self.root / key
        partial = target.with_name(f".{target.name}.partial")
        with _as_storage_errors():
            target.parent.mkdir(parents=True, exist_ok=True)
            copyfile(source, partial)
            partial.replace(target)

    def impatient(self) -> "FolderStore":
        """See Store."""
        return self


@dataclass(frozen=True)
class S3Store:
    """A prefix of a bucket."""

    client: Any
    """minio.Minio."""
    bucket: str
    prefix: str
    """Empty, or with a closing slash."""
    pauses: tuple[float, ...] = PAUSES

    def entries(self, most: int) -> list[Entry]:
        """See Store."""
        return self._patiently(f"Listing {self._place('')}", lambda: self._list(most))

    def read(self, key: str, most: int) -> bytes:
        """See Store."""
        return self._patiently(f"Reading {self._place(key)}", lambda: self._read(key, most))

    def fetch(self, entry: Entry, target: Path) -> str:
        """See Store; a connection that breaks in the middle goes on where it broke."""
        digest = hashlib.sha256()
        received = 0

        def go_on() -> None:
            nonlocal received
            # A write that failed halfway must not stay in the file.
            sink.seek(received)
            sink.truncate()
            for chunk in self._stream(entry, received):
                if received + len(chunk) > entry.size:
                    raise InputChanged(f"{entry.key!r} is longer than the {entry.size} bytes that were listed.")
                sink.write(chunk)
                digest.update(chunk)
                received += len(chunk)

        with target.open("wb") as sink:
            self._patiently(f"Downloading {self._place(entry.key)}", go_on)
        if received != entry.size:
            raise InputChanged(f"{entry.key!r} has {received} bytes and not the {entry.size} that were listed.")
        return digest.hexdigest()

    def put(self, key: str, data: bytes) -> None:
        """See Store."""

        def write() -> None:
            self.client.put_object(
                bucket_name=self.bucket, object_name=self.prefix + key, data=BytesIO(data), length=len(data)
            )

        self._patiently(f"Writing {self._place(key)}", write)

    def upload(self, key: str, source: Path) -> None:
        """See Store."""

        def write() -> None:
            self.client.fput_object(
                bucket_name=self.bucket,
                object_name=self.prefix + key,
                file_path=str(source),
                content_type=_CONTENT_TYPES.get(source.suffix, "application/octet-stream"),
            )

        self._patiently(f"Writing {self._place(key)}", write)

    def impatient(self) -> "S3Store":
        """See Store."""
        return replace(self, pauses=())

    def _list(self, most: int) -> list[Entry]:
        found: list[Entry] = []
        for item in self.client.list_objects(bucket_name=self.bucket, prefix=self.prefix, recursive=True):
            if item.object_name.endswith("/"):
                continue
            if len(found) == most:
                break
            found.append(Entry(item.object_name[len(self.prefix) :], item.size, item.etag))
        return found

    def _read(self, key: str, most: int) -> bytes:
        response = self.client.get_object(bucket_name=self.bucket, object_name=self.prefix + key)
        try:
            content: bytes = response.read(most)
            return content
        finally:
            response.close()
            response.release_conn()

    def _stream(self, entry: Entry, offset: int) -> Iterator[bytes]:
        if offset == entry.size > 0:
            return
        response = self._open_as_listed(entry, offset)
        try:
            yield from response.stream(_CHUNK)
        finally:
            response.close()
            response.release_conn()

    def _open_as_listed(self, entry: Entry, offset: int) -> Any:  # noqa: ANN401 - as the client
        from minio.error import S3Error

        try:
            return self.client.get_object(
                bucket_name=self.bucket,
                object_name=self.prefix + entry.key,
                offset=offset,
                request_headers={"If-Match": f'"{entry.version}"'} if entry.version else {},
            )
        except S3Error as error:
            if error.code in _CHANGED_CODES:
                raise InputChanged(f"{entry.key!r} was changed or deleted after it had been listed.") from error
            raise

    def _patiently(self, what: str, attempt: Callable[[], _T]) -> _T:
        from minio.error import MinioException
        from urllib3.exceptions import HTTPError

        for pause in (*self.pauses, None):
            try:
                return attempt()
            except (MinioException, HTTPError, OSError) as error:
                if pause is None or getattr(error, "code", "") in _FINAL_CODES:
                    raise StorageError(f"{what} failed: {_reason(error)}") from error
            time.sleep(pause)
        raise AssertionError("unreachable: the last try has no pause")

    def _place(self, key: str) -> str:
        return f"s3://{self.bucket}/{self.prefix}{key}"


def _client(s3: S3Endpoint, credentials: Path) -> Any:  # noqa: ANN401 - minio is imported where it is used
    from minio import Minio
    from urllib3 import PoolManager, Retry, Timeout

    token = credentials / "session_token"
    return Minio(
        endpoint=s3.endpoint,
        access_key=(credentials / "access_key").read_text().strip(),
        secret_key=(credentials / "secret_key").read_text().strip(),
        session_token=token.read_text().strip() or None if token.exists() else None,
        secure=s3.secure,
        region=s3.region,
        # The retries are the store's own: they can be told apart by error, and go on where a download broke.
        http_client=PoolManager(maxsize=CONNECTIONS, timeout=Timeout(connect=5, read=60), retries=Retry(total=False)),
    )


def _reason(error: Exception) -> str:
    """One sentence without request ids, hosts or signatures."""
    code, message = getattr(error, "code", None), getattr(error, "message", None)
    if code:
        return f"{code}: {message}" if message else str(code)
    return f"{getattr(error, 'strerror', None) or type(error).__name__}."


def _walk(root: Path) -> Iterator[Path]:
    for folder, folders, files in os.walk(root):
        folders.sort()
        for name in sorted(files):
            path = Path(folder, name)
            if path.is_file():
                yield path


def _version(path: Path) -> str:
    status = path.stat()
    return f"{status.st_ino}-{status.st_size}-{status.st_mtime_ns}"


def _copy(chunks: Iterator[bytes], sink: IO[bytes], digest: "hashlib._Hash", entry: Entry) -> int:
    received = 0
    for chunk in chunks:
        received += len(chunk)
        if received > entry.size:
            break
        sink.write(chunk)
        digest.update(chunk)
    return received


@contextmanager
def _as_storage_errors() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageError(f"{error.filename} cannot be read or written: {error.strerror}.") from error
