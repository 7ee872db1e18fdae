"""What can go wrong. The class of an exception is its retry policy: nothing else decides whether to try again.

```
OperatorError
├── Waiting        the world is not ready: written as Accepted=Unknown, of what is accepted as Running=False; looked at
│                  again on events and at each resync
├── Final          never tried again: the status says why
│   ├── Refused    the request itself: Accepted=False
│   │   └── Unreadable  it does not follow the schema
│   └── RunFailed  the run: Failed=True
├── Retried        tried again by the queue, from `first` seconds, doubling up to `longest`
│   ├── Stale          the object changed under our hands
│   ├── Unavailable    the API server or the object store does not answer
│   └── Denied         the API server answers that it will not: patience, not insistence
├── LeadershipLost another operator may be at work: this process writes nothing more, and ends
├── SettingsError  the operator's own configuration is wrong: it ends, and says why
└── Unfit          the cluster is none that this operator can work on: alike
```
"""

from typing import ClassVar

from vectorizer_api.acceptance import Objection
from vectorizer_api.conditions import Reason
from vectorizer_api.fine_tune import Attempts
from vectorizer_api.run import Failure


class OperatorError(Exception):
    """Any of the errors that the operator knows what to do about."""


class Waiting(OperatorError):  # noqa: N818 - it is a state, not an error, that ends a reconcile
    """Something that the run needs is not there yet; it goes on by itself."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


class Final(OperatorError):  # noqa: N818
    """The end of a fine-tune: trying again would end alike."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


class Refused(Final):
    """The request cannot be granted as it is."""


def objected(objection: Objection) -> Waiting | Refused:
    """The error that an objection to a request is."""
    kind = Refused if objection.is_final else Waiting
    return kind(objection.reason, objection.message)


class Unreadable(Refused):
    """The object was stored under other rules than this operator's."""

    def __init__(self, message: str) -> None:
        super().__init__(Reason.INVALID_SPEC, message)


class RunFailed(Final):
    """The run ended without a result that could be published."""

    def __init__(self, reason: Reason, failure: Failure, tried: Attempts | None = None) -> None:
        super().__init__(reason, failure.message)
        self.failure = failure
        self.tried = tried
        """The attempts, where the last one is counted already."""


class Retried(OperatorError):  # noqa: N818
    """The work is tried again after `first` seconds, then twice as long each time, at most `longest`."""

    first: ClassVar[float]
    longest: ClassVar[float]


class Stale(Retried):
    """The API server has a newer object than the one that was decided on."""

    first = 0.05
    longest = 5.0


class Unavailable(Retried):
    """The API server or the object store did not answer, or answered 5xx or 429."""

    first = 0.5
    longest = 30.0


class Denied(Retried):
    """The API server refused a request for good (403, 400, 422): only a change by a person helps."""

    first = 5.0
    longest = 300.0


class LeadershipLost(OperatorError):  # noqa: N818
    """The process does not lead any more, or cannot show that it does."""


class SettingsError(OperatorError):
    """The operator's own configuration is wrong; the message names the variable or the field."""


class Unfit(OperatorError):  # noqa: N818
    """The cluster is none that this operator can work on; the message says what it lacks and how to mend it."""
