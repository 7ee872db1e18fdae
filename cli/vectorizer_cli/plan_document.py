"""What `vectorizer plan` says, for programs: `-o json` prints it, and the text for people says the same."""

from vectorizer_api.content import ContentType
from vectorizer_api.model import StoredModel
from vectorizer_api.run import Dataset, Stage

__all__ = ["Fault", "Foreseen", "Plan", "PlannedTraining"]


class Fault(StoredModel):
    """Why a request would not end well."""

    reason: str
    """reason is a constant in CamelCase, as a condition would have it."""
    message: str
    hint: str = ""
    exit_code: int
    """exitCode that the command ends with because of it."""


class PlannedTraining(StoredModel):
    """The trainings that so many examples call for."""

    examples: int
    """examples that are trained, chosen and judged on."""
    folds: int
    """folds in which each example is held out once; 0 where a part is held out from all trainings."""
    transformations: int
    """transformations that examples are varied by."""
    epochs: int
    """epochs of the training of all blocks; 0 where the linear adapter alone is trained."""
    steps: int
    """steps of the optimiser in all trainings of the blocks."""


class Foreseen(StoredModel):
    """What the run would take, from its start on the node to its result."""

    seconds: float
    stage_seconds: dict[Stage, float]
    gpus: int
    gpu_seconds: float
    peak_memory_bytes: float
    runs: int
    """runs that ended before and say so; 0 where the shipped figures do, of a small base on one core."""
    base: str
    """base of those runs; empty where there was none."""


class Plan(StoredModel):
    """The answer to a request that was not made yet."""

    name: str
    """name of the object."""
    content_type: ContentType
    custom_vectorizer_name: str
    accepted: bool
    """accepted says that nothing was found for which the request would be refused, or the run fail."""
    faults: list[Fault]
    waits_for: list[str]
    """waitsFor lists what must be there before the run starts; it starts then by itself."""
    not_checked: list[str]
    """notChecked lists what could not be looked at from here."""
    dataset: Dataset | None
    """dataset is what was found, before a file is read; absent where the files could not be listed."""
    training: PlannedTraining | None
    foreseen: Foreseen | None
