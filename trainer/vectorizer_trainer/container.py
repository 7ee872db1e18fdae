"""What a Job's container does around its work: its log, a request to stop, an exit code and a termination message."""

import argparse
import logging
import os
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from typing import Generic, NoReturn, Protocol, TypeVar

from vectorizer_api.names import LOG_FILE
from vectorizer_api.run import ExitCode, Failure, S3Endpoint

from vectorizer_trainer.errors import RunError, Stopped, StorageError, failure_of, termination_message
from vectorizer_trainer.stopping import stop_on_sigterm
from vectorizer_trainer.store import Store, open_store
from vectorizer_trainer.workplace import Workplace

__all__ = ["Role", "Task", "carry_out", "leave"]

_PATIENCE = 20.0
"""Seconds after a request to stop when the process ends, whatever still holds it up."""

_log = logging.getLogger("vectorizer_trainer")


class Description(Protocol):
    """What every task is told."""

    @property
    def s3(self) -> S3Endpoint | None:
        """Where `s3://` locations are."""

    @property
    def output(self) -> str:
        """The URL that the task writes under."""


_Told = TypeVar("_Told", bound=Description)


@dataclass(frozen=True)
class Task(Generic[_Told]):
    """A container's work."""

    program: str
    """How the container calls it."""
    purpose: str
    """A sentence."""
    read: Callable[[bytes], _Told]
    """Reads the content of run.json."""
    work: Callable[[_Told, Workplace], object]
    """Raises RunError where it cannot go on."""


class Role(Enum):
    """Whose the run's log and last word are."""

    LEADER = auto()
    HELPER = auto()
    """A process beside it: it goes on after a request to stop, since the leader first ends its step."""


def carry_out(task: Task[_Told], arguments: Sequence[str] | None = None, role: Role = Role.LEADER) -> int:
    """Do the work and return its exit code."""
    options = _parser(task).parse_args(arguments)
    if role is Role.HELPER:
        options.work /= f"process-{os.environ.get('RANK', '')}"
        if os.environ.get("LOCAL_RANK") != "0":  # The container's last word is that of its first process.
            options.termination_message = options.work / "termination-message"
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    else:
        stop_on_sigterm(_PATIENCE, lambda: _end(options.termination_message))
    output: Store | None = None
    try:
        _log_to(options.work / LOG_FILE)
        told = task.read(options.run.read_bytes())
        output = open_store(told.output, told.s3, options.credentials) if role is Role.LEADER else None
        task.work(told, Workplace(lambda url: open_store(url, told.s3, options.credentials), options.work))
    except (Exception, Stopped) as error:  # noqa: BLE001 - whatever it is, the Job must say so
        return _fail(error, output, options)
    return ExitCode.DONE


def leave(code: int) -> NoReturn:
    """End the process at once: downloads that are still on their way are threads that an orderly end would wait for."""
    sys.stderr.flush()
    os._exit(code)


def _log_to(path: Path) -> None:
    """Write the log to a file, and to stderr for who looks at the pod."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handlers: list[logging.Handler] = [logging.FileHandler(path, encoding="utf-8"), logging.StreamHandler()]
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s", handlers=handlers, force=True
    )
    logging.captureWarnings(capture=True)


def _end(termination_message: Path) -> NoReturn:
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


def _parser(task: Task[_Told]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=task.program, description=task.purpose)
    parser.add_argument("--run", type=Path, required=True, help="what the task is told (run.json)")
    parser.add_argument(
        "--credentials", type=Path, required=True, help="folder of access_key, secret_key, session_token"
    )
    parser.add_argument("--work", type=Path, required=True, help="an empty folder on a disk of the run's own")
    parser.add_argument("--termination-message", type=Path, required=True, help="where to say why the run failed")
    return parser
