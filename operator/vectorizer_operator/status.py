"""What is said about a fine-tune: conditions, the phase derived from them, and text for kubectl's columns.

Each function gives the whole status for one situation; reconcile writes it once, at its end, where it differs.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from vectorizer_api.conditions import Condition, ConditionType, Reason, Status
from vectorizer_api.fine_tune import Attempts, Display, FineTune, FineTuneStatus, Phase
from vectorizer_api.run import Dataset, Failure, Metric, Outcome, Progress, RunProgress, Stage

HEADLINE = "NDCG@10"
_PHASE_OF_STAGE = {
    Stage.STARTING: Phase.PREPARING,
    Stage.FETCHING: Phase.FETCHING,
    Stage.SAMPLING: Phase.PREPARING,
    Stage.DOWNLOADING: Phase.PREPARING,
    Stage.BASELINE: Phase.PREPARING,
    Stage.AUGMENTING: Phase.PREPARING,
    Stage.ADAPTING: Phase.TRAINING,
    Stage.TUNING: Phase.TRAINING,
    Stage.INTERPOLATING: Phase.EVALUATING,
    Stage.EVALUATING: Phase.EVALUATING,
    Stage.UPLOADING: Phase.EVALUATING,
    Stage.DONE: Phase.PUBLISHING,
}


@dataclass(frozen=True)
class Verdict:
    """A condition without its time."""

    status: Status
    reason: Reason
    message: str = ""


Verdicts = Mapping[ConditionType, Verdict]

_ACCEPTED = Verdict("True", Reason.ACCEPTED, "The request is granted.")
_SUSPENDED = Verdict(
    "True", Reason.SUSPENDED, "spec.suspend is true. Set it to false, and the run goes on from its last checkpoint."
)


def waiting(fine_tune: FineTune, reason: Reason, message: str, now: datetime) -> FineTuneStatus:
    """Not accepted yet: something that the run needs is not there."""
    verdicts = {
        ConditionType.ACCEPTED: Verdict("Unknown", reason, message),
        ConditionType.RUNNING: Verdict("False", Reason.NOT_STARTED),
        **_kstatus(Verdict("False", reason, message), Verdict("True", reason, message)),
    }
    return _compose(fine_tune, verdicts, now, phase=Phase.WAITING)


def refused(fine_tune: FineTune, reason: Reason, message: str, now: datetime) -> FineTuneStatus:
    """Not granted, for good."""
    verdicts = {
        ConditionType.ACCEPTED: Verdict("False", reason, message),
        ConditionType.RUNNING: Verdict("False", Reason.NOT_STARTED),
        **_failed(reason, message),
    }
    return _compose(fine_tune, verdicts, now, phase=Phase.FAILED, completion_time=now)


def active(
    fine_tune: FineTune,
    running: Verdict,
    said: RunProgress | None,
    attempts: Attempts,
    now: datetime,
    stale: Verdict | None = None,
    quota: Verdict | None = None,
) -> FineTuneStatus:
    """Accepted, and not ended.

    `stale` says of a process that runs whether it makes progress, `quota` of a Job with a queue whether it is admitted.
    """
    publishing = running.reason is Reason.PUBLISHING
    verdicts = {
        ConditionType.ACCEPTED: _ACCEPTED,
        ConditionType.RUNNING: running,
        ConditionType.DATASET_READY: dataset_ready(said) if said is not None else _last_dataset(fine_tune),
        **({ConditionType.QUOTA_RESERVED: quota} if quota is not None else {}),
        **({ConditionType.PROGRESS_STALE: stale} if stale is not None else {}),
        **_kstatus(Verdict("False", running.reason, running.message), Verdict("True", running.reason, running.message)),
    }
    phase = Phase.PUBLISHING if publishing else _phase(running, said)
    return _compose(fine_tune, verdicts, now, phase=phase, attempts=attempts, **_mirror(said))


def backing_off(fine_tune: FineTune, message: str, attempts: Attempts, now: datetime) -> FineTuneStatus:
    """Between two attempts."""
    running = Verdict("False", Reason.BACK_OFF, message)
    verdicts = {
        ConditionType.ACCEPTED: _ACCEPTED,
        ConditionType.RUNNING: running,
        ConditionType.DATASET_READY: _last_dataset(fine_tune),
        **_kstatus(running, Verdict("True", Reason.BACK_OFF, message)),
    }
    return _compose(fine_tune, verdicts, now, phase=Phase.PENDING, attempts=attempts)


def suspended(fine_tune: FineTune, attempts: Attempts | None, now: datetime) -> FineTuneStatus:
    """Accepted, and without a Job because somebody wants it so."""
    no = Verdict("False", Reason.SUSPENDED, _SUSPENDED.message)
    verdicts = {
        ConditionType.ACCEPTED: _ACCEPTED,
        ConditionType.SUSPENDED: _SUSPENDED,
        ConditionType.RUNNING: no,
        ConditionType.DATASET_READY: _last_dataset(fine_tune),
        **_kstatus(no, no),
    }
    return _compose(fine_tune, verdicts, now, phase=Phase.SUSPENDED, attempts=attempts)


def repeated(fine_tune: FineTune, now: datetime) -> FineTuneStatus:
    """What was said last, said of the object as it is now."""
    return taken_over(fine_tune, fine_tune.status or FineTuneStatus(), "", now)


def held(fine_tune: FineTune, reason: Reason, message: str, now: datetime) -> FineTuneStatus:
    """Accepted, and its Job cannot be yet: the name and the start stay its own."""
    verdicts = {
        ConditionType.ACCEPTED: _ACCEPTED,
        ConditionType.RUNNING: Verdict("False", reason, message),
        ConditionType.DATASET_READY: dataset_ready(None),
        **_kstatus(Verdict("False", reason, message), Verdict("True", reason, message)),
    }
    return _compose(fine_tune, verdicts, now, phase=Phase.WAITING)


def complete(
    fine_tune: FineTune,
    reason: Reason,
    message: str,
    said: RunProgress,
    vectorizer: str,
    report: str,
    attempts: Attempts,
    gpu_seconds: int | None,
    now: datetime,
) -> FineTuneStatus:
    """The CustomVectorizer is there."""
    done = Verdict("True", reason, message)
    verdicts = {
        ConditionType.ACCEPTED: _ACCEPTED,
        ConditionType.RUNNING: Verdict("False", Reason.FINISHED),
        ConditionType.DATASET_READY: dataset_ready(said),
        ConditionType.COMPLETE: done,
        **_kstatus(done, Verdict("False", reason)),
    }
    final = {"vectorizer": vectorizer, "report": report, "gpu_seconds": gpu_seconds, "completion_time": now}
    return _compose(fine_tune, verdicts, now, phase=Phase.SUCCEEDED, attempts=attempts, **_mirror(said), **final)


def failed(
    fine_tune: FineTune,
    reason: Reason,
    failure: Failure,
    said: RunProgress | None,
    attempts: Attempts | None,
    gpu_seconds: int | None,
    now: datetime,
) -> FineTuneStatus:
    """The run ended without a result."""
    message = f"{failure.message} {failure.hint}".strip()
    spoilt = reason in (Reason.BAD_INPUT, Reason.OVER_LIMIT)
    told = dataset_ready(said) if said is not None else _last_dataset(fine_tune)
    ready = Verdict("False", Reason.DATASET_REFUSED, failure.message) if spoilt else told
    verdicts = {
        ConditionType.ACCEPTED: _ACCEPTED,
        ConditionType.RUNNING: Verdict("False", Reason.FINISHED),
        ConditionType.DATASET_READY: ready,
        **_failed(reason, message),
    }
    final = {"failure": failure, "gpu_seconds": gpu_seconds, "completion_time": now}
    return _compose(fine_tune, verdicts, now, phase=Phase.FAILED, attempts=attempts, **_mirror(said), **final)


def taken_over(fine_tune: FineTune, ended: FineTuneStatus, remark: str, now: datetime) -> FineTuneStatus:
    """The outcome of an earlier object of the same name and spec, said again of this one."""
    verdicts = {
        ConditionType(item.type): Verdict(item.status, Reason(item.reason), _remarked(item, remark))
        for item in ended.conditions
    }
    kept = {name: getattr(ended, name) for name in FineTuneStatus.model_fields if name != "conditions"}
    return _compose(fine_tune, verdicts, now, **kept)


def dataset_ready(said: RunProgress | None) -> Verdict:
    """Whether the data could be read, with what a person should know of them."""
    if said is None or said.dataset is None or said.dataset.selected == 0:
        return Verdict("Unknown", Reason.DATASET_PENDING, "The files have not been read yet.")
    dataset = said.dataset
    told = f"{dataset.selected} of {dataset.examples} examples with {dataset.labels} labels."
    if not dataset.warnings and not dataset.rejected:
        return Verdict("True", Reason.DATASET_READ, told)
    rejected = [f"{dataset.rejected} files were rejected."] if dataset.rejected else []
    return Verdict("True", Reason.DATASET_WARNINGS, " ".join([told, *rejected, *dataset.warnings])[:4_000])


def staleness(said: RunProgress | None, began: datetime | None, now: datetime, limit: float) -> Verdict:
    """Whether a process that runs has told of no progress for `limit` seconds."""
    last = said.progress.last_update_time if said is not None else began
    if last is None or (now - last).total_seconds() < limit:
        return Verdict("False", Reason.PROGRESSING)
    stage = f"in the stage {said.progress.stage}" if said is not None else "since it started"
    return Verdict(
        "True",
        Reason.NO_PROGRESS,
        f"Nothing was heard of the run {stage} for {limit / 60:.0f} minutes (last at {last:%Y-%m-%d %H:%M:%S} UTC). "
        "Look at the log of its Pod; set suspend to true and then to false to start it anew from its checkpoint.",
    )


def _last_dataset(fine_tune: FineTune) -> Verdict:
    """What was said of the data before."""
    conditions = fine_tune.status.conditions if fine_tune.status is not None else []
    said = next((item for item in conditions if item.type == ConditionType.DATASET_READY), None)
    return Verdict(said.status, Reason(said.reason), said.message) if said is not None else dataset_ready(None)


def score(metrics: list[Metric] | None, outcome: Outcome | None) -> str:
    """The headline metric before and after in per cent: `57.8→66.5`; without improvement the start's alone."""
    found = next((metric for metric in metrics or [] if metric.name == HEADLINE), None)
    if found is None:
        return ""
    start = f"{found.start * 100:.1f}"
    return start if outcome is Outcome.NO_IMPROVEMENT else f"{start}→{found.tuned * 100:.1f}"


def condition(
    verdict: Verdict, type_: ConditionType, old: Condition | None, generation: int, now: datetime
) -> Condition:
    """A condition whose time moves only when its status does."""
    kept = old.last_transition_time if old is not None and old.status == verdict.status else now
    return Condition(
        type=type_,
        status=verdict.status,
        reason=verdict.reason,
        message=verdict.message,
        observed_generation=generation,
        last_transition_time=kept,
    )


def _remarked(item: Condition, remark: str) -> str:
    telling = item.type in (ConditionType.COMPLETE, ConditionType.FAILED)
    return f"{item.message} {remark}".strip() if telling else item.message


def _failed(reason: Reason, message: str) -> dict[ConditionType, Verdict]:
    no, yes = Verdict("False", reason, message), Verdict("True", reason, message)
    return {ConditionType.FAILED: yes, **_kstatus(no, Verdict("False", reason)), ConditionType.STALLED: yes}


def _kstatus(ready: Verdict, reconciling: Verdict) -> dict[ConditionType, Verdict]:
    return {ConditionType.READY: ready, ConditionType.RECONCILING: reconciling}


def _phase(running: Verdict, said: RunProgress | None) -> Phase:
    if running.reason is Reason.QUEUED:
        return Phase.QUEUED
    if running.status != "True":
        return Phase.PENDING
    return _PHASE_OF_STAGE[said.progress.stage] if said is not None else Phase.PREPARING


def _mirror(said: RunProgress | None) -> dict[str, Progress | Dataset | list[Metric] | object]:
    if said is None:
        return {}
    parts = ("progress", "dataset", "checkpoint", "metrics", "outcome")
    return {name: getattr(said, name) for name in parts if getattr(said, name) is not None}


def _compose(fine_tune: FineTune, verdicts: Verdicts, now: datetime, **parts: object) -> FineTuneStatus:
    """The new status: conditions from verdicts, parts replaced, the rest kept as it was said last."""
    last = fine_tune.status or FineTuneStatus()
    generation = fine_tune.metadata.generation
    old = {item.type: item for item in last.conditions}
    conditions = [condition(verdict, type_, old.get(type_), generation, now) for type_, verdict in verdicts.items()]
    accepted = verdicts[ConditionType.ACCEPTED].status == "True"
    kept: dict[str, object] = {"start_time": last.start_time or (now if accepted else None)}
    kept |= {"conditions": conditions, "observed_generation": generation}
    new = last.model_copy(update={**{k: v for k, v in parts.items() if v is not None}, **kept})
    return new.model_copy(update={"display": _display(new), "last_phase_transition_time": _phase_since(new, last, now)})


def _phase_since(new: FineTuneStatus, last: FineTuneStatus, now: datetime) -> datetime | None:
    """When the phase became what it is; of an outcome that was taken over, when it was brought about."""
    if new.phase == last.phase or (last.phase is None and new.last_phase_transition_time is not None):
        return new.last_phase_transition_time
    return now


def _display(status: FineTuneStatus) -> Display | None:
    progress = status.progress
    if progress is None and status.metrics is None:
        return None
    ended = status.completion_time is not None
    eta = progress.eta_seconds if progress is not None and not ended else None
    return Display(
        progress=f"{progress.percent:.0f}%" if progress is not None else "",
        eta=_duration(eta) if eta is not None else "",
        score=score(status.metrics, status.outcome),
    )


def _duration(seconds: int) -> str:
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}h{minutes:02d}m"
    return f"{minutes}m{rest:02d}s" if minutes else f"{rest}s"
