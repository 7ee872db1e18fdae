"""A run's log on stdout, all of it or as it grows."""

from collections.abc import Callable, Iterable
from typing import IO

from rich.console import Console
from vectorizer_api.fine_tune import FineTune
from vectorizer_trainer.errors import BadInput
from vectorizer_trainer.wording import counted

from vectorizer_cli.run_log import RunLog, latest_attempt

__all__ = ["follow_log", "show_log"]

OpenLog = Callable[[int], RunLog]
"""The log of an attempt."""


def show_log(fine_tune: FineTune, attempt: int, open_log: OpenLog, sink: IO[bytes]) -> None:
    """Write the log of an attempt, the last one for 0; raises BadInput where there is none."""
    number, last = attempt or latest_attempt(fine_tune), latest_attempt(fine_tune)
    name = fine_tune.metadata.name
    if number > last or number == 0:
        raise BadInput(
            f"The fine-tune {name} has had {counted(last, 'attempt')}.", hint=f"See `vectorizer describe {name}`."
        )
    log = open_log(number)
    log.copy_to(sink)
    if log.read == 0:
        raise BadInput(
            f"Attempt {number} of the fine-tune {name} has no log.",
            hint="It comes with the run's first words, which --follow waits for, and stays for 30 days.",
        )


def follow_log(looks: Iterable[FineTune], open_log: OpenLog, sink: IO[bytes], console: Console) -> None:
    """Write the log of each attempt as it grows, at every look at the fine-tune, until these end."""
    log: RunLog | None = None
    for fine_tune in looks:
        number = latest_attempt(fine_tune)
        if log is None or number > log.attempt:
            if log is not None:
                log.copy_to(sink)
                console.print(f"— attempt {number} —", highlight=False, markup=False)
            log = open_log(number) if number else None
        if log is not None:
            log.copy_to(sink)
