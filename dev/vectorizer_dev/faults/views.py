"""What the operator sees comes late, twice, out of order, old, in part or never; or whom it asks does not answer."""

import asyncio
import itertools
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from multidict import CIMultiDict

from vectorizer_dev.faults.intermediary import (
    Answer,
    Call,
    Forward,
    HungUp,
    Service,
    Treatment,
    answered,
    body_of,
)
from vectorizer_dev.faults.lane import Lane
from vectorizer_dev.faults.ledger import Ledger
from vectorizer_dev.faults.writes import name_of

LATE_SECONDS = 2.0
"""How late an event is, and how long one waits for another to overtake it."""
OUTAGE_SECONDS = 8.0
"""How long a server is away."""
SLOW_SECONDS = 0.7
"""How long an object store that is slow takes for each call."""
RECOVERY_SECONDS = 70.0
"""After so long at the latest an operator sees again, whose watch is silently frozen."""
_EVERY = 4
"""Each so many-th call meets a fault that is not there all the time."""

_SELDOM = 10
"""The same for the API server, of which much more is asked."""
_SLOW_DOWN = b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"

Events = AsyncIterator[bytes]


@dataclass
class Met:
    """A fault at work, and what was seen of it."""

    happened: bool = False
    """Whether the operator met it."""
    told: list[str] = field(default_factory=list)
    """What the operator did otherwise than it should."""

    def objections(self, _repeated: Counter[str]) -> list[str]:
        """See Inflicted; an operator may have been started again, and asked again, any number of times."""
        return self.told


Fault = Callable[[Met], Treatment]


@dataclass(frozen=True)
class ViewPlan:
    """A fault that lasts for a whole life, or begins with one of its writes."""

    name: str
    fault: Fault
    environment: Mapping[str, str] = field(default_factory=dict)
    """What the operator is told beside the usual, from a start of its own on."""

    @contextmanager
    def inflicted(self, lane: Lane, ledger: Ledger) -> Iterator[Met]:
        """The fault, until the context is left."""
        met = Met()
        with lane.treated(ledger.over(self.fault(met))), lane.operator.told(self.environment):
            # A watch that is open already is not treated: so the operator begins anew.
            lane.operator.kill()
            yield met
        lane.operator.kill()


def view_plans() -> list[ViewPlan]:
    """Every fault of what is seen."""
    streams: dict[str, Callable[[Met, Events], Events]] = {
        "every other event of a watch dropped": _every_other_dropped,
        "no event of a watch delivered": _none_delivered,
        f"every event {LATE_SECONDS:.0f} s late": _late,
        "every event twice": _doubled,
        "events overtaken by the next one": _overtaken,
        "a watch that falls silent": _silent,
        "a watch that is cut after each third event": _cut,
    }
    api, store = Service.API, Service.STORE
    return [
        *(ViewPlan(name, _on_watches(change)) for name, change in streams.items()),
        ViewPlan("every watch frozen, at the pace of a usual operator", _frozen, _USUAL_PACE),
        ViewPlan("a list from before the newer one", _old_lists),
        ViewPlan("410 Gone told in every other watch", _gone_watches),
        *(ViewPlan(f"the API server answers {code} for a while", _refusing(code)) for code in _CODES),
        *(
            ViewPlan(f"the API server answers {code} to each {_SELDOM}th call", _stumbling(code))
            for code in (429, 500, 503)
        ),
        *(ViewPlan(f"the API server away from {at}", _away(api, at)) for at in _API_OUTAGES),
        *(ViewPlan(f"the object store away from {at}", _away(store, at)) for at in _STORE_OUTAGES),
        ViewPlan(f"the object store answers 503 to each {_EVERY}th call", _refused),
        ViewPlan(f"the object store takes {SLOW_SECONDS} s for each call", _slow),
        ViewPlan(f"each {_EVERY}th answer of the object store cut in the middle", _cut_answers),
        ViewPlan(f"each {_EVERY}th object cut in the middle on its way to the store", _cut_uploads),
    ]


_USUAL_PACE = {
    "VECTORIZER_RESYNC_INTERVAL": "60",
    "VECTORIZER_WATCH_GRACE": "30",
    "VECTORIZER_WATCH_INACTIVITY": "70",
}
_CODES = (401, 410, 429, 500, 503)
_BUSY = (429, 500, 503)
_API_OUTAGES = ("POST jobs f1", "PATCH jobs t1", "DELETE secrets t1", "POST customvectorizers")
_STORE_OUTAGES = (
    "PUT requests/NAME",
    "AssumeRole",
    "COPY vectorizers/UID/model/vectorizer.json",
    "PUT vectorizers/UID/manifest.json",
    "POST delete objects",
)


def _on_watches(change: Callable[[Met, Events], Events]) -> Fault:
    def fault(met: Met) -> Treatment:
        async def treat(call: Call, forward: Forward) -> Answer:
            answer = await forward(call)
            if not call.watches or answer.status != 200:
                return answer
            return Answer(answer.status, answer.headers, change(met, _lines(answer.chunks)))

        return treat

    return fault


async def _lines(chunks: AsyncIterator[bytes]) -> Events:
    """The events of a watch, one JSON document a line."""
    rest = b""
    async for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield line + b"\n"


async def _every_other_dropped(met: Met, events: Events) -> Events:
    number = 0
    async for event in events:
        number += 1
        if number % 2:
            yield event
        else:
            met.happened = True


async def _none_delivered(met: Met, events: Events) -> Events:
    async for _ in events:
        met.happened = True
        yield b""


async def _late(met: Met, events: Events) -> Events:
    """Each as late as the others: they come in their order."""
    queue: asyncio.Queue[tuple[float, bytes] | None] = asyncio.Queue()

    async def read() -> None:
        async for event in events:
            await queue.put((time.monotonic() + LATE_SECONDS, event))
        await queue.put(None)

    reading = asyncio.create_task(read())
    try:
        while (due := await queue.get()) is not None:
            await asyncio.sleep(max(0.0, due[0] - time.monotonic()))
            met.happened = True
            yield due[1]
    finally:
        reading.cancel()


async def _doubled(met: Met, events: Events) -> Events:
    async for event in events:
        met.happened = True
        yield event + event


async def _overtaken(met: Met, events: Events) -> Events:
    """Two at a time, in the wrong order; one that no other follows for a while comes alone."""
    coming = events.__aiter__()
    following = asyncio.ensure_future(anext(coming, None))
    try:
        while (event := await following) is not None:
            following = asyncio.ensure_future(anext(coming, None))
            done, _ = await asyncio.wait([following], timeout=LATE_SECONDS)
            if done and (after := following.result()) is not None:
                met.happened = True
                yield after
                following = asyncio.ensure_future(anext(coming, None))
            yield event
    finally:
        following.cancel()


async def _silent(met: Met, events: Events) -> Events:
    """Open, and nothing more after two events."""
    number = 0
    async for event in events:
        number += 1
        if number > 2:
            met.happened = True
        else:
            yield event


async def _cut(met: Met, events: Events) -> Events:
    number = 0
    async for event in events:
        number += 1
        if number > 2:
            met.happened = True
            yield event[: len(event) // 2]
            raise HungUp
        yield event


def _frozen(met: Met) -> Treatment:
    """Every watch that is open when a Job was created stays open, and nothing more comes of it."""
    since: list[float] = []

    async def swallowed(events: Events) -> Events:
        opened_before = not since
        async for event in events:
            if since and opened_before:
                met.happened = True
            else:
                yield event

    async def treat(call: Call, forward: Forward) -> Answer:
        name = name_of(call) or ""
        if since and name.endswith("JobRunning 1"):
            took = time.monotonic() - since.pop()
            since.append(time.monotonic())
            if took > RECOVERY_SECONDS:
                met.told.append(f"it saw after {took:.0f} s that the run had begun")
        answer = await forward(call)
        if name.endswith("JobCreated 1") and not since:
            since.append(time.monotonic())
        return Answer(answer.status, answer.headers, swallowed(_lines(answer.chunks))) if call.watches else answer

    return treat


def _old_lists(met: Met) -> Treatment:
    """Every second list of a kind is the one from before, as an API server with an old cache gives it."""
    last: dict[str, tuple[bytes, CIMultiDict[str]]] = {}
    fresh: dict[str, bool] = {}

    async def treat(call: Call, forward: Forward) -> Answer:
        answer = await forward(call)
        if not _lists(call) or answer.status != 200:
            return answer
        place = f"{call.target} {call.headers.get('Accept')}"
        old, body = last.get(place), await body_of(answer)
        fresh[place] = not fresh.get(place, False)
        if fresh[place] or old is None:
            last[place] = body, answer.headers
            return answered(answer.status, body, answer.headers)
        met.happened = met.happened or old[0] != body
        return answered(answer.status, old[0], old[1])

    return treat


def _lists(call: Call) -> bool:
    """Whether a collection is read: with a limit the operator asks, without one its watcher."""
    return call.service is Service.API and call.method == "GET" and not call.watches and _is_collection(call.path)


def _is_collection(path: str) -> bool:
    parts = path.strip("/").split("/")
    if parts[0] == "api":
        parts = ["apis", "core", *parts[1:]]
    inside = parts[3:]
    return len(inside) == 1 or (len(inside) == 3 and inside[0] == "namespaces")


def _gone_watches(met: Met) -> Treatment:
    """An event of the type ERROR, as the API server ends a watch that asks for what it has forgotten."""
    opened: dict[str, int] = {}
    status = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Expired", "code": 410}
    event = json.dumps({"type": "ERROR", "object": {**status, "message": "too old resource version"}}).encode() + b"\n"

    async def treat(call: Call, forward: Forward) -> Answer:
        if call.watches:
            opened[call.path] = opened.get(call.path, 0) + 1
            if opened[call.path] % 2:
                met.happened = True
                return answered(200, event, CIMultiDict({"Content-Type": "application/json"}))
        return await forward(call)

    return treat


def _refused(met: Met) -> Treatment:
    number = 0

    async def treat(call: Call, forward: Forward) -> Answer:
        nonlocal number
        number += call.service is Service.STORE
        if call.service is not Service.STORE or number % _EVERY:
            return await forward(call)
        met.happened = True
        return _refusal(Service.STORE, 503)

    return treat


def _refusing(code: int) -> Fault:
    """To everything, after it has cut the watches."""

    async def refuse() -> Answer:
        return _refusal(Service.API, code)

    return _for_a_while(Service.API, "POST jobs t1", refuse)


def _stumbling(code: int) -> Fault:
    def fault(met: Met) -> Treatment:
        numbers = itertools.count(1)

        async def treat(call: Call, forward: Forward) -> Answer:
            if call.service is not Service.API or next(numbers) % _SELDOM:
                return await forward(call)
            met.happened = True
            return _refusal(Service.API, code)

        return treat

    return fault


def _refusal(service: Service, code: int) -> Answer:
    headers = CIMultiDict({"Retry-After": "1"})
    if service is Service.STORE:
        headers["Content-Type"] = "application/xml"
        return answered(code, _SLOW_DOWN, headers)
    headers["Content-Type"] = "application/json"
    status = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": f"a fault: {code}", "code": code}
    return answered(code, json.dumps(status).encode(), headers)


def _away(service: Service, at: str) -> Fault:
    async def hang_up() -> Answer:
        raise HungUp

    return _for_a_while(service, at, hang_up)


def _for_a_while(service: Service, at: str, instead: Callable[[], Awaitable[Answer]]) -> Fault:
    """From the first time that the service is asked for this write on; what streams then is cut."""

    def fault(met: Met) -> Treatment:
        until = 0.0

        async def treat(call: Call, forward: Forward) -> Answer:
            nonlocal until
            if not met.happened and name_of(call) == at:
                met.happened, until = True, time.monotonic() + OUTAGE_SECONDS
            if call.service is service and time.monotonic() < until:
                return await instead()
            answer = await forward(call)
            return Answer(answer.status, answer.headers, while_there(answer.chunks)) if call.watches else answer

        async def while_there(events: Events) -> Events:
            async for event in events:
                if service is Service.API and time.monotonic() < until:
                    raise HungUp
                yield event

        return treat

    return fault


def _slow(met: Met) -> Treatment:
    async def treat(call: Call, forward: Forward) -> Answer:
        if call.service is Service.STORE:
            met.happened = True
            await asyncio.sleep(SLOW_SECONDS)
        return await forward(call)

    return treat


def _cut_answers(met: Met) -> Treatment:
    number = 0

    async def treat(call: Call, forward: Forward) -> Answer:
        nonlocal number
        answer = await forward(call)
        if call.service is not Service.STORE or call.method != "GET":
            return answer
        number += 1
        if number % _EVERY:
            return answer
        met.happened = True
        return Answer(answer.status, answer.headers, _half(answer))

    return treat


async def _half(answer: Answer) -> AsyncIterator[bytes]:
    body = await body_of(answer)
    yield body[: len(body) // 2]
    raise HungUp


def _cut_uploads(met: Met) -> Treatment:
    """What has arrived of it goes on, and then the connection ends: the store must not take half for the whole."""
    number = 0

    async def treat(call: Call, forward: Forward) -> Answer:
        nonlocal number
        number += call.service is Service.STORE and call.method == "PUT"
        if call.service is not Service.STORE or call.method != "PUT" or not call.body or number % 2:
            return await forward(call)
        met.happened = True
        await forward(replace(call, body=call.body[: len(call.body) // 2]))
        raise HungUp

    return treat
