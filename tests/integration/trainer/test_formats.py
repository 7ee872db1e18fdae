"""`vectorizer train` and `vectorizer embed` on files of every format of a content type, with the real small base.

Texts and pictures have their own files: what else is promised of them is proven there too.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from vectorizer_api.content import ContentType
from vectorizer_dev.datasets import point_cloud, sound, video
from vectorizer_trainer import load_vectorizer
from vectorizer_trainer.report import parse_report

EXAMPLES = 40
NO_FLIPS = {"augmentation_conditions": {"horizontal_flip": False, "vertical_flip": False}}


@dataclass(frozen=True)
class Subject:
    """A content type, with a data set of all its formats."""

    content_type: ContentType
    make: Callable[[Path, int, int], None]
    suffixes: frozenset[str]
    """What the README's table lists."""
    label: str
    """One of the data set's."""
    refusal: str
    """What is said of a picture among its files."""
    request: Mapping[str, object]


SUBJECTS = [
    Subject(
        ContentType.VIDEO,
        video.make,
        frozenset({"mp4", "mov", "mkv", "webm", "avi"}),
        label="still",
        refusal="not a video",
        request=NO_FLIPS,
    ),
    Subject(
        ContentType.SOUND,
        sound.make,
        frozenset({"wav", "flac", "mp3", "ogg", "m4a"}),
        label="man",
        refusal="not a sound",
        request={},
    ),
    Subject(
        ContentType.POINT_CLOUD,
        point_cloud.make,
        frozenset({"ply", "obj", "stl", "off", "glb", "xyz", "pcd", "npy", "las", "laz"}),
        label="chair",
        refusal="not a point cloud",
        request={},
    ),
]


def vectorizer(*arguments: object) -> None:
    command = [sys.executable, "-m", "vectorizer_cli", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def add_a_picture(folder: Path, name: str, label: str) -> None:
    """A picture that calls itself something else, labelled like the other files."""
    (folder / name).write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    listed = folder / "example_to_labels.json"
    listed.write_text(json.dumps({**json.loads(listed.read_text()), name: [label]}))


# Half a minute of processor time each, which is far longer where other tests run beside it.
@pytest.mark.timeout(900)
@pytest.mark.parametrize("subject", SUBJECTS, ids=lambda subject: subject.content_type)
def test_files_of_every_format_are_trained_on_and_embedded_and_others_are_listed(
    tmp_path: Path, subject: Subject
) -> None:
    data, test, out = tmp_path / "train", tmp_path / "test", tmp_path / "out"
    subject.make(tmp_path, EXAMPLES, 5)
    assert {path.suffix.lstrip(".") for path in data.iterdir()} == {*subject.suffixes, "json"}
    intruder = f"picture.{min(subject.suffixes)}"
    add_a_picture(data, intruder, subject.label)
    request = {
        "content_type": subject.content_type,
        "custom_vectorizer_name": "Of every format",
        "download_from_batch_cloud_folder": True,
    }
    (tmp_path / "request.json").write_text(json.dumps({**request, **subject.request}))

    vectorizer("train", "--request", tmp_path / "request.json", "--data", data, "--out", out)
    found = parse_report((out / "report" / "report.json").read_bytes()).dataset
    assert found.selected == EXAMPLES
    assert [(file.name, subject.refusal in file.reason) for file in found.rejected_files] == [(intruder, True)]
    opened = load_vectorizer(out)
    assert opened.content_type == subject.content_type

    files = sorted(path.name for path in test.iterdir() if path.suffix != ".json")
    unnamed = shutil.copy(test / files[0], tmp_path / "copy.bin")
    vectorizer("embed", "--vectorizer", out, "--out", tmp_path / "v.npz", test)
    with np.load(tmp_path / "v.npz") as loaded:
        assert loaded["names"].tolist() == files
        assert loaded["vectors"][:1] == pytest.approx(opened.encode([unnamed]), abs=1e-5)
