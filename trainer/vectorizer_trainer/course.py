"""Which trainings a run consists of: a matter of numbers alone, known before torch is loaded."""

from dataclasses import dataclass

from vectorizer_api.content import AUGMENTED_BY_SWITCH, AugmentationConditions, ContentType
from vectorizer_api.run import Workload

from vectorizer_trainer.schedule import (
    ANCHORS,
    CHOOSE,
    FEWEST_FOR_BLOCKS,
    FEWEST_TO_HOLD_OUT,
    FOLDS,
    VIEWS,
    adapter_steps,
    epochs_for,
    gate_share,
    steps_for,
    varied_copies,
)

__all__ = ["Course", "course_of", "transformations_of"]

_TRANSFORMATIONS = {ContentType.SOUND: 4, ContentType.POINT_CLOUD: 1, ContentType.TEXT: 0}
"""Of what no switch acts on."""


@dataclass(frozen=True)
class Course:
    """The trainings of a run, in numbers of examples."""

    folds: int
    """Each example is held out once, in one of them; 0 where a part is held out from all."""
    trained: int
    """What the candidate to offer is trained on."""
    judged: int
    """What is encoded by a trained candidate, to choose among the candidates and to judge one."""
    trainings: tuple[int, ...]
    """Examples of each training of a candidate: the one to offer first, then those without a fold."""
    trains_blocks: bool
    """Whether all blocks of the encoder are trained beside the linear adapter."""
    varied: int
    """Copies of examples that are varied and encoded before."""

    @property
    def epochs(self) -> int:
        """Of the blocks' training on everything."""
        return epochs_for(self.trained) if self.trains_blocks else 0

    @property
    def steps(self) -> int:
        """Optimiser steps of all trainings of the blocks."""
        return sum(map(steps_for, self.trainings)) if self.trains_blocks else 0

    @property
    def adapter_steps(self) -> int:
        """Optimiser steps of all trainings of the linear adapter, with views of the examples and without."""
        kinds = (1, 1 + VIEWS) if self.varied else (1,)
        return sum(adapter_steps(kind * examples) for kind in kinds for examples in self.trainings)

    @property
    def seen(self) -> int:
        """Examples that all epochs of all trainings of the blocks see."""
        return sum(epochs_for(examples) * examples for examples in self.trainings) if self.trains_blocks else 0

    @property
    def passes(self) -> int:
        """Examples and anchors that they carry forward and back."""
        return self.seen + ANCHORS * self.steps


def course_of(work: Workload) -> Course:
    """The trainings that so many examples call for."""
    examples = work.examples
    if work.groups < FEWEST_TO_HOLD_OUT:
        folds, trained, judged = FOLDS, examples, examples
        trainings: tuple[int, ...] = (examples, *(examples - examples // FOLDS for _ in range(FOLDS)))
    else:
        gate = gate_share(work.groups)
        folds, trained, judged = 0, round((1 - CHOOSE - gate) * examples), round((CHOOSE + gate) * examples)
        trainings = (trained,)
    varied = varied_copies(trained, work.transformations)
    return Course(folds, trained, judged, trainings, trained >= FEWEST_FOR_BLOCKS, varied)


def transformations_of(content_type: ContentType, conditions: AugmentationConditions) -> int:
    """By how many transformations examples are varied."""
    if content_type in AUGMENTED_BY_SWITCH:
        return len(AugmentationConditions.model_fields) - len(conditions.switched_off())
    return _TRANSFORMATIONS[content_type]
