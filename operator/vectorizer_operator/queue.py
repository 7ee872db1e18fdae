"""A keyed work queue: a key waits at most once, is worked on by one worker at a time, and comes back after an error.

Namespaces take turns: however many keys of one wait, a key of another waits for one key of each namespace at most.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable

from vectorizer_operator.errors import Retried, Stale
from vectorizer_operator.known import Key

log = logging.getLogger(__name__)

UNEXPECTED_FIRST, UNEXPECTED_LONGEST = 1.0, 120.0
"""Back-off after an error that nobody foresaw, in seconds."""

Work = Callable[[Key], Awaitable[float | None]]
"""Works on a key; the answer is after how many seconds to look again, or None for not before something happens."""


class Queue:
    """Keys to be worked on, with a back-off for each."""

    def __init__(
        self,
        work: Work,
        on_error: Callable[[Key, Exception], None] = lambda _key, _error: None,
        on_taken: Callable[[float], None] = lambda _waited: None,
    ) -> None:
        """`on_error` hears of each error, `on_taken` of the seconds that a key had waited for its worker."""
        self._work = work
        self._on_error = on_error
        self._on_taken = on_taken
        self._ready: dict[str, deque[Key]] = {}
        """What waits of each namespace; the one that comes next is the first."""
        self._waiting: dict[Key, float] = {}
        self._active: set[Key] = set()
        self._again: set[Key] = set()
        self._timers: dict[Key, asyncio.TimerHandle] = {}
        self._failures: dict[Key, int] = {}
        self._wake = asyncio.Event()

    def __len__(self) -> int:
        return self.depth + self.active

    @property
    def depth(self) -> int:
        """How many keys wait for a worker."""
        return len(self._waiting)

    @property
    def active(self) -> int:
        """How many keys are being worked on."""
        return len(self._active)

    @property
    def longest_wait(self) -> float:
        """For how many seconds the key that waits the longest has waited; 0 where none does."""
        return time.monotonic() - next(iter(self._waiting.values())) if self._waiting else 0.0

    def add(self, key: Key) -> None:
        """Work on the key soon. A key that is being worked on is worked on once more afterwards."""
        if (timer := self._timers.pop(key, None)) is not None:
            timer.cancel()
        if key in self._active:
            self._again.add(key)
        elif key not in self._waiting:
            self._waiting[key] = time.monotonic()
            self._ready.setdefault(key.namespace, deque()).append(key)
            self._wake.set()

    def add_after(self, key: Key, seconds: float) -> None:
        """Work on the key after a while, or earlier where something happens before."""
        if (timer := self._timers.pop(key, None)) is not None:
            timer.cancel()
        self._timers[key] = asyncio.get_running_loop().call_later(seconds, self.add, key)

    async def run(self, workers: int) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as group:
            for _ in range(workers):
                group.create_task(self._worker())

    async def _worker(self) -> None:
        while True:
            key = await self._next()
            try:
                await self._once(key)
            finally:
                self._active.discard(key)
                if key in self._again:
                    self._again.discard(key)
                    self.add(key)

    async def _next(self) -> Key:
        while not self._ready:
            self._wake.clear()
            await self._wake.wait()
        key = self._take()
        self._on_taken(time.monotonic() - self._waiting.pop(key))
        self._active.add(key)
        return key

    def _take(self) -> Key:
        """The key that came first of the namespace whose turn it is; that namespace goes to the end."""
        namespace = next(iter(self._ready))
        keys = self._ready.pop(namespace)
        key = keys.popleft()
        if keys:
            self._ready[namespace] = keys
        return key

    async def _once(self, key: Key) -> None:
        try:
            again = await self._work(key)
        except Exception as error:  # noqa: BLE001 - one object's trouble must not end the work on the others
            self._on_error(key, error)
            self.add_after(key, self._back_off(key, error))
            return
        self._failures.pop(key, None)
        if again is not None:
            self.add_after(key, again)

    def _back_off(self, key: Key, error: Exception) -> float:
        failures = self._failures[key] = self._failures.get(key, 0) + 1
        if isinstance(error, Retried):
            first, longest = error.first, error.longest
            level = logging.DEBUG if isinstance(error, Stale) else logging.WARNING
            log.log(level, "%s: %s", "/".join(key), error)
        else:
            first, longest = UNEXPECTED_FIRST, UNEXPECTED_LONGEST
            log.error("%s", "/".join(key), exc_info=error)
        return float(min(longest, first * 2 ** min(failures - 1, 20)))
