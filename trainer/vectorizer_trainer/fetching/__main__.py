"""`python -m vectorizer_trainer.fetching`: one fetch Job's container.

Beside the store it talks to the internet, and to nothing between: it has no part in training, and its credentials write
the staging prefix alone.
"""

from collections.abc import Sequence

from vectorizer_api.fetch import FetchDescription

from vectorizer_trainer.container import Task, carry_out, leave
from vectorizer_trainer.fetching.job import run_fetch
from vectorizer_trainer.fetching.progress import FetchProgress
from vectorizer_trainer.progress import ProgressFile
from vectorizer_trainer.workplace import Workplace


def main(arguments: Sequence[str] | None = None) -> int:
    """Fetch and return the exit code, which is 0 also where URLs were refused or failed: the report says which."""
    task = Task(
        "python -m vectorizer_trainer.fetching",
        "Stage the files of a fine-tune's URLs.",
        FetchDescription.model_validate_json,
        _fetch,
    )
    return carry_out(task, arguments)


def _fetch(run: FetchDescription, place: Workplace) -> None:
    run_fetch(run, place, FetchProgress([ProgressFile(place.open_store(run.output))]))


if __name__ == "__main__":
    leave(main())
