"""Several threads at one list of work, which never keep the process from ending."""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Generic, Self, TypeVar

__all__ = ["Crew"]

_FAREWELL = 2.0
"""Seconds that all threads have to notice that it is over. One that waits for a name's address notices nothing."""

_Task = TypeVar("_Task")
_Result = TypeVar("_Result")


class Crew(Generic[_Task, _Result]):
    """Daemon threads, since Ctrl-C would wait for those of concurrent.futures; a context that ends with them."""

    def __init__(
        self, work: Callable[[_Task], _Result], tasks: Sequence[_Task], workers: int, stop: Callable[[], None]
    ) -> None:
        """Takes what to do with each task, and how to end what is under way when the context is left."""
        self._work = work
        self._number = len(tasks)
        self._waiting = deque(tasks)
        self._done: SimpleQueue[tuple[_Task, _Result] | BaseException] = SimpleQueue()
        self._stop = stop
        number = min(workers, self._number)
        self._threads = [threading.Thread(target=self._labour, name="fetch", daemon=True) for _ in range(number)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._waiting.clear()
        self._stop()
        ends = time.monotonic() + _FAREWELL
        for thread in self._threads:
            thread.join(max(ends - time.monotonic(), 0))

    def results(self, pause: float) -> Iterator[tuple[_Task, _Result] | None]:
        """Each task with its result as soon as it is there, and None after each `pause` s without one.

        What the work raises is raised here.
        """
        left = self._number
        while left:
            try:
                result = self._done.get(timeout=pause)
            except Empty:
                yield None
                continue
            if isinstance(result, BaseException):
                raise result
            left -= 1
            yield result

    def _labour(self) -> None:
        while self._waiting:
            try:
                task = self._waiting.popleft()
            except IndexError:  # Another thread was faster.
                return
            try:
                self._done.put((task, self._work(task)))
            except BaseException as error:  # noqa: BLE001 - it is raised where the results are taken
                self._waiting.clear()
                self._done.put(error)
