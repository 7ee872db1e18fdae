"""What a run will take: seconds for each stage and memory, from how much there is to do and what earlier runs took.

Each stage is made of a few kinds of work (a file read, an item embedded, an example carried forward and back), and a
*pace* says what one of each takes. The shipped paces are those of the small bases on one core. Runs that have ended
correct them, stage by stage; so does the run that is under way.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from vectorizer_api.content import ContentType
from vectorizer_api.run import RunCost, Stage, Workload

from vectorizer_trainer.course import course_of

__all__ = ["NEWEST", "REFERENCE", "SHIPPED", "Calibration", "Pace", "calibrate", "stage_seconds"]

NEWEST = 10
"""Earlier runs that are looked at: machines, recipes and files change."""
REFERENCE = 600
"""Reference items of a small base; half of them measure."""

_SHIPPED_WEIGHT = 0.5
"""Of the shipped proportions between the stages, in runs: one run corrects them by two thirds."""
_TRIES = 2
"""Shares of a candidate's change that are measured until one retains enough, usually."""
_MEBIBYTE = 2**20


@dataclass(frozen=True)
class Pace:
    """What one of each kind of work takes, in seconds; and what is held in memory, in MiB."""

    start: float
    """Loading the libraries and opening the vectorizers."""
    read: float
    """A file of the usual size: downloaded, decoded, its fingerprint taken."""
    read_mebibyte: float
    """What a file takes beside that for each MiB."""
    embed: float
    """An item, forward."""
    vary: float
    """An item, varied at random."""
    train: float
    """An item, forward and back, with its share of the optimiser's step."""
    adapt: float
    """A step of the linear adapter."""
    judge: float
    """The comparison of start and candidate."""
    page: float
    """The report."""
    memory: float
    """MiB, whatever the number of examples."""
    memory_per_example: float = 0.05
    """MiB."""
    ways: float = 1.0
    """In how many ways the blocks are trained where examples are varied, on average: what the adapters say decides."""


SHIPPED: Mapping[ContentType, Pace] = {
    ContentType.IMAGE: Pace(
        start=9.0,
        read=0.0010,
        read_mebibyte=0.05,
        embed=0.0003,
        vary=0.00015,
        train=0.00077,
        adapt=0.0047,
        judge=0.4,
        page=0.3,
        memory=860,
        ways=1.2,
    ),
    ContentType.POINT_CLOUD: Pace(
        start=9.0,
        read=0.0030,
        read_mebibyte=0.04,
        embed=0.0036,
        vary=0.0001,
        train=0.0061,
        adapt=0.0050,
        judge=0.6,
        page=0.5,
        memory=885,
        ways=1.8,
    ),
    ContentType.SOUND: Pace(
        start=9.0,
        read=0.0045,
        read_mebibyte=0.05,
        embed=0.0027,
        vary=0.0037,
        train=0.0045,
        adapt=0.0050,
        judge=0.5,
        page=1.2,
        memory=960,
        ways=1.8,
    ),
    ContentType.TEXT: Pace(
        start=9.0,
        read=0.001,
        read_mebibyte=26.0,  # longer texts are embedded in more windows
        embed=0.0154,
        vary=0.0,
        train=0.039,
        adapt=0.0089,
        judge=1.5,
        page=0.5,
        memory=1780,
        memory_per_example=0.012,
    ),
    ContentType.VIDEO: Pace(
        start=9.0,
        read=0.0055,
        read_mebibyte=0.1,
        embed=0.0025,
        vary=0.0011,
        train=0.0046,
        adapt=0.0045,
        judge=0.5,
        page=0.5,
        memory=1050,
        ways=1.8,
    ),
}
"""The small bases on one core of an EPYC, measured by `bench/forecast.py --record` on the demo sets; in seconds."""


def stage_seconds(pace: Pace, work: Workload) -> dict[Stage, float]:
    """Seconds of each stage at a pace; fetching from URLs depends on others and is left out."""
    ways = work.ways or (pace.ways if work.transformations else 1.0)
    course = course_of(work)
    file = pace.read + pace.read_mebibyte * work.example_bytes / _MEBIBYTE + pace.embed
    verified = _TRIES * REFERENCE / 2
    encoded = course.judged + REFERENCE / 2 + (verified if course.folds else 0.0)
    tuning = ways * (course.passes * pace.train + encoded * pace.embed) + course.seen * pace.vary
    return {
        Stage.STARTING: pace.start,
        Stage.FETCHING: 0.0,
        Stage.SAMPLING: work.surveyed * file,
        Stage.DOWNLOADING: work.read * file - work.tests * pace.embed,
        Stage.BASELINE: REFERENCE * pace.embed,
        Stage.AUGMENTING: course.varied * (pace.vary + pace.embed),
        Stage.ADAPTING: course.adapter_steps * pace.adapt,
        Stage.TUNING: tuning if course.trains_blocks else 0.0,
        Stage.INTERPOLATING: 0.0 if course.folds else verified * pace.embed,
        Stage.EVALUATING: pace.judge + pace.embed * (2 * work.tests + (0 if course.folds else course.judged / 2)),
        Stage.UPLOADING: pace.page,
        Stage.DONE: 0.0,
    }


@dataclass(frozen=True)
class Calibration:
    """A pace, corrected by runs that have ended."""

    pace: Pace
    corrections: Mapping[Stage, float] = field(default_factory=dict)
    """Stage -> what it took, as a multiple of what the pace says."""
    speed: float = 1.0
    """The same of stages that no run tells of."""
    memory_correction: float = 1.0
    runs: int = 0
    """How many were looked at."""

    def seconds(self, work: Workload) -> dict[Stage, float]:
        """Seconds of each stage."""
        plain = stage_seconds(self.pace, work)
        return {stage: took * self.corrections.get(stage, self.speed) for stage, took in plain.items()}

    def memory_bytes(self, work: Workload) -> float:
        """The peak of the process."""
        return self.memory_correction * _memory(self.pace, work)


def calibrate(content_type: ContentType, past: Iterable[RunCost]) -> Calibration:
    """The shipped pace of a content type, corrected by the newest runs of it, whatever their size.

    The runs as a whole say how fast the machine is, and each stage's seconds what is particular about it: a ratio of
    sums, to which the shipped proportions count as half a run.
    """
    pace = SHIPPED[content_type]
    alike = [run for run in past if run.workload.content_type is content_type]
    newest = sorted(alike, key=lambda run: run.finished, reverse=True)[:NEWEST]
    if not newest:
        return Calibration(pace)
    pace = replace(pace, ways=_usual_ways(pace, newest))
    foreseen = [stage_seconds(pace, run.workload) for run in newest]
    expected = {stage: sum(one[stage] for one in foreseen) for stage in Stage}
    took = {stage: sum(run.stage_seconds.get(stage, 0.0) for run in newest) for stage in Stage}
    known = [stage for stage in Stage if expected[stage] > 0]
    speed = sum(took[stage] for stage in known) / sum(expected[stage] for stage in known)
    weight = _SHIPPED_WEIGHT / len(newest)
    corrections = {stage: (took[stage] / expected[stage] + weight * speed) / (1 + weight) for stage in known}
    return Calibration(pace, corrections, speed, _memory_correction(pace, newest), len(newest))


def _usual_ways(pace: Pace, runs: Sequence[RunCost]) -> float:
    known = [float(run.workload.ways) for run in runs if run.workload.ways and run.workload.transformations]
    return (_SHIPPED_WEIGHT * pace.ways + sum(known)) / (_SHIPPED_WEIGHT + len(known))


def _memory_correction(pace: Pace, runs: Sequence[RunCost]) -> float:
    return sum(run.peak_memory_bytes for run in runs) / sum(_memory(pace, run.workload) for run in runs)


def _memory(pace: Pace, work: Workload) -> float:
    return _MEBIBYTE * (pace.memory + pace.memory_per_example * (work.examples + work.tests))
