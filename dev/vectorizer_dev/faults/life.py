"""A full life: files from URLs, a training that fails, another one that succeeds, a vectorizer, and no trace of either.

The operator is the real one; the Pods fit no node, and what runs in them is acted, down to their own credentials.
"""

from collections.abc import Callable
from dataclasses import dataclass

from kubernetes import client
from vectorizer_api.run import Failure, Stage

from vectorizer_dev.acted_run import ActedFetch
from vectorizer_dev.faults.ending import Ending, ending, remains
from vectorizer_dev.tenant import FINE_TUNES, VECTORIZERS, Body, Tenant
from vectorizer_dev.waiting import Value, eventually

PATIENCE = 240.0
"""Seconds that a step of a life may take through the worst of the faults, on a busy machine."""
LOOK_EVERY = 0.25
"""Seconds between two looks: many lives share the machine."""
DIMENSION = 384
_FAILURE = Failure(exit_code=75, reason="StorageFailed", message="The storage does not answer.")


class Stuck(Exception):  # noqa: N818
    """A life does not go on; the message says where, and what its status says."""


@dataclass(frozen=True)
class Lived:
    """What came of a life."""

    published: Ending
    """After the vectorizer was published."""
    deleted: Ending
    """After the vectorizer, with its files, and the fine-tune were deleted."""

    def differences(self, other: "Lived") -> list[str]:
        """In what the other one ended otherwise."""
        after = [f"after the deletion: {found}" for found in self.deleted.differences(other.deleted)]
        return [*self.published.differences(other.published), *after]


def live(tenant: Tenant, name: str) -> Lived:
    """Live the life of a fine-tune of this name.

    Raises Stuck where it does not go on.
    """
    try:
        return _Life(tenant, name).live()
    except (TimeoutError, AssertionError) as error:
        raise Stuck(f"{error}; the status says: {_last_words(tenant, name)}") from error


def _last_words(tenant: Tenant, name: str) -> Body | str:
    try:
        return tenant.status(name)
    except client.ApiException as error:
        return f"{error.status}"


@dataclass(frozen=True)
class _Life:
    tenant: Tenant
    name: str

    def live(self) -> Lived:
        body = self.tenant.ask(self.name, fileUrls=["https://files.example/a.txt"])
        uid = str(body["metadata"]["uid"])
        self._download(uid)
        self._fail(body)
        self._succeed(body)
        _wait(self._is_at_rest)
        published = ending(self.tenant, self.name, uid)
        self._delete(uid)
        return Lived(published, ending(self.tenant, self.name, uid))

    def _download(self, uid: str) -> None:
        self._said("Accepted", "True", "Accepted")
        fetch = ActedFetch.find(self.tenant.api, self.tenant.namespace, uid)
        self._said("Running", "False", "JobCreated")
        fetch.run()
        self._said("Running", "True", "JobRunning")
        fetch.succeed()

    def _fail(self, body: Body) -> None:
        run = self.tenant.run_of(body, 1)
        self._said("Running", "False", "JobCreated")
        run.run()
        self._said("Running", "True", "JobRunning")
        run.say(Stage.TUNING, 30)
        _wait(lambda: self._percent() == 30)
        run.fail(_FAILURE)

    def _succeed(self, body: Body) -> None:
        run = self.tenant.run_of(body, 2)
        self._said("Running", "False", "JobCreated")
        run.run()
        self._said("Running", "True", "JobRunning")
        run.succeed(DIMENSION)
        self._said("Complete", "True", "Improved")

    def _delete(self, uid: str) -> None:
        self.tenant.patch(VECTORIZERS, self.name, {"spec": {"deletionPolicy": "Delete"}})
        _wait(lambda: self._finalizers() == ["vectorizers.dev/delete-artifact"])
        self.tenant.delete(VECTORIZERS, self.name)
        _wait(lambda: not self.tenant.vectorizer(self.name))
        self.tenant.delete(FINE_TUNES, self.name)
        _wait(lambda: not remains(self.tenant, self.name, uid))

    def _said(self, type_: str, status: str, reason: str) -> None:
        """Wait until the operator says so."""
        _wait(lambda: _is(self.tenant.condition(self.name, type_), status, reason))

    def _percent(self) -> float | None:
        found: float | None = self.tenant.status(self.name).get("progress", {}).get("percent")
        return found

    def _finalizers(self) -> list[str]:
        found: list[str] = self.tenant.vectorizer(self.name)["metadata"].get("finalizers", [])
        return found

    def _is_at_rest(self) -> bool:
        """Whether nothing holds the vectorizer any more, which is said after the fine-tune's end."""
        return not self._finalizers()


def _wait(look: Callable[[], Value | None]) -> Value:
    return eventually(look, PATIENCE, LOOK_EVERY)


def _is(condition: Body, status: str, reason: str) -> bool:
    return (condition.get("status"), condition.get("reason")) == (status, reason)
