"""Points are moved slightly, each on its own, and keep their colours."""

import numpy as np
from numpy.typing import NDArray
from vectorizer_trainer.augmentation.point_cloud import PointCloudAugmentation

AUGMENTATION = PointCloudAugmentation()
ROUNDING = 0.0006
"""Half a step of float16 below 1, before and after."""


def cloud(points: int = 10_000) -> NDArray[np.float16]:
    rng = np.random.default_rng(0)
    places = rng.normal(size=(points, 3))
    places /= np.linalg.norm(places, axis=1, keepdims=True)
    return np.concatenate([places, rng.random((points, 3))], axis=1).astype(np.float16)


def moved(seed: int = 0) -> NDArray[np.float64]:
    (found,) = AUGMENTATION.vary([cloud()], [seed])
    return found[:, :3].astype(float) - cloud()[:, :3]


def test_points_move_by_a_hundredth_of_the_unit_sphere() -> None:
    assert np.allclose(moved().std(0), 0.01, rtol=0.05)
    assert np.allclose(moved().mean(0), 0, atol=0.0005)


def test_no_point_moves_by_more_than_a_twentieth_along_an_axis() -> None:
    assert all(np.abs(moved(seed)).max() <= 0.05 + ROUNDING for seed in range(5))


def test_points_move_independently() -> None:
    along, across = moved().T, np.roll(moved()[:, 0], 1)
    correlations = np.atleast_2d(np.corrcoef(np.vstack([along, across])))
    assert np.abs(correlations[np.triu_indices(4, 1)]).max() < 0.05


def test_colours_shape_and_type_are_kept() -> None:
    (found,) = AUGMENTATION.vary([cloud()], [1])
    assert np.array_equal(found[:, 3:], cloud()[:, 3:])
    assert (found.shape, found.dtype) == (cloud().shape, np.float16)


def test_every_cloud_is_moved_by_its_own_seed_alone() -> None:
    together = AUGMENTATION.vary([cloud(), cloud(50)], [1, 2])
    assert np.array_equal(AUGMENTATION.vary([cloud(50)], [2])[0], together[1])
    assert not np.array_equal(AUGMENTATION.vary([cloud(50)], [3])[0], together[1])


def test_alone_it_is_the_same() -> None:
    assert AUGMENTATION.only("jitter") is AUGMENTATION


def test_the_cloud_given_is_not_written_to() -> None:
    given = cloud(20)
    AUGMENTATION.vary([given], [1])
    assert np.array_equal(given, cloud(20))
