"""What a file is by its first bytes: what is no file of the content type is not kept.

This turns away what is common, a page that asks for a password in place of a picture, before it is downloaded whole.
Whether a file can be decoded is known when it is decoded.
"""

import re
from collections.abc import Mapping
from pathlib import PurePosixPath

from vectorizer_api.content import ContentType
from vectorizer_api.names import GROUPS_FILE, LABELS_FILE, TEST_LABELS_FILE

from vectorizer_trainer.fetching.outcomes import Failed

__all__ = ["HEAD", "SUFFIXES", "check_head", "content_type_of"]

HEAD = 512
"""Bytes that are enough to tell."""

SUFFIXES: Mapping[ContentType, frozenset[str]] = {
    ContentType.IMAGE: frozenset({".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff"}),
    ContentType.VIDEO: frozenset({".mp4", ".mov", ".mkv", ".webm", ".avi"}),
    ContentType.SOUND: frozenset({".wav", ".flac", ".mp3", ".ogg", ".oga", ".opus", ".m4a"}),
    ContentType.TEXT: frozenset({".txt", ".md"}),
    ContentType.POINT_CLOUD: frozenset(
        {".ply", ".obj", ".stl", ".off", ".glb", ".xyz", ".pcd", ".npy", ".las", ".laz"}
    ),
}
"""Those of the encoders, which bring torch with them; a test keeps both equal."""

_ANNOTATIONS = frozenset({LABELS_FILE, GROUPS_FILE, TEST_LABELS_FILE})
_JSON = re.compile(rb"(\xef\xbb\xbf)?[ \t\r\n]*\{")

_WEB_PAGE = re.compile(rb"(\xef\xbb\xbf)?\s*<(!doctype\s+html|html|head|body)\b", re.IGNORECASE)
_ARCHIVE = re.compile(
    rb"PK\x03\x04|PK\x05\x06|\x1f\x8b|BZh|\xfd7zXZ\x00|\x28\xb5\x2f\xfd|7z\xbc\xaf\x27\x1c|Rar!|.{257}ustar", re.DOTALL
)

_SIGNATURES: Mapping[ContentType, re.Pattern[bytes]] = {
    ContentType.IMAGE: re.compile(
        rb"\xff\xd8\xff|\x89PNG|GIF8|BM|RIFF.{4}WEBP|II[\x2a\x2b]\x00|MM\x00[\x2a\x2b]", re.DOTALL
    ),
    # MPEG-4 and QuickTime begin with the length of a box and its name; Matroska and WebM with EBML's mark.
    ContentType.VIDEO: re.compile(
        rb"\x00.{3}(ftyp|moov|wide|free|skip|pnot)|.{4}mdat|\x1a\x45\xdf\xa3|RIFF.{4}AVI ", re.DOTALL
    ),
    # MP3 begins with tags or with the eleven set bits of a frame.
    ContentType.SOUND: re.compile(rb"(RIFF|RF64).{4}WAVE|fLaC|OggS|ID3|\xff[\xe0-\xff]|\x00.{3}ftyp", re.DOTALL),
}


def content_type_of(name: str) -> ContentType | None:
    """The content type that files of such a name usually have."""
    suffix = PurePosixPath(name).suffix.lower()
    return next((content_type for content_type, suffixes in SUFFIXES.items() if suffix in suffixes), None)


def check_head(name: str, head: bytes, content_type: ContentType | None) -> None:
    """Look at the first 512 bytes of a file, or all where it has fewer; raises Failed where it cannot be what it must.

    Where no content type is asked for, the name's suffix tells it, if it tells any.
    """
    if not head:
        raise Failed("the file is empty")
    if _WEB_PAGE.match(head):
        raise Failed("the server sent a web page in place of a file")
    if _ARCHIVE.match(head):
        raise Failed("it is an archive; its files must be sent one by one")
    if name in _ANNOTATIONS:
        if not _JSON.match(head):
            raise Failed("it is not a JSON object")
        return
    wanted = content_type or content_type_of(name)
    if wanted is not None and not _may_be(head, wanted):
        raise Failed(f"its first bytes are not those of a file of the type {wanted}")


def _may_be(head: bytes, content_type: ContentType) -> bool:
    if content_type is ContentType.TEXT:
        return b"\0" not in head
    if content_type is ContentType.POINT_CLOUD:
        # A binary STL begins with 80 bytes of anything: all that can be told is what it is not.
        return not any(signature.match(head) for signature in _SIGNATURES.values())
    return bool(_SIGNATURES[content_type].match(head))
