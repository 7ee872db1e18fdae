"""Two maps that can be compared by eye."""

import numpy as np
import pytest
from vectorizer_trainer.evaluation import HeldOut
from vectorizer_trainer.report.document import VectorMap
from vectorizer_trainer.report.held_out import NamedFold
from vectorizer_trainer.report.vector_map import COLOURS, vector_map

NAMES = [f"label {index}" for index in range(12)]


def mapped(start: np.ndarray, tuned: np.ndarray, targets: np.ndarray | None = None) -> VectorMap:
    count = len(start)
    if targets is None:
        targets = np.ones((count, 1), bool)
    held_out = HeldOut(start.astype(np.float32), tuned.astype(np.float32), targets, np.arange(count))
    return vector_map(NamedFold([f"{index}" for index in range(count)], held_out), NAMES)


def cloud(count: int = 50) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(count, 6)) * [5, 3, 1, 0.5, 0.1, 0.1]


def test_the_plane_holds_the_distances_along_the_axes_that_matter() -> None:
    flat = cloud() * [1, 1, 0, 0, 0, 0]
    found = mapped(flat, flat)
    places = np.array([point.start for point in found.points])
    distances = np.linalg.norm(places[:, None] - places[None], axis=2)
    assert distances == pytest.approx(np.linalg.norm(flat[:, None] - flat[None], axis=2), abs=1e-2)
    assert found.start_share == pytest.approx(1)


def test_the_share_is_that_of_the_variance() -> None:
    vectors = cloud()
    values = np.linalg.eigvalsh(np.cov(vectors.T))
    assert mapped(vectors, vectors).tuned_share == pytest.approx(values[-2:].sum() / values.sum(), abs=1e-4)


def test_what_is_only_turned_or_mirrored_looks_the_same() -> None:
    vectors = cloud()
    turn, _ = np.linalg.qr(np.random.default_rng(1).normal(size=(6, 6)))
    found = mapped(vectors, vectors @ turn * [1, 1, -1, 1, 1, 1])
    start, tuned = (np.array([getattr(point, side) for point in found.points]) for side in ("start", "tuned"))
    assert tuned == pytest.approx(start, abs=2e-2)


def test_the_most_frequent_labels_have_colours() -> None:
    targets = np.tril(np.ones((40, 12), bool))
    found = mapped(cloud(40), cloud(40), targets)
    assert found.labels == NAMES[:COLOURS]
    assert {point.label for point in found.points} == set(found.labels)


def test_a_label_whose_points_all_have_another_colour_is_not_in_the_key() -> None:
    targets = np.zeros((10, 12), bool)
    targets[:, 0] = targets[:5, 1] = targets[5:, 2] = True
    assert mapped(cloud(10), cloud(10), targets).labels == ["label 1", "label 2"]


def test_a_point_has_the_colour_of_its_rarest_label_that_has_one() -> None:
    targets = np.zeros((4, 12), bool)
    targets[:3, 0] = targets[:2, 1] = targets[3, :] = True
    targets[:, 2:] = False
    found = mapped(cloud(4), cloud(4), targets)
    assert [point.label for point in found.points] == ["label 1", "label 1", "label 0", "label 1"]
    assert found.labels == ["label 0", "label 1"]


@pytest.mark.parametrize("count", [1, 2, 3])
def test_few_points_are_no_error(count: int) -> None:
    found = mapped(cloud(count), cloud(count))
    assert len(found.points) == count
    assert np.isfinite([point.tuned for point in found.points]).all()


def test_vectors_that_are_all_the_same_lie_on_one_point() -> None:
    found = mapped(np.ones((5, 6)), np.ones((5, 6)))
    assert {point.start for point in found.points} == {(0.0, 0.0)}
    assert found.start_share == 0
