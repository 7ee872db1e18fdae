"""The servers themselves are killed and started again, for everybody who talks to them: no other life meanwhile."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from vectorizer_dev.component import Component
from vectorizer_dev.faults.intermediary import Answer, Call, Forward
from vectorizer_dev.faults.lane import Lane
from vectorizer_dev.faults.ledger import Ledger
from vectorizer_dev.faults.views import Met
from vectorizer_dev.faults.writes import name_of


@dataclass(frozen=True)
class RestartPlan:
    """SIGKILL for a server when the operator asks for a write the first time, and the same server again."""

    server: Component
    at: str

    @property
    def name(self) -> str:
        """For people."""
        return f"{self.server.name} killed and started again at {self.at}"

    @contextmanager
    def inflicted(self, lane: Lane, ledger: Ledger) -> Iterator[Met]:
        """The fault, until the context is left."""
        met = Met()

        async def treat(call: Call, forward: Forward) -> Answer:
            if not met.happened and name_of(call) == self.at:
                met.happened = True
                self.server.restart(signal.SIGKILL)
            return await forward(call)

        with lane.treated(ledger.over(treat)):
            yield met


def restart_plans(api_server: Component, store: Component) -> list[RestartPlan]:
    """Both servers, while an attempt is started and while the result is published."""
    return [
        RestartPlan(api_server, "POST jobs t1"),
        RestartPlan(api_server, "POST customvectorizers"),
        RestartPlan(store, "AssumeRole"),
        RestartPlan(store, "PUT vectorizers/UID/manifest.json"),
    ]
