from pathlib import Path

import pytest
from vectorizer_dev.process_node.mounts import PathTranslation

PLACES = PathTranslation({"/data": Path("/tmp/data/d"), "/data/keys": Path("/k"), "/run/": Path("/r")})


class TestPathTranslation:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("/data", "/tmp/data/d"),
            ("/data/a/b", "/tmp/data/d/a/b"),
            ("--out=/data/a", "--out=/tmp/data/d/a"),
            ("file:///run/x", "file:///r/x"),
            ("open('/run/x')", "open('/r/x')"),
            ("/run:/data", "/r:/tmp/data/d"),
        ],
    )
    def test_replaces_a_mount_path_wherever_a_text_names_it(self, text: str, expected: str) -> None:
        assert PLACES.apply(text) == expected

    @pytest.mark.parametrize("text", ["/database", "/data-2", "/my/data", "work", "s3://bucket/data", "/run.json"])
    def test_leaves_what_only_looks_like_one(self, text: str) -> None:
        assert PLACES.apply(text) == text

    def test_prefers_the_longest_mount_path(self) -> None:
        assert PLACES.apply("/data/keys/secret") == "/k/secret"

    def test_without_mounts_changes_nothing(self) -> None:
        assert PathTranslation({}).apply("/data") == "/data"
