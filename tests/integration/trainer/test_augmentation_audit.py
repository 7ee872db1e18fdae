"""The audit on real handwriting under the small base of pictures: up and down matter to 6 and 9, not to 0 and 8."""

import numpy as np
import pytest
from vectorizer_api.content import AugmentationConditions, ContentType
from vectorizer_trainer.augmentation import Purpose, augmentation_for, item_seeds
from vectorizer_trainer.bases import ensure_base
from vectorizer_trainer.bases.image.digits import compositions
from vectorizer_trainer.bases.pool import Pool
from vectorizer_trainer.tuning.audit import TransformationEffect, audited_examples, measure_effect
from vectorizer_trainer.vectorizer import Vectorizer, load_vectorizer

COLOURS = {"brightnessJitter", "contrastJitter", "saturationJitter", "blur"}
PICTURES = 250


@pytest.fixture(scope="module")
def base() -> Vectorizer:
    return load_vectorizer(ensure_base(ContentType.IMAGE))


def audited(base: Vectorizer, digits: list[int], seed: int = 0) -> dict[str, TransformationEffect]:
    """The effect of each transformation alone on pictures of these digits."""
    made = compositions(Pool.TRAIN, PICTURES, seed, digits)
    vectors, targets = base.encode_items(list(made.pictures)), made.targets[:, digits]
    augmentation = augmentation_for(ContentType.IMAGE, AugmentationConditions(), base.encoder)
    rows = audited_examples(PICTURES, seed)
    effects = {}
    for turn, name in enumerate(augmentation.transformations):
        seeds = item_seeds(seed, Purpose.AUDIT, turn, rows.tolist())
        varied = base.encode_items(augmentation.only(name).vary([made.pictures[row] for row in rows], seeds))
        effects[name] = measure_effect(name, varied, rows, vectors, targets, np.arange(PICTURES))
    return effects


def named(effects: dict[str, TransformationEffect]) -> set[str]:
    return {name for name, effect in effects.items() if effect.breaks_labels}


@pytest.mark.parametrize("seed", range(2))
def test_vertical_flip_is_named_where_up_and_down_matter(base: Vectorizer, seed: int) -> None:
    assert "verticalFlip" in named(audited(base, [2, 4, 5, 6, 9], seed))


@pytest.mark.parametrize("seed", range(2))
def test_vertical_flip_is_not_named_where_up_and_down_do_not_matter(base: Vectorizer, seed: int) -> None:
    assert "verticalFlip" not in named(audited(base, [0, 1, 3, 8], seed))


def test_changes_of_light_and_sharpness_are_never_named(base: Vectorizer) -> None:
    assert not named(audited(base, list(range(10)))) & COLOURS
