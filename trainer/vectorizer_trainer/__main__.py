"""`python -m vectorizer_trainer`: one train Job's container.

It reads the run description and the credentials, runs, and ends with an exit code and a termination message that say
how it went. Nothing but the store is talked to.
"""

import argparse
import logging
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from vectorizer_api.names import LOG_FILE
from vectorizer_api.run import ExitCode, Failure, RunDescription

from vectorizer_trainer.errors import RunError, Stopped, StorageError, failure_of, termination_message
from vectorizer_trainer.libraries import prepare_libraries
from vectorizer_trainer.stopping import stop_on_sigterm
from vectorizer_trainer.store import Store, open_store

_PATIENCE = 20.0
"""Seconds after a request to stop when the process ends, whatever still holds it up."""

_log = logging.getLogger("vectorizer_trainer")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the run and return its exit code."""
    options = _parser().parse_args(arguments)
    stop_on_sigterm(_PATIENCE, lambda: _leave(options.termination_message))
    output: Store | None = None
    try:
        log_to(options.work / LOG_FILE)
        run = RunDescription.model_validate_json(options.run.read_bytes())
        output = open_store(run.output, run.s3, options.credentials)
        _run(run, output, options)
    except (Exception, Stopped) as error:  # noqa: BLE001 - whatever it is, the Job must say so
        return _fail(error, output, options)
    return ExitCode.DONE


def _run(run: RunDescription, output: Store, options: argparse.Namespace) -> None:
    from vectorizer_trainer.progress import ProgressFile, ProgressTracker
    from vectorizer_trainer.run import run_fine_tuning
    from vectorizer_trainer.workplace import Workplace

    place = Workplace(lambda url: open_store(url, run.s3, options.credentials), options.work)
    run_fine_tuning(run, place, ProgressTracker([ProgressFile(output)]))


def log_to(path: Path) -> None:
    """Write the log to a file, and to stderr for who looks at the pod."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handlers: list[logging.Handler] = [logging.FileHandler(path, encoding="utf-8"), logging.StreamHandler()]
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s", handlers=handlers, force=True
    )
    logging.captureWarnings(capture=True)


def _leave(termination_message: Path) -> NoReturn:
    _write(termination_message, Stopped().failure())
    os._exit(ExitCode.STOPPED)


def _fail(error: BaseException, output: Store | None, options: argparse.Namespace) -> int:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    failure = failure_of(error)
    _write(options.termination_message, failure)
    if isinstance(error, RunError | Stopped):
        _log.error("%s: %s %s", failure.reason, failure.message, failure.hint)
    else:
        _log.error("an error of the trainer's own", exc_info=error)
    if output is not None:
        _save_log(output, options.work / LOG_FILE)
    return failure.exit_code


def _write(path: Path, failure: Failure) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(termination_message(failure))


def _save_log(output: Store, log: Path) -> None:
    try:
        output.impatient().upload(LOG_FILE, log)
    except (StorageError, OSError) as error:
        _log.warning("the log could not be saved: %s", error)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m vectorizer_trainer", description="Fine-tune one vectorizer.")
    parser.add_argument("--run", type=Path, required=True, help="the run description (run.json)")
    parser.add_argument(
        "--credentials", type=Path, required=True, help="folder of access_key, secret_key, session_token"
    )
    parser.add_argument("--work", type=Path, required=True, help="an empty folder on a disk of the run's own")
    parser.add_argument("--termination-message", type=Path, required=True, help="where to say why the run failed")
    return parser


if __name__ == "__main__":
    prepare_libraries()
    code = main()
    sys.stderr.flush()
    # At once: downloads that are still on their way are threads that an orderly end would wait for.
    os._exit(code)
