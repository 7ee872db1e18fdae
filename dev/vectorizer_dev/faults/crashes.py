"""The operator is killed just before one of its writes is sent, or just after the server took it and before it hears.

Random kills miss most of these moments: so every write of a life has its two plans (Sieve, OSDI'22).
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum

from vectorizer_dev.faults.intermediary import Answer, Call, Forward, HungUp, whole
from vectorizer_dev.faults.lane import KeptOperator, Lane
from vectorizer_dev.faults.ledger import Ledger
from vectorizer_dev.faults.writes import Count, Write, name_of

_LEVEL = "PATCH vectorizerfinetunes/status"
_STEPS = {
    "credentials": re.compile(r"AssumeRole|(POST|DELETE) secrets"),
    "copies": re.compile(r"(COPY|PUT) vectorizers/"),
}


class Moment(StrEnum):
    """When the operator dies."""

    BEFORE = "before"
    """The server never sees the write."""
    AFTER = "after"
    """The server has answered, and nobody hears it."""


@dataclass(frozen=True)
class CrashPlan:
    """One kill in one life."""

    at: Write
    moment: Moment

    @property
    def name(self) -> str:
        """For people."""
        return f"killed {self.moment} {self.at}"

    @contextmanager
    def inflicted(self, lane: Lane, ledger: Ledger) -> Iterator["Crash"]:
        """The fault, until the context is left."""
        crash = Crash(self, lane.operator)
        with lane.treated(ledger.over(crash)):
            yield crash


@dataclass
class Crash:
    """The treatment that carries out a plan."""

    plan: CrashPlan
    operator: KeptOperator
    happened: bool = False
    """Whether the write came."""
    _count: Count = field(default_factory=Count)

    def objections(self, repeated: Counter[str]) -> list[str]:
        """What was done again though it need not: all but one write, each time that it was done.

        A Secret is never read, so after a crash its credentials are minted anew; what a publication copied is copied
        again. Each of these counts as one. How often a status mirrors the same run depends on the moment.
        """
        again = Counter({name: count for name, count in repeated.items() if not name.startswith(_LEVEL)})
        often = [f"{name} was done {count} times more" for name, count in again.items() if count > 1]
        steps = {_step_of(name) for name in again}
        return often if len(steps) <= 1 else [*often, f"more than one write was done again: {', '.join(sorted(again))}"]

    async def __call__(self, call: Call, forward: Forward) -> Answer:
        """See Treatment."""
        name = name_of(call)
        if name is None or self._count.next(name) != self.plan.at:
            return await forward(call)
        self.happened = True
        if self.plan.moment is Moment.AFTER:
            await whole(await forward(call))
        self.operator.kill()
        raise HungUp


def _step_of(name: str) -> str:
    return next((step for step, names in _STEPS.items() if names.match(name)), name)


def crash_plans(writes: Sequence[Write]) -> list[CrashPlan]:
    """Two for each of these writes."""
    return [CrashPlan(write, moment) for write in writes for moment in Moment]
