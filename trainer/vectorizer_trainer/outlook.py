"""What is left of a run that is under way: what was foreseen, corrected by the pace that the run itself has shown."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from vectorizer_api.run import Stage, Workload

from vectorizer_trainer.course import course_of
from vectorizer_trainer.forecast import Calibration

__all__ = ["Outlook", "Shown"]

_ORDER = list(Stage)
_SAYS_OF_COMPUTING = {Stage.STARTING: 0.1, Stage.SAMPLING: 0.25, Stage.DOWNLOADING: 0.25}
"""Weight of the seconds of a stage where the speed of computing is asked for: loading libraries tells a slow machine
from a fast one, reading files tells more, computing tells it itself."""
_DOUBT = 0.25
"""Seconds of work that the shipped figures are worth against what the run shows."""
_DOUBT_OF_EARLIER_RUNS = 30.0
"""The same of what earlier runs of the same kind took."""


@dataclass(frozen=True)
class Shown:
    """A stage, or its first part, that is over."""

    share: float
    """Of the stage."""
    seconds: float


@dataclass(frozen=True)
class Outlook:
    """The length of each stage of one run."""

    calibration: Calibration
    work: Workload

    def with_tuning(self, steps: int) -> "Outlook":
        """The same, now that it is known in how many ways the blocks are trained: so many steps are."""
        once = course_of(self.work).steps
        ways = max(round(steps / once), 1) if once else 1
        return replace(self, work=self.work.model_copy(update={"ways": ways}))

    def seconds(self, shown: Mapping[Stage, Shown]) -> dict[Stage, float]:
        """The whole length of each stage, in the light of what was shown so far."""
        expected = self.calibration.seconds(self.work)
        speed = self._speed(expected, shown)
        return {stage: speed * took for stage, took in expected.items()}

    def after(self, stage: Stage, shown: Mapping[Stage, Shown]) -> float:
        """Seconds of all stages behind `stage`."""
        seconds = self.seconds(shown)
        return sum(seconds[later] for later in _ORDER[_ORDER.index(stage) + 1 :])

    def _speed(self, expected: Mapping[Stage, float], shown: Mapping[Stage, Shown]) -> float:
        """What the run takes, as a multiple of what was expected."""
        took = foreseen = _DOUBT_OF_EARLIER_RUNS if self.calibration.runs else _DOUBT
        for stage, part in shown.items():
            if expected[stage] > 0 and (stage is not Stage.STARTING or Stage.FETCHING not in shown):
                weight = _SAYS_OF_COMPUTING.get(stage, 1.0)
                took += weight * part.seconds
                foreseen += weight * part.share * expected[stage]
        return took / foreseen
