"""Ends the download of a file that takes too long or hardly moves, whatever its server makes the reader wait for.

Time limits of a socket are for one read: a byte now and then, in the middle of a header or of a chunk's length, holds
them off for ever. So a thread beside the reader looks at what arrived, and cuts the connection.
"""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Self

from vectorizer_api.fetch import FetchLimits

from vectorizer_trainer.fetching.outcomes import Failed, NotFetched

__all__ = ["Watch", "Watches"]


class Watch:
    """Watches over the download of one file; a context that ends with it."""

    def __init__(self, limits: FetchLimits) -> None:
        """Takes the time for all of it, and the least pace."""
        self._limits = limits
        self._ends = time.monotonic() + limits.max_seconds
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._verdict: NotFetched | None = None
        self._received = 0
        self._cut = threading.Event()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, name="fetch-watch", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    @contextmanager
    def over(self, connection: socket.socket) -> Iterator[None]:
        """Cut this connection when it is time; raises the reason where it was."""
        with self._lock:
            self._raise_verdict()
            self._socket = connection
        try:
            yield
        finally:
            with self._lock:
                self._socket = None
                self._raise_verdict()

    def received(self, number: int) -> None:
        """So many bytes of the file arrived."""
        self._received += number

    def pause(self, seconds: float) -> None:
        """Wait between two connections; raises the reason where it is time to end."""
        self._cut.wait(seconds)
        with self._lock:
            self._raise_verdict()

    def cut(self, verdict: NotFetched) -> None:
        """End the download, for this reason if it is the first."""
        with self._lock:
            self._verdict = self._verdict or verdict
            self._cut.set()
            if self._socket is not None:
                # The plain socket's: that of TLS would forget, in the midst of another thread's read, what it speaks.
                with suppress(OSError):
                    socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def _raise_verdict(self) -> None:
        if self._verdict is not None:
            raise self._verdict

    def _look(self) -> None:
        before = 0
        while not self._over.wait(min(self._limits.patience_seconds, max(self._ends - time.monotonic(), 0))):
            if time.monotonic() >= self._ends:
                self.cut(Failed(f"it took longer than {self._limits.max_seconds:,g} s"))
                return
            if self._received - before < self._limits.min_bytes_per_second * self._limits.patience_seconds:
                self.cut(Failed(f"its server sent less than {self._limits.min_bytes_per_second:,} bytes a second"))
                return
            before = self._received


class Watches:
    """The watches of the downloads that are under way, which may have to end together."""

    def __init__(self, limits: FetchLimits) -> None:
        """Takes the limits of each."""
        self._limits = limits
        self._lock = threading.Lock()
        self._active: set[Watch] = set()
        self._verdict: NotFetched | None = None

    @contextmanager
    def one(self) -> Iterator[Watch]:
        """A watch over one more download."""
        with Watch(self._limits) as watch:
            with self._lock:
                if self._verdict is not None:
                    raise self._verdict
                self._active.add(watch)
            try:
                yield watch
            finally:
                with self._lock:
                    self._active.discard(watch)

    def cut_all(self, verdict: NotFetched) -> None:
        """End all downloads, and those that would begin later."""
        with self._lock:
            self._verdict = verdict
            for watch in self._active:
                watch.cut(verdict)
