"""`python -m vectorizer_trainer.launch`: torchrun, whose exit code is that of the process which failed first.

Torchrun itself ends with 1 whatever happened, and whoever looks at the Job could not tell bad input from an error.
"""

import sys
from collections.abc import Sequence

from vectorizer_api.run import ExitCode

from vectorizer_trainer.libraries import prepare_libraries

__all__ = ["main"]


def main(arguments: Sequence[str]) -> int:
    """Run the processes as torchrun would: its options, `-m MODULE`, and what the module is told.

    The exit code is 128 + n for a process that signal n ended.
    """
    from torch.distributed import run
    from torch.distributed.elastic.multiprocessing.api import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError

    end = arguments.index("-m") + 2
    options = run.parse_args(list(arguments[:end]))  # type: ignore[no-untyped-call]
    # Torchrun would read the module's own options as abbreviations of its own.
    options.training_script_args = list(arguments[end:])
    try:
        run.run(options)  # type: ignore[no-untyped-call]
    except ChildFailedError as error:
        code = error.get_first_failure()[1].exitcode
        return 128 - code if code < 0 else code
    except SignalException:
        return ExitCode.STOPPED
    return ExitCode.DONE


if __name__ == "__main__":
    prepare_libraries()
    sys.exit(main(sys.argv[1:]))
