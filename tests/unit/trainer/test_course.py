"""Which trainings a run consists of, and that the numbers are those of the recipe itself."""

import pytest
from vectorizer_api.content import AugmentationConditions, ContentType
from vectorizer_api.run import Workload
from vectorizer_trainer.augmentation import augmentation_for
from vectorizer_trainer.course import course_of, transformations_of
from vectorizer_trainer.schedule import (
    AUDITED,
    FEWEST_FOR_BLOCKS,
    FEWEST_TO_HOLD_OUT,
    VIEWS,
    adapter_steps,
    steps_for,
)


def work(examples: int, groups: int | None = None, transformations: int = 0) -> Workload:
    return Workload(
        content_type=ContentType.IMAGE,
        examples=examples,
        groups=examples if groups is None else groups,
        read=examples,
        transformations=transformations,
    )


class TestCourse:
    def test_few_groups_are_held_out_once_each_whatever_the_number_of_examples(self) -> None:
        course = course_of(work(2000, groups=FEWEST_TO_HOLD_OUT - 1))
        assert course.folds == 3
        assert course.trainings == (2000, 1334, 1334, 1334)

    def test_of_many_a_part_is_held_out_from_one_training(self) -> None:
        course = course_of(work(2000))
        assert (course.folds, course.trainings, course.judged) == (0, (1600,), 400)
        assert course.steps == steps_for(1600)

    def test_below_a_hundred_the_linear_adapter_alone_is_trained(self) -> None:
        few = course_of(work(FEWEST_FOR_BLOCKS - 1))
        assert (few.epochs, few.steps, few.passes) == (0, 0, 0)
        assert few.adapter_steps > 0
        assert course_of(work(FEWEST_FOR_BLOCKS)).steps > 0

    def test_views_make_the_adapter_train_a_second_time_and_longer(self) -> None:
        plain, varied = course_of(work(2000)), course_of(work(2000, transformations=9))
        assert varied.adapter_steps == plain.adapter_steps + adapter_steps((1 + VIEWS) * 1600)
        assert varied.varied == VIEWS * 1600 + 9 * AUDITED


@pytest.mark.parametrize("off", [{}, {"blur": False, "vertical_flip": False}])
@pytest.mark.parametrize("kind", [ContentType.IMAGE, ContentType.VIDEO, ContentType.POINT_CLOUD, ContentType.TEXT])
def test_as_many_transformations_are_foreseen_as_are_applied(kind: ContentType, off: dict[str, bool]) -> None:
    conditions = AugmentationConditions(**off)

    class OnNothing:
        device = "cpu"

    applied = augmentation_for(kind, conditions, OnNothing())  # type: ignore[arg-type]
    assert transformations_of(kind, conditions) == len(applied.transformations)


def test_as_many_transformations_of_sounds_are_foreseen_as_are_applied() -> None:
    from vectorizer_trainer.augmentation.sound import SoundAugmentation

    applied = SoundAugmentation(16_000, "cpu")  # type: ignore[arg-type]
    assert transformations_of(ContentType.SOUND, AugmentationConditions()) == len(applied.transformations)
