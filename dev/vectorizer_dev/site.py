"""A server that answers as a test tells it to, also as no server should: what files are fetched from."""

import socket
import ssl
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from vectorizer_dev.certificates import KeyPair

Answer = Callable[[socket.socket], None]
"""Writes to the connection what it likes."""


def answer(status: str = "200 OK", headers: Sequence[str] = (), body: bytes = b"") -> Answer:
    """An answer with exactly these headers."""
    data = "\r\n".join([f"HTTP/1.1 {status}", *headers, "", ""]).encode("latin-1") + body

    return lambda connection: connection.sendall(data)


def file(body: bytes) -> Answer:
    """A file as servers should send it."""
    return answer(headers=[f"Content-Length: {len(body)}", "Content-Type: text/plain"], body=body)


@dataclass
class Site:
    """A server that answers each path as it was told to, and remembers what it was asked."""

    address: str
    tls: ssl.SSLContext | None
    answers: dict[str, Answer] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    """The heads of the requests."""
    silent: bool = False
    """Whether to accept connections and say nothing, not even in TLS."""

    def __post_init__(self) -> None:
        self._open: list[socket.socket] = []
        self._listener = socket.create_server((self.address, 0), backlog=64)
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """Where it listens."""
        port: int = self._listener.getsockname()[1]
        return port

    def url(self, path: str, host: str = "files.test") -> str:
        """A URL of this server, under a name that a resolver of the test's leads here."""
        return f"https://{host}:{self.port}{path}"

    @property
    def was_reached(self) -> bool:
        """Whether there was any connection, be it without a request."""
        return bool(self._open)

    def close(self) -> None:
        """Listen no longer, and hang up."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()
        for connection in self._open:
            connection.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(connection)
            if not self.silent:
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, plain: socket.socket) -> None:
        # A client that hangs up, and a test that is over, are no matter of the server's.
        with suppress(OSError, ValueError):
            connection = self.tls.wrap_socket(plain, server_side=True) if self.tls else plain
            self._open.append(connection)
            with connection:
                head = b""
                while b"\r\n\r\n" not in head:
                    received = connection.recv(4096)
                    if not received:
                        return
                    head += received
                self.requests.append(head.decode("latin-1"))
                path = head.split()[1].decode().partition("?")[0]
                self.answers.get(path, answer("404 Not Found", ["Content-Length: 0"]))(connection)
                if isinstance(connection, ssl.SSLSocket):
                    connection.unwrap()


def server_context(pair: KeyPair) -> ssl.SSLContext:
    """TLS with this certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.certificate, pair.key)
    return context
