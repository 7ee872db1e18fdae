from pathlib import Path

import pytest
from vectorizer_dev.process_node.mounts import PathTranslation

PLACES = PathTranslation({"/work": Path("/tmp/work/w"), "/work/keys": Path("/k"), "/run/": Path("/r")})


class TestPathTranslation:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("/work", "/tmp/work/w"),
            ("/work/a/b", "/tmp/work/w/a/b"),
            ("--out=/work/a", "--out=/tmp/work/w/a"),
            ("file:///run/x", "file:///r/x"),
            ("open('/run/x')", "open('/r/x')"),
            ("/run:/work", "/r:/tmp/work/w"),
        ],
    )
    def test_replaces_a_mount_path_wherever_a_text_names_it(self, text: str, expected: str) -> None:
        assert PLACES.apply(text) == expected

    @pytest.mark.parametrize("text", ["/workshop", "/work-2", "/my/work", "work", "s3://bucket/work", "/run.json"])
    def test_leaves_what_only_looks_like_one(self, text: str) -> None:
        assert PLACES.apply(text) == text

    def test_prefers_the_longest_mount_path(self) -> None:
        assert PLACES.apply("/work/keys/secret") == "/k/secret"

    def test_without_mounts_changes_nothing(self) -> None:
        assert PathTranslation({}).apply("/work") == "/work"
