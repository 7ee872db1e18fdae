"""`vectorizer train` and `vectorizer embed` on meshes and scans of every format, with the real small base."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from vectorizer_api.content import ContentType
from vectorizer_dev.datasets import point_cloud
from vectorizer_trainer import load_vectorizer
from vectorizer_trainer.report import parse_report


def vectorizer(*arguments: object) -> None:
    command = [sys.executable, "-m", "vectorizer_cli", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


# Half a minute of processor time, which is far longer where other tests run beside it.
@pytest.mark.timeout(900)
def test_clouds_of_every_format_are_trained_on_and_embedded_and_others_are_listed(tmp_path: Path) -> None:
    point_cloud.make(tmp_path, train=40, test=5)
    labels = json.loads((tmp_path / "train" / "example_to_labels.json").read_text())
    (tmp_path / "train" / "picture.ply").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    labels["picture.ply"] = ["chair"]
    (tmp_path / "train" / "example_to_labels.json").write_text(json.dumps(labels))
    request = {
        "content_type": "Point_Cloud",
        "custom_vectorizer_name": "Household things",
        "download_from_batch_cloud_folder": True,
    }
    (tmp_path / "request.json").write_text(json.dumps(request))
    vectorizer("train", "--request", tmp_path / "request.json", "--data", tmp_path / "train", "--out", tmp_path / "out")
    report = parse_report((tmp_path / "out" / "report" / "report.json").read_bytes())
    assert report.dataset.selected == 40
    assert [(file.name, "not a point cloud" in file.reason) for file in report.dataset.rejected_files] == [
        ("picture.ply", True)
    ]
    opened = load_vectorizer(tmp_path / "out")
    assert opened.content_type == ContentType.POINT_CLOUD

    files = sorted(path.name for path in (tmp_path / "test").iterdir() if path.suffix != ".json")
    shutil.copy(tmp_path / "test" / files[0], tmp_path / "copy.bin")
    vectorizer("embed", "--vectorizer", tmp_path / "out", "--out", tmp_path / "v.npz", tmp_path / "test")
    with np.load(tmp_path / "v.npz") as loaded:
        assert loaded["names"].tolist() == files
        assert loaded["vectors"][:1] == pytest.approx(opened.encode([tmp_path / "copy.bin"]), abs=1e-5)
