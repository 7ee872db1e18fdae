"""How far a run is and how long it will still take: for progress.json, for the log, for a bar in a terminal."""

import logging
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from vectorizer_api.names import PROGRESS_FILE
from vectorizer_api.run import Checkpoint, Dataset, Metric, Outcome, Progress, RunProgress, Stage

from vectorizer_trainer.errors import StorageError
from vectorizer_trainer.schedule import (
    FEWEST_FOR_BLOCKS,
    FEWEST_TO_HOLD_OUT,
    FOLDS,
    VIEWS,
    epochs_for,
    varied_copies,
)
from vectorizer_trainer.store import Store

Listener = Callable[[RunProgress], None]

ORDER = list(Stage)

_REFERENCE = 300
"""Embeddings' worth of work that the reference items are; half of them measure."""
_TRAINING = 2.0
"""Embeddings' worth of work that training on an example for one epoch is."""
_FIRST_EMBEDDED = 64
"""Files that are decoded before one is embedded: the pace of fewer says little of what is to come."""
_GUESSED = 10.0
"""Per cent that are claimed at most before the pace is known."""
_BEST_KNOWN = 0.2
"""Share of a stage from which its own pace tells more than the forecast."""

_log = logging.getLogger(__name__)


class Forecast:
    """Seconds that each stage takes, from the number of examples and the time to read and embed one of them.

    The unit is one embedding, since the same network does most of each stage's work. Measured on texts: training on an
    example and its anchors costs 1.5 to 2.6 embeddings an epoch, the base's 600 reference items about 300.
    """

    def __init__(self) -> None:
        self.examples = 1000
        self.transformations = 0
        self.seconds_per_example = 0.02

    def seconds(self, stage: Stage) -> float:
        """The whole length of a stage."""
        return {
            Stage.STARTING: 5.0,
            Stage.FETCHING: 0.0,
            Stage.SAMPLING: 0.0,
            Stage.DOWNLOADING: self._embeddings(self.examples),
            Stage.BASELINE: self._embeddings(_REFERENCE),
            Stage.AUGMENTING: self._embeddings(varied_copies(self._trained_on(), self.transformations)),
            Stage.ADAPTING: 0.5 + 0.001 * self.examples * (2 + VIEWS if self.transformations else 1),
            Stage.TUNING: self._tuning(),
            Stage.INTERPOLATING: self._embeddings(_REFERENCE / 2),
            Stage.EVALUATING: 2.0 + self._embeddings(0.1 * self.examples),
            Stage.UPLOADING: 3.0,
            Stage.DONE: 0.0,
        }[stage]

    def after(self, stage: Stage) -> float:
        """All stages behind `stage`."""
        return sum(self.seconds(later) for later in ORDER[ORDER.index(stage) + 1 :])

    def _embeddings(self, number: float) -> float:
        return number * self.seconds_per_example

    def _trained_on(self) -> int:
        return self.examples if self._in_folds else int(0.8 * self.examples)

    def _tuning(self) -> float:
        if self.examples < FEWEST_FOR_BLOCKS:
            return 0.0
        folds = FOLDS if self._in_folds else 0
        seen = _seen(self._trained_on()) + folds * _seen(self.examples - self.examples // FOLDS)
        return self._embeddings(_TRAINING * seen + _REFERENCE / 2)

    @property
    def _in_folds(self) -> bool:
        return self.examples < FEWEST_TO_HOLD_OUT


def _seen(examples: int) -> int:
    """Examples that all epochs of one training see."""
    return epochs_for(examples) * examples


class ProgressTracker:
    """Is told of stages and steps, and tells its listeners how far the whole run is."""

    def __init__(self, listeners: Sequence[Listener], clock: Callable[[], float] = time.monotonic) -> None:
        """Takes who is to be told, and a clock in seconds."""
        self.seconds: dict[Stage, float] = {}
        self._listeners = listeners
        self._clock = clock
        self._forecast = Forecast()
        self._pace_is_known = False
        self._most = sys.maxsize
        self._run_started = self._stage_started = clock()
        self._stage, self._steps, self._step = Stage.STARTING, 0, 0
        self._epoch: int | None = None
        self._rate: float | None = None
        self._percent = 0.0
        self._dataset: Dataset | None = None
        self._metrics: list[Metric] | None = None
        self._outcome: Outcome | None = None
        self._checkpoint: Checkpoint | None = None

    def stage(self, stage: Stage, steps: int) -> None:
        """A stage begins that takes `steps` steps; the one before it is over."""
        self._finish_stage()
        self._stage, self._steps, self._step = stage, steps, 0
        self._epoch = self._rate = None
        self._stage_started = self._clock()
        _log.info("%s", stage)
        self._tell()

    def advance(
        self,
        step: int,
        *,
        epoch: int | None = None,
        examples_per_second: float | None = None,
        loss: float | None = None,
    ) -> None:
        """`step` steps of the stage are done."""
        self._step, self._epoch, self._rate = step, epoch, examples_per_second
        if loss is not None:
            _log.debug("step %d of %d, loss %.4f", step, self._steps, loss)
        self._tell()

    def at_most(self, examples: int) -> None:
        """No more examples are trained on than these."""
        self._most = examples

    def varied_by(self, transformations: int) -> None:
        """The examples are varied by so many transformations."""
        self._forecast.transformations = transformations

    def found(self, dataset: Dataset) -> None:
        """What the run found to train on, as far as it is known."""
        self._dataset = dataset
        self._forecast.examples = max(min(dataset.selected or dataset.examples, self._most), 1)
        self._tell()

    def kept(self, checkpoint: Checkpoint) -> None:
        """Another attempt could go on from here."""
        self._checkpoint = checkpoint
        self._tell()

    def judged(self, metrics: list[Metric], outcome: Outcome) -> None:
        """How the run ends."""
        self._metrics, self._outcome = metrics, outcome
        self._tell()

    def _finish_stage(self) -> None:
        took = self._clock() - self._stage_started
        self.seconds[self._stage] = round(self.seconds.get(self._stage, 0.0) + took, 3)
        if self._stage is Stage.DOWNLOADING:
            self._measure_pace(took)

    def _measure_pace(self, took: float) -> None:
        self._forecast.seconds_per_example = took / max(self._step, 1)
        self._pace_is_known = True

    def _tell(self) -> None:
        progress = RunProgress(
            progress=self._now(),
            dataset=self._dataset,
            checkpoint=self._checkpoint,
            metrics=self._metrics,
            outcome=self._outcome,
        )
        for listener in self._listeners:
            listener(progress)

    def _now(self) -> Progress:
        remaining = 0.0 if self._stage is Stage.DONE else self._rest_of_stage() + self._forecast.after(self._stage)
        share = 100.0 if self._stage is Stage.DONE else self._share(remaining)
        # A longer forecast than before must not look like lost work.
        self._percent = max(self._percent, round(share, 1))
        return Progress(
            stage=self._stage,
            percent=self._percent,
            epoch=self._epoch,
            step=self._step if self._steps else None,
            steps=self._steps or None,
            # A guess before files were read and embedded would be that of another machine.
            eta_seconds=round(remaining) if self._pace_is_known else None,
            examples_per_second=self._rate,
            last_update_time=datetime.now(UTC),
        )

    def _share(self, remaining: float) -> float:
        elapsed = self._clock() - self._run_started
        share = 100 * elapsed / max(elapsed + remaining, 1e-9)
        return share if self._pace_is_known else min(share, _GUESSED)

    def _rest_of_stage(self) -> float:
        """The stage's own pace, trusted the more the further it is; the forecast at its beginning."""
        took = self._clock() - self._stage_started
        done = min(self._step / self._steps, 1.0) if self._steps else 0.0
        foreseen = max(self._forecast.seconds(self._stage) - took, 0.0) if done < 1 else 0.0
        if done == 0:
            return foreseen
        if self._stage is Stage.DOWNLOADING and self._step >= _FIRST_EMBEDDED:
            self._measure_pace(took)
        trust = min(done / _BEST_KNOWN, 1.0)
        return trust * took * (1 - done) / done + (1 - trust) * foreseen


class ProgressFile:
    """A listener that keeps progress.json, at once where more than the steps changed, else every few seconds.

    A write that fails is dropped: the next one says more, and no run fails for want of being watched.
    """

    def __init__(self, store: Store, interval: float = 3.0, clock: Callable[[], float] = time.monotonic) -> None:
        """Takes where to write, and the least seconds between two writes within a stage."""
        self._store = store.impatient()
        self._interval = interval
        self._clock = clock
        self._last: tuple[Stage, Dataset | None, Outcome | None] | None = None
        self._next = 0.0

    def __call__(self, progress: RunProgress) -> None:
        """Write where there is news."""
        began = self._clock()
        news = (progress.progress.stage, progress.dataset, progress.outcome)
        if news == self._last and began < self._next:
            return
        self._last = news
        try:
            self._store.put(PROGRESS_FILE, progress.model_dump_json(by_alias=True, exclude_none=True).encode())
        except StorageError as error:
            _log.warning("%s", error)
        # Slow storage must not hold up the training by more than a tenth.
        self._next = self._clock() + max(self._interval, 10 * (self._clock() - began))
