"""What the first bytes of a file tell."""

import pytest
from vectorizer_api.content import ContentType
from vectorizer_trainer.content.image import ImageEncoder
from vectorizer_trainer.content.point_cloud import PointCloudEncoder
from vectorizer_trainer.content.sound import SoundEncoder
from vectorizer_trainer.content.text import TextEncoder
from vectorizer_trainer.content.video import VideoEncoder
from vectorizer_trainer.fetching.kinds import SUFFIXES, check_head, content_type_of
from vectorizer_trainer.fetching.outcomes import Failed

HEADS = {
    ContentType.IMAGE: [
        b"\xff\xd8\xff\xe0\0\x10JFIF",
        b"\x89PNG\r\n\x1a\n\0",
        b"GIF89a\1\0",
        b"RIFF\0\1\0\0WEBPVP8 ",
        b"BM\x36\0\0\0",
        b"II*\0\x08\0",
        b"MM\0*\0\0",
    ],
    ContentType.VIDEO: [
        b"\0\0\0\x20ftypisom",
        b"\0\0\0\x08wide\0\0\1\0mdat",
        b"\x7f\0\0\1mdat",
        b"\x1aE\xdf\xa3\x01\0",
        b"RIFF\0\1\0\0AVI LIST",
    ],
    ContentType.SOUND: [
        b"RIFF\0\1\0\0WAVEfmt ",
        b"fLaC\0\0",
        b"OggS\0\2",
        b"ID3\4\0\0",
        b"\xff\xfb\x90\0",
        b"\0\0\0\x1cftypM4A ",
    ],
    ContentType.TEXT: [b"Once upon a time", "日本語".encode(), b"\xef\xbb\xbfwith a mark"],
    ContentType.POINT_CLOUD: [
        b"ply\nformat ascii 1.0\n",
        b"# a free mesh\nv 0 0 0\n",
        b"solid cube\n facet normal",
        b"\0" * 80 + b"\x0c\0\0\0",
        b"OFF\n8 6 0\n",
        b"glTF\2\0\0\0",
        b"1.0 2.0 3.0\n",
        b"# .PCD v0.7\nVERSION 0.7\n",
        b"\x93NUMPY\1\0",
        b"LASF\0\0",
    ],
}
EVERY = [(content_type, head) for content_type, heads in HEADS.items() for head in heads]


def fault(name: str, head: bytes, content_type: ContentType | None = None) -> str:
    with pytest.raises(Failed) as caught:
        check_head(name, head, content_type)
    return str(caught.value)


@pytest.mark.parametrize(("content_type", "head"), EVERY)
class TestContentType:
    def test_is_told_by_the_first_bytes_whatever_the_name(self, content_type: ContentType, head: bytes) -> None:
        check_head("file", head, content_type)

    def test_is_not_any_other_that_can_be_told(self, content_type: ContentType, head: bytes) -> None:
        others = {ContentType.IMAGE, ContentType.VIDEO, ContentType.SOUND} - {content_type}
        if b"ftyp" in head:
            others = {ContentType.IMAGE}
        for other in others:
            assert fault("file", head, other) == f"its first bytes are not those of a file of the type {other}"


def test_binary_data_are_no_text() -> None:
    assert "of the type Text" in fault("a.txt", b"\x89PNG\r\n\x1a\n\0\0")


def test_a_picture_is_no_point_cloud() -> None:
    assert "of the type Point_Cloud" in fault("a.ply", b"\x89PNG\r\n\x1a\n\0\0")


def test_the_suffix_tells_where_no_content_type_is_asked_for() -> None:
    assert "of the type Image" in fault("a.JPG", b"Once upon a time")
    check_head("a.txt", b"Once upon a time", None)
    check_head("a.unknown", b"\0\1\2", None)


@pytest.mark.parametrize("name", ["example_to_labels.json", "example_to_group.json", "test_to_labels.json"])
def test_an_annotation_file_is_a_json_object_whatever_the_content_type(name: str) -> None:
    check_head(name, b'\xef\xbb\xbf \r\n{"a": []}', ContentType.IMAGE)
    assert fault(name, b"<html>", ContentType.IMAGE) == "the server sent a web page in place of a file"
    assert fault(name, b"[1]", ContentType.IMAGE) == "it is not a JSON object"


@pytest.mark.parametrize("page", [b"<!DOCTYPE html>", b"\n <HTML lang=en>", b"\xef\xbb\xbf<!doctype  html", b"<head >"])
@pytest.mark.parametrize("content_type", [*ContentType, None])
def test_a_web_page_is_no_file_of_any_type(page: bytes, content_type: ContentType | None) -> None:
    assert fault("a.txt", page, content_type) == "the server sent a web page in place of a file"


@pytest.mark.parametrize(
    "archive",
    [
        b"PK\3\4",
        b"\x1f\x8b\x08",
        b"BZh9",
        b"\xfd7zXZ\0",
        b"\x28\xb5\x2f\xfd",
        b"7z\xbc\xaf\x27\x1c",
        b"Rar!\x1a",
        b"a" * 257 + b"ustar",
    ],
)
@pytest.mark.parametrize("content_type", [ContentType.POINT_CLOUD, None])
def test_an_archive_is_refused(archive: bytes, content_type: ContentType | None) -> None:
    assert fault("a", archive + b"\0" * 30, content_type) == "it is an archive; its files must be sent one by one"


def test_nothing_is_no_file() -> None:
    assert fault("a.txt", b"") == "the file is empty"


def test_the_suffixes_are_those_of_the_encoders() -> None:
    assert {
        ContentType.IMAGE: ImageEncoder.suffixes,
        ContentType.VIDEO: VideoEncoder.suffixes,
        ContentType.SOUND: SoundEncoder.suffixes,
        ContentType.TEXT: TextEncoder.suffixes,
        ContentType.POINT_CLOUD: PointCloudEncoder.suffixes,
    } == SUFFIXES
    assert content_type_of("a.b.MP4") == ContentType.VIDEO
    assert content_type_of("mp4") is None
