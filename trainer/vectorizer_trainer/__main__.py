"""`python -m vectorizer_trainer`: one train Job's container.

It reads the run description and the credentials, runs, and ends with an exit code and a termination message that say
how it went. Nothing but the store is talked to. Under torchrun the process of rank 0 does so, and the others help it.
"""

from collections.abc import Sequence

from vectorizer_api.run import RunDescription

from vectorizer_trainer.container import Role, Task, carry_out, leave
from vectorizer_trainer.helper import help_leader
from vectorizer_trainer.libraries import prepare_libraries
from vectorizer_trainer.processes import led, rank
from vectorizer_trainer.workplace import Workplace


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the run and return its exit code."""
    work = _fine_tune if rank() == 0 else help_leader
    task = Task("python -m vectorizer_trainer", "Fine-tune one vectorizer.", RunDescription.model_validate_json, work)
    return carry_out(task, arguments, Role.LEADER if rank() == 0 else Role.HELPER)


def _fine_tune(run: RunDescription, place: Workplace) -> None:
    from vectorizer_trainer.log_copy import LogCopy
    from vectorizer_trainer.progress import ProgressFile, ProgressTracker
    from vectorizer_trainer.run import run_fine_tuning

    output = place.open_store(run.output)
    tracker = ProgressTracker([ProgressFile(output), LogCopy(place.log, output)])
    with led():
        run_fine_tuning(run, place, tracker)


if __name__ == "__main__":
    prepare_libraries()
    leave(main())
