"""The body of an answer, on its way to the disk: not larger than allowed, as long as promised, of the right kind."""

from collections.abc import Iterable, Iterator
from http.client import HTTPException, HTTPResponse
from pathlib import Path

from vectorizer_api.content import ContentType

from vectorizer_trainer.errors import StorageError
from vectorizer_trainer.fetching.kinds import HEAD, check_head
from vectorizer_trainer.fetching.outcomes import BROKEN, Failed, FailedForNow
from vectorizer_trainer.wording import bytes_in_words

__all__ = ["chunks_of", "promised_length", "write"]

_CHUNK = 64 * 1024


def promised_length(response: HTTPResponse, most: int) -> int | None:
    """The bytes that the body will have, where the server says it; raises Failed where that cannot be accepted."""
    encodings = {encoding.strip().lower() for encoding in response.headers.get_all("Content-Encoding", [])}
    if encodings - {"identity"}:
        raise Failed("its server compressed it although it was asked not to")
    # Exactly as the client reads it, which would take the marks between chunks for a part of the file.
    transfers = [encoding.lower() for encoding in response.headers.get_all("Transfer-Encoding", [])]
    if transfers not in ([], ["chunked"]):
        raise Failed("its server compressed it although it was asked not to")
    lengths = {length.strip() for length in response.headers.get_all("Content-Length", [])}
    if transfers or not lengths:
        return None
    length = lengths.pop()
    if lengths or not (length.isascii() and length.isdigit()) or len(length) > len(str(2**63)):
        raise Failed("its server contradicts itself about its size")
    if int(length) > most:
        raise Failed(f"it has {bytes_in_words(int(length))}; at most {bytes_in_words(most)} are allowed a file")
    return int(length)


def chunks_of(response: HTTPResponse, length: int | None, most: int) -> Iterator[bytes]:
    """The body as it arrives; raises Failed where it is larger than `most` bytes, or ends before its length."""
    received = 0
    while length is None or received < length:
        chunk = _next_chunk(response, _CHUNK if length is None else min(_CHUNK, length - received))
        if not chunk:
            break
        received += len(chunk)
        if received > most:
            raise Failed(f"it is larger than the {bytes_in_words(most)} that are allowed a file")
        yield chunk
    if length is not None and received < length:
        raise FailedForNow(f"the connection ended after {received:,} of {length:,} bytes")


def write(chunks: Iterable[bytes], target: Path, name: str, content_type: ContentType | None) -> None:
    """Write a file as it arrives; raises Failed as soon as its beginning is not one of the content type.

    Raises StorageError where the disk does not take it.
    """
    try:
        with target.open("wb") as sink:
            for chunk in _of_the_kind(chunks, name, content_type):
                sink.write(chunk)
    except OSError as error:
        raise StorageError(f"{target} cannot be written: {error.strerror}.") from error


def _next_chunk(response: HTTPResponse, size: int) -> bytes:
    try:
        # What is there, not as much as would fit: a slow server is to be noticed.
        return response.read1(size)
    except (OSError, HTTPException, ValueError):
        raise FailedForNow(BROKEN) from None


def _of_the_kind(chunks: Iterable[bytes], name: str, content_type: ContentType | None) -> Iterator[bytes]:
    arriving = iter(chunks)
    head = b""
    while len(head) < HEAD and (chunk := next(arriving, b"")):
        head += chunk
    check_head(name, head[:HEAD], content_type)
    yield head
    yield from arriving
