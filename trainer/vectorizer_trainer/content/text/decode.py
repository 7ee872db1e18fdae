"""From a file to its text: UTF-8, and nothing that only looks like it."""

from pathlib import Path

from vectorizer_api.run import Limits

from vectorizer_trainer.errors import UnreadableFile

__all__ = ["read_text"]

_BYTE_ORDER_MARKS = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}


def read_text(path: Path, limits: Limits) -> str:
    """The text of a UTF-8 file, without a byte order mark; raises UnreadableFile."""
    size = path.stat().st_size
    if size > limits.max_text_bytes:
        raise UnreadableFile(f"a text of {size} bytes; at most {limits.max_text_bytes} are allowed")
    return _text(path.read_bytes())


def _text(raw: bytes) -> str:
    for mark, name in _BYTE_ORDER_MARKS.items():
        if raw.startswith(mark):
            raise UnreadableFile(f"{name} text; save it as UTF-8")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableFile(f"not UTF-8 text (byte {error.start})") from error
    if "\0" in text:
        raise UnreadableFile("not text: it holds NUL bytes")
    if not text.strip():
        raise UnreadableFile("the text is empty")
    return text
