"""A fine-tune as it goes on, until its end."""

import time
from collections.abc import Callable, Iterator

from rich.console import Console
from vectorizer_api.conditions import ConditionType
from vectorizer_api.fine_tune import FineTune, FineTuneStatus
from vectorizer_api.run import ExitCode, RunProgress
from vectorizer_trainer.errors import BadInput
from vectorizer_trainer.wording import quoted

from vectorizer_cli.progress_bar import ProgressBar
from vectorizer_cli.sentences import visible
from vectorizer_cli.tenant import ClusterUnreachable, Tenant

__all__ = ["follow", "has_ended", "watched"]

_EVERY = 2.0
"""Seconds between two looks: the operator writes progress no more often."""
_SILENCE = 60.0
"""Seconds without an answer after which nobody waits any longer."""
_ENDS: tuple[ConditionType, ...] = (ConditionType.COMPLETE, ConditionType.FAILED)


def follow(tenant: Tenant, fine_tune: FineTune, console: Console) -> ExitCode:
    """Draw how far it is until it ends; the answer is how it ended, as the trainer's exit code."""
    with ProgressBar(console) as bar:
        last = fine_tune
        for last in watched(tenant, fine_tune):
            _show(last.status or FineTuneStatus(), bar)
    return _told(last, console)


def watched(tenant: Tenant, fine_tune: FineTune, pause: Callable[[float], None] = time.sleep) -> Iterator[FineTune]:
    """The fine-tune, looked at again and again until it has ended; raises BadInput where it is deleted meanwhile.

    A cluster that does not answer is asked again for a minute.
    """
    name, uid = fine_tune.metadata.name, fine_tune.metadata.uid
    yield fine_tune
    answered = time.monotonic()
    while not has_ended(fine_tune):
        pause(_EVERY)
        try:
            found = tenant.fine_tune(name)
        except ClusterUnreachable:
            if time.monotonic() - answered > _SILENCE:
                raise
            continue
        answered = time.monotonic()
        if found is None or found.metadata.uid != uid:
            raise BadInput(f"The fine-tune {name} was deleted.", hint="What it had made by then was not published.")
        fine_tune = found
        yield fine_tune


def has_ended(fine_tune: FineTune) -> bool:
    """Whether it is Complete or Failed, both of which are final."""
    conditions = fine_tune.status.conditions if fine_tune.status else []
    return any(one.type in _ENDS and one.status == "True" for one in conditions)


def _show(status: FineTuneStatus, bar: ProgressBar) -> None:
    if status.progress is not None and status.completion_time is None:
        bar(RunProgress(progress=status.progress))
    else:
        bar.wait(str(status.phase or "Pending"), visible(_reason(status)))


def _reason(status: FineTuneStatus) -> str:
    """Why it does not run yet."""
    ready = [one for one in status.conditions if one.type == ConditionType.READY]
    return ready[0].message or ready[0].reason if ready else ""


def _told(fine_tune: FineTune, console: Console) -> ExitCode:
    status, name = fine_tune.status or FineTuneStatus(), fine_tune.metadata.name
    if status.failure is not None:
        console.print(f"Failed: {visible(status.failure.message)}", markup=False, highlight=False, soft_wrap=True)
        console.print(visible(status.failure.hint), markup=False, highlight=False, soft_wrap=True)
        return _code(status.failure.exit_code)
    if any(one.type == ConditionType.FAILED and one.status == "True" for one in status.conditions):
        said = next(one for one in status.conditions if one.type == ConditionType.FAILED)
        console.print(f"Failed: {visible(said.message)}", markup=False, highlight=False, soft_wrap=True)
        return ExitCode.BAD_INPUT
    made = visible(quoted(fine_tune.spec.custom_vectorizer_name))
    score = f", NDCG@10 {status.display.score}" if status.display and status.display.score else ""
    console.print(f"{status.outcome}: {made}{score}. See `vectorizer report {name}`.", markup=False, highlight=False)
    return ExitCode.DONE


def _code(told: int) -> ExitCode:
    try:
        return ExitCode(told) or ExitCode.INTERNAL
    except ValueError:
        return ExitCode.INTERNAL
