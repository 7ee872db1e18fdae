"""Which content type is varied by what, and which random numbers are an item's own."""

from itertools import product

import numpy as np
import pytest
from vectorizer_api.content import AugmentationConditions, ContentType
from vectorizer_trainer.augmentation import Purpose, augmentation_for, item_seeds
from vectorizer_trainer.augmentation.draws import uniforms
from vectorizer_trainer.vectorizer import Vectorizer

ALL_ON = AugmentationConditions()


class TestContentTypes:
    @pytest.mark.parametrize("content_type", [ContentType.IMAGE, ContentType.VIDEO])
    def test_pictures_and_videos_are_varied_by_the_nine_switches(
        self, tiny_image: Vectorizer, content_type: ContentType
    ) -> None:
        assert augmentation_for(content_type, ALL_ON, tiny_image.encoder).transformations == (
            "horizontalFlip",
            "verticalFlip",
            "smallRotation",
            "largeRotation",
            "centerCrop",
            "brightnessJitter",
            "contrastJitter",
            "saturationJitter",
            "blur",
        )

    @pytest.mark.parametrize(
        ("content_type", "transformations"),
        [
            (ContentType.SOUND, ("noise", "timeStretch", "pitchShift", "gain")),
            (ContentType.POINT_CLOUD, ("jitter",)),
            (ContentType.TEXT, ()),
        ],
    )
    def test_the_switches_act_on_nothing_else(
        self, tiny_sound: Vectorizer, content_type: ContentType, transformations: tuple[str]
    ) -> None:
        off = AugmentationConditions(**dict.fromkeys(AugmentationConditions.model_fields, False))
        assert augmentation_for(content_type, off, tiny_sound.encoder).transformations == transformations

    def test_texts_come_back_themselves(self, tiny_text: Vectorizer) -> None:
        text = np.arange(5, dtype=np.int32)
        (varied,) = augmentation_for(ContentType.TEXT, ALL_ON, tiny_text.encoder).vary([text], [1])
        assert varied is text

    @pytest.mark.parametrize("content_type", [ContentType.TEXT, ContentType.SOUND, ContentType.POINT_CLOUD])
    def test_no_type_varies_alone_by_what_it_does_not_have(
        self, tiny_sound: Vectorizer, content_type: ContentType
    ) -> None:
        with pytest.raises(ValueError, match="blur"):
            augmentation_for(content_type, ALL_ON, tiny_sound.encoder).only("blur")


class TestSeeds:
    def test_depend_on_run_turn_and_item_alone(self) -> None:
        assert item_seeds(1, Purpose.VIEW, 2, [7, 8]) == [
            *item_seeds(1, Purpose.VIEW, 2, [7]),
            *item_seeds(1, Purpose.VIEW, 2, [8]),
        ]

    def test_differ_between_runs_purposes_turns_and_items(self) -> None:
        drawn = product((0, 1), Purpose, range(5))
        seeds = [seed for run, purpose, turn in drawn for seed in item_seeds(run, purpose, turn, range(100))]
        assert len(set(seeds)) == 2 * 3 * 5 * 100

    def test_give_the_same_numbers_in_any_company(self) -> None:
        assert np.array_equal(uniforms([3, 4], 5)[1], uniforms([4], 5)[0])

    def test_give_numbers_spread_over_the_whole_range(self) -> None:
        columns = uniforms(item_seeds(0, Purpose.VIEW, 1, range(2000)), 3)
        assert np.allclose(columns.mean(0), 0.5, atol=0.03)
        assert columns.min() < 0.01
        assert columns.max() > 0.99

    def test_of_no_items_are_none(self) -> None:
        assert uniforms([], 3).shape == (0, 3)
