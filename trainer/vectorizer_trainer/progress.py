"""How far a run is and how long it will still take: for progress.json, for the log, for a bar in a terminal."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from vectorizer_api.names import PROGRESS_FILE
from vectorizer_api.run import (
    Checkpoint,
    Dataset,
    Metric,
    Outcome,
    Progress,
    RunCost,
    RunProgress,
    Stage,
    Workload,
)

from vectorizer_trainer.errors import StorageError
from vectorizer_trainer.forecast import calibrate
from vectorizer_trainer.outlook import Outlook, Shown
from vectorizer_trainer.store import Store

Listener = Callable[[RunProgress], None]

_FIRST_EMBEDDED = 64
"""Files that are decoded before one is embedded: the pace of fewer says little of what is to come."""
_AHEAD = 64
"""Files that are decoded while those before them are counted."""
_GUESSED = 10.0
"""Per cent that are claimed at most before the pace is known."""
_BEST_KNOWN = 0.2
"""Share of a stage from which its own pace tells more than the forecast."""

_log = logging.getLogger(__name__)


class ProgressTracker:
    """Is told of stages and steps, and tells its listeners how far the whole run is."""

    def __init__(
        self,
        listeners: Sequence[Listener],
        clock: Callable[[], float] = time.monotonic,
        past: Sequence[RunCost] = (),
    ) -> None:
        """Takes who is to be told, a clock in seconds, and what earlier runs on the same base and machine took."""
        self.seconds: dict[Stage, float] = {}
        self._listeners = listeners
        self._clock = clock
        self._past = past
        self._outlook: Outlook | None = None
        self._shown: dict[Stage, Shown] = {}
        self._pace_is_known = False
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
        if stage is Stage.TUNING and self._outlook is not None:
            self._outlook = self._outlook.with_tuning(steps)
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

    @property
    def work(self) -> Workload | None:
        """What there is to do; None before it was told."""
        return self._outlook.work if self._outlook is not None else None

    def expect(self, work: Workload) -> None:
        """So much is to be done; told again when it is known better."""
        self._outlook = Outlook(calibrate(work.content_type, self._past), work)
        self._pace_is_known = self._pace_is_known or self._outlook.calibration.runs > 0
        self._tell()

    def found(self, dataset: Dataset) -> None:
        """What the run found to train on, as far as it is known."""
        self._dataset = dataset
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
        self._shown[self._stage] = Shown(1.0, self.seconds[self._stage])
        if self._stage is Stage.DOWNLOADING:
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
        remaining = self._remaining()
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
            eta_seconds=round(remaining) if self._outlook is not None and self._pace_is_known else None,
            examples_per_second=self._rate,
            last_update_time=datetime.now(UTC),
        )

    def _share(self, remaining: float) -> float:
        elapsed = self._clock() - self._run_started
        share = 100 * elapsed / max(elapsed + remaining, 1e-9)
        return share if self._pace_is_known else min(share, _GUESSED)

    def _remaining(self) -> float:
        """Seconds until the end of the run."""
        if self._stage is Stage.DONE or self._outlook is None:
            return 0.0
        took = self._clock() - self._stage_started
        ahead = _AHEAD if self._stage is Stage.DOWNLOADING and self._step else 0
        done = min((self._step + ahead) / self._steps, 1.0) if self._steps else 0.0
        if self._stage is Stage.DOWNLOADING and self._step >= _FIRST_EMBEDDED:
            self._pace_is_known = True
        shown = self._shown | ({self._stage: Shown(done, took)} if done and self._pace_is_known else {})
        return self._rest_of_stage(took, done, shown) + self._outlook.after(self._stage, shown)

    def _rest_of_stage(self, took: float, done: float, shown: Mapping[Stage, Shown]) -> float:
        """The stage's own pace, trusted the more the further it is; what is foreseen at its beginning."""
        if self._outlook is None or done == 1:
            return 0.0
        foreseen = max(self._outlook.seconds(shown)[self._stage] - took, 0.0)
        if done == 0:
            return foreseen
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
