"""Pictures of digits show what they are said to show, of real handwriting that no two pools share."""

import numpy as np
from vectorizer_trainer.bases.image.digits import KNOWN, compositions
from vectorizer_trainer.bases.pool import Pool


def test_pictures_show_one_to_three_of_the_digits_asked_for() -> None:
    made = compositions(Pool.BASE, 60, 0, KNOWN)
    assert made.pictures.shape == (60, 32, 32, 3)
    assert set(made.placed.sum((1, 2))) == {1, 2, 3}
    assert not made.targets[:, KNOWN.stop :].any()


def test_pictures_have_ink_exactly_in_the_quarters_that_are_named() -> None:
    made = compositions(Pool.BASE, 20, 0, KNOWN)
    quarters = made.pictures.reshape(20, 2, 16, 2, 16, 3).max((2, 4, 5)).reshape(20, 4)
    assert np.array_equal(quarters > 60, made.placed.any(1))


def test_pictures_are_the_same_for_the_same_seed_and_differ_between_pools() -> None:
    first, again, other = (compositions(pool, 5, 0).pictures for pool in (Pool.TRAIN, Pool.TRAIN, Pool.TEST))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
