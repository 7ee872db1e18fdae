"""The work queue: once at a time, once for many events, again after an error."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable

import pytest
from vectorizer_operator.errors import Unavailable
from vectorizer_operator.known import Key
from vectorizer_operator.queue import Queue

A, B = Key("X", "ns", "a"), Key("X", "ns", "b")


class Soon(Unavailable):
    first = 0.001
    longest = 0.002


class Work:
    """Notes what is worked on; holds it up, fails or asks again on demand."""

    def __init__(self) -> None:
        self.done: list[Key] = []
        self.active: Counter[Key] = Counter()
        self.most_at_once: Counter[Key] = Counter()
        self.gate = asyncio.Event()
        self.gate.set()
        self.entered = asyncio.Event()
        self.errors: list[Exception] = []
        self.again: float | None = None

    async def __call__(self, key: Key) -> float | None:
        self.active[key] += 1
        self.most_at_once[key] = max(self.most_at_once[key], self.active[key])
        self.entered.set()
        await self.gate.wait()
        self.active[key] -= 1
        self.done.append(key)
        if self.errors:
            raise self.errors.pop(0)
        again, self.again = self.again, None
        return again


@pytest.fixture
async def work() -> Work:
    return Work()


@pytest.fixture
async def queue(work: Work) -> AsyncIterator[Queue]:
    queue = Queue(work)
    task = asyncio.create_task(queue.run(3))
    yield queue
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event of its own
            await asyncio.sleep(0)


async def test_many_events_before_the_work_are_one_piece_of_work(queue: Queue, work: Work) -> None:
    for _ in range(10):
        queue.add(A)
    queue.add(B)
    await until(lambda: len(queue) == 0)
    assert sorted(work.done) == [A, B]


async def test_an_event_during_the_work_leads_to_one_more_pass_and_never_to_two_at_once(
    queue: Queue, work: Work
) -> None:
    work.gate.clear()
    queue.add(A)
    await work.entered.wait()
    for _ in range(5):
        queue.add(A)
    work.gate.set()
    await until(lambda: len(work.done) == 2 and len(queue) == 0)
    assert work.most_at_once[A] == 1


async def test_a_key_that_is_held_up_does_not_hold_up_others(queue: Queue, work: Work) -> None:
    work.gate.clear()
    queue.add(A)
    await work.entered.wait()
    work.entered.clear()
    queue.add(B)
    await work.entered.wait()
    assert work.active == {A: 1, B: 1}
    work.gate.set()
    await until(lambda: len(queue) == 0)


async def test_the_keys_of_one_namespace_do_not_hold_up_another_one(work: Work) -> None:
    queue = Queue(work)
    flood = [Key("X", "flooding", str(index)) for index in range(100)]
    for key in (*flood, A, B):
        queue.add(key)
    task = asyncio.create_task(queue.run(1))
    await until(lambda: len(work.done) == 102)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert work.done[:5] == [flood[0], A, flood[1], B, flood[2]]
    assert [key for key in work.done if key in flood] == flood


async def test_an_error_is_tried_again_as_its_class_says(queue: Queue, work: Work) -> None:
    work.errors = [Soon("first"), Soon("second")]
    queue.add(A)
    await until(lambda: len(work.done) == 3)


async def test_an_unforeseen_error_ends_neither_the_worker_nor_the_key(
    queue: Queue, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vectorizer_operator.queue.UNEXPECTED_FIRST", 0.001)
    work.errors = [KeyError("nobody thought of this")]
    queue.add(A)
    await until(lambda: len(work.done) == 2)


async def test_what_asks_to_be_looked_at_later_is(queue: Queue, work: Work) -> None:
    work.again = 0.001
    queue.add(A)
    await until(lambda: len(work.done) == 2)


async def test_an_event_comes_before_the_time_that_was_asked_for_and_replaces_it(queue: Queue, work: Work) -> None:
    queue.add_after(A, 3600)
    queue.add(A)
    await until(lambda: work.done == [A] and len(queue) == 0)


def test_the_wait_after_errors_doubles_and_is_bounded() -> None:
    queue = Queue(Work())
    waits = [queue._back_off(A, Unavailable("x")) for _ in range(10)]
    assert waits[:4] == [0.5, 1.0, 2.0, 4.0]
    assert waits[-1] == Unavailable.longest


async def test_it_tells_how_many_wait_and_for_how_long_each_had_waited(work: Work) -> None:
    waits: list[float] = []
    queue = Queue(work, on_taken=waits.append)
    assert (queue.depth, queue.longest_wait) == (0, 0.0)
    queue.add(A)
    queue.add(B)
    assert (queue.depth, queue.active) == (2, 0)
    assert queue.longest_wait > 0
    task = asyncio.create_task(queue.run(1))
    await until(lambda: len(work.done) == 2 and len(queue) == 0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(waits) == 2
    assert waits == sorted(waits)
    assert (queue.depth, queue.active, queue.longest_wait) == (0, 0, 0.0)
