"""What the operator asked the servers to write during one life, and what they took."""

from collections import Counter
from dataclasses import dataclass, field

from vectorizer_dev.faults.intermediary import Answer, Call, Forward, Treatment, whole
from vectorizer_dev.faults.writes import Count, Write, name_of

_REFUSED = 300
_CREATED_ONCE = ("POST jobs ", "POST customvectorizers")


@dataclass
class Ledger:
    """Every write of a life."""

    asked: list[Write] = field(default_factory=list)
    """In the order in which it came."""
    taken: Counter[str] = field(default_factory=Counter)
    """How often each write was done."""
    _count: Count = field(default_factory=Count)

    def over(self, treatment: Treatment) -> Treatment:
        """The same treatment, with everything written down."""

        async def treat(call: Call, forward: Forward) -> Answer:
            if (name := name_of(call)) is None:
                return await treatment(call, forward)
            self.asked.append(self._count.next(name))
            return await treatment(call, lambda passed: self._noted(name, passed, forward))

        return treat

    def doubled(self) -> list[str]:
        """The Jobs and vectorizers that were created more than once."""
        return [name for name, count in self.taken.items() if name.startswith(_CREATED_ONCE) and count > 1]

    def repeated(self, usual: "Ledger") -> Counter[str]:
        """How often each write was done beyond what is usual."""
        return self.taken - usual.taken

    async def _noted(self, name: str, call: Call, forward: Forward) -> Answer:
        answer = await whole(await forward(call))
        if answer.status < _REFUSED:
            self.taken[name] += 1
        return answer
