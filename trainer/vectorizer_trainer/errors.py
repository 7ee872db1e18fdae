"""How a run ends when it does not end well: the exception's class is the exit code.

RunError and PeerLost 70: BadInput 64 (InvalidVectorizer), OverLimit 65, StorageError 75 (InputChanged). Stopped is 143,
and a BaseException, so that no `except Exception` swallows a request to stop. UnreadableFile rejects one file only.
"""

# ruff: noqa: N818 - the classes are named after the reasons that users read

from typing import ClassVar

from vectorizer_api.conditions import Reason
from vectorizer_api.run import ExitCode, Failure

TERMINATION_MESSAGE_BYTES = 4096
"""What Kubernetes keeps of a container's termination message."""

_MESSAGE_CHARACTERS = 2000
_HINT_CHARACTERS = 500


class UnreadableFile(Exception):
    """One file cannot be decoded as the run's content type, or not within the limits of a file.

    Its text is the reason that the user reads.
    """


class RunError(Exception):
    """A run that cannot go on; `hint` says what to do next."""

    exit_code: ClassVar[ExitCode] = ExitCode.INTERNAL
    reason: ClassVar[str] = Reason.TRAINER_ERROR
    default_hint: ClassVar[str] = "The log has the details; please report it to the platform's administrators."

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint or self.default_hint

    def failure(self) -> Failure:
        """What the container's termination message says."""
        return _failure(self.exit_code, self.reason, str(self), self.hint)


class BadInput(RunError):
    """The account's files cannot be trained on; another attempt would end alike."""

    exit_code = ExitCode.BAD_INPUT
    reason = Reason.BAD_INPUT
    default_hint = "Correct the files and start a new fine-tuning."


class InvalidVectorizer(BadInput):
    """A vectorizer folder is incomplete, altered or of another format."""

    default_hint = "Choose another starting vectorizer, or restore this one's files."


class OverLimit(RunError):
    """The account's files together exceed a limit of the platform; another attempt would end alike."""

    exit_code = ExitCode.OVER_LIMIT
    reason = Reason.OVER_LIMIT
    default_hint = "Use fewer or smaller files, or ask the platform's administrators to raise the limit."


class StorageError(RunError):
    """Storage failed after its own retries; another attempt may help."""

    exit_code = ExitCode.STORAGE
    reason: ClassVar[str] = Reason.STORAGE_FAILED
    default_hint = "Another attempt may help; if it does not, check that the storage is up and reachable."


class InputChanged(StorageError):
    """A file was changed or deleted between the listing and its download."""

    reason = "InputChanged"
    default_hint = "Leave the files alone while they are read; another attempt reads them anew."


class PeerLost(RunError):
    """Another process of the run is gone, or does not answer; another attempt may help."""

    default_hint = "The log of the process that ended first says why; another attempt may help."


class Stopped(BaseException):
    """The process was asked to stop."""

    def failure(self) -> Failure:
        """What the container's termination message says."""
        hint = "Another attempt goes on from the last checkpoint, or starts anew where there is none."
        return _failure(ExitCode.STOPPED, "Stopped", "The run was asked to stop before it was done.", hint)


def failure_of(error: BaseException) -> Failure:
    """Describe any exception; one that is not ours is an internal error, named by its class."""
    if isinstance(error, RunError | Stopped):
        return error.failure()
    return RunError(f"The trainer failed with an error of its own: {type(error).__name__}.").failure()


def termination_message(failure: Failure) -> bytes:
    """The JSON of `failure`, at most 4,096 bytes, whatever its texts hold."""
    data = failure.model_dump_json(by_alias=True).encode()
    while len(data) > TERMINATION_MESSAGE_BYTES:
        failure = failure.model_copy(
            update={"message": _cut(failure.message, len(failure.message) // 2), "hint": _cut(failure.hint, 200)}
        )
        data = failure.model_dump_json(by_alias=True).encode()
    return data


def _failure(exit_code: ExitCode, reason: str, message: str, hint: str) -> Failure:
    return Failure(
        exit_code=exit_code,
        reason=str(reason),
        message=_cut(message, _MESSAGE_CHARACTERS),
        hint=_cut(hint, _HINT_CHARACTERS),
    )


def _cut(text: str, characters: int) -> str:
    return text if len(text) <= characters else f"{text[: characters - 1]}…"
