"""For every content type a user gets a vectorizer that is better on files that no part of the run has seen.

The way is a user's: `vectorizer train` on a folder, then the vectorizer that it wrote. The sets are small, real or
physically meaningful, and never change.
"""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from vectorizer_api.content import ContentType
from vectorizer_api.run import Outcome
from vectorizer_dev.datasets import digits_on_the_spot, image, point_cloud, sound, text
from vectorizer_trainer import load_vectorizer
from vectorizer_trainer.bases import ensure_base, load_reference
from vectorizer_trainer.evaluation import Comparison, HeldOut, compare
from vectorizer_trainer.gate import RETENTION_FLOOR
from vectorizer_trainer.metrics import neighbour_overlaps
from vectorizer_trainer.report import parse_report
from vectorizer_trainer.vectorizer import Vectorizer

TEST = 300


@dataclass(frozen=True)
class TestSet:
    """Files with their labels."""

    __test__ = False
    files: list[Path]
    targets: NDArray[np.bool_]


def _test_set(folder: Path) -> TestSet:
    carried: dict[str, list[str]] = json.loads((folder / "example_to_labels.json").read_text())
    names = sorted({label for labels in carried.values() for label in labels})
    targets = np.array([[name in labels for name in names] for labels in carried.values()])
    return TestSet([folder / name for name in carried], targets)


def _train(content: ContentType, data: Path, out: Path) -> None:
    request = {
        "content_type": content,
        "custom_vectorizer_name": "Better",
        "download_from_batch_cloud_folder": True,
    }
    path = out.with_name("request.json")
    path.write_text(json.dumps(request))
    arguments = map(str, ("train", "--request", path, "--data", data, "--out", out))
    command = [sys.executable, "-m", "vectorizer_cli", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def _compared(start: Vectorizer, tuned: Vectorizer, test: TestSet) -> Comparison:
    before, after = (vectorizer.encode(test.files) for vectorizer in (start, tuned))
    return compare([HeldOut(before, after, test.targets, np.arange(len(test.files)))], seed=0)


def _retention(start: Vectorizer, tuned: Vectorizer, base: Path) -> float:
    # Every other one may have been trained with, to hold it in place.
    measured = list(load_reference(base))[1::2]
    return float(neighbour_overlaps(start.encode_items(measured), tuned.encode_items(measured)).mean())


@pytest.mark.parametrize(
    ("content", "make", "train"),
    [
        (ContentType.IMAGE, image.make, 250),
        (ContentType.POINT_CLOUD, point_cloud.make, 400),
        (ContentType.SOUND, sound.make, 250),
        (ContentType.TEXT, text.make, 250),
        (ContentType.VIDEO, digits_on_the_spot.make, 250),
    ],
    ids=["Image", "Point_Cloud", "Sound", "Text", "Video"],
)
def test_the_tuned_vectorizer_is_better_and_has_not_forgotten(
    content: ContentType, make: Callable[..., None], train: int, tmp_path: Path
) -> None:
    make(tmp_path, train=train, test=TEST)
    _train(content, tmp_path / "train", tmp_path / "out")
    report = parse_report((tmp_path / "out" / "report" / "report.json").read_bytes())
    base = ensure_base(content)
    start, tuned = load_vectorizer(base), load_vectorizer(tmp_path / "out")

    compared = _compared(start, tuned, _test_set(tmp_path / "test"))
    gain = compared.difference("ndcg_at_10", "map_at_100")
    by_label = compared.difference("knn_label_map")
    retention = _retention(start, tuned, base)
    print(f"{content}: {report.verdict}\n  on the test set {gain}, by label {by_label}, retention {retention:.3f}")
    assert report.outcome is Outcome.IMPROVED, report.verdict
    assert gain.value > gain.error
    assert by_label.value > -by_label.error
    assert retention >= RETENTION_FLOOR
