"""One request to one address that was checked before.

The standard library's client does what is wanted and nothing beyond: no proxies, no .netrc, no cookies, no redirects,
no decompression; lines and headers are bounded. A library that looks names up by itself would have to be kept from it.
"""

import socket
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException, HTTPResponse
from importlib.metadata import version

from vectorizer_api.fetch import FetchLimits, UrlRules

from vectorizer_trainer.errors import BadInput
from vectorizer_trainer.fetching.addresses import Address
from vectorizer_trainer.fetching.outcomes import BROKEN, FailedForNow, Unreachable
from vectorizer_trainer.fetching.urls import Target
from vectorizer_trainer.fetching.watch import Watch

__all__ = ["Connector", "trusted"]


def trusted(rules: UrlRules) -> ssl.SSLContext:
    """The authorities of the system and those of the platform; raises BadInput where the latter are none."""
    context = ssl.create_default_context()
    if rules.certificates:
        try:
            context.load_verify_locations(cadata=rules.certificates)
        except (ssl.SSLError, ValueError):
            raise BadInput("The certificates of the URL rules are not certificates in PEM.") from None
    return context


class Connector:
    """Opens connections to addresses, and asks there."""

    def __init__(self, tls: ssl.SSLContext, limits: FetchLimits) -> None:
        """Takes whom to trust, and the time for a connection."""
        self._tls = tls
        self._limits = limits

    @contextmanager
    def get(self, target: Target, addresses: Sequence[Address], watch: Watch) -> Iterator[HTTPResponse]:
        """The answer to a GET, its body unread; raises Unreachable and FailedForNow."""
        with self._connected(target, addresses, watch) as connection, watch.over(connection):
            connection.settimeout(self._limits.patience_seconds)
            # The client is given its connection and opens none.
            client = HTTPConnection("given.invalid")
            client.auto_open = 0
            client.sock = connection
            with _answer(client, target) as response:
                yield response

    @contextmanager
    def _connected(self, target: Target, addresses: Sequence[Address], watch: Watch) -> Iterator[socket.socket]:
        with self._first_open(target, addresses, watch) as plain:
            if target.scheme == "http":
                yield plain
                return
            # The name stays what was asked for: it is sent to the server, and its certificate must be for it.
            with self._tls.wrap_socket(
                plain, server_hostname=str(target.host), do_handshake_on_connect=False, suppress_ragged_eofs=False
            ) as secured:
                with watch.over(secured):
                    _shake_hands(secured)
                yield secured

    def _first_open(self, target: Target, addresses: Sequence[Address], watch: Watch) -> socket.socket:
        for address in addresses:
            family = socket.AF_INET if address.version == 4 else socket.AF_INET6
            opened = socket.socket(family, socket.SOCK_STREAM)
            opened.settimeout(self._limits.connect_seconds)
            try:
                with watch.over(opened):
                    opened.connect((str(address), target.port))
            except OSError:
                opened.close()
            except BaseException:
                opened.close()
                raise
            else:
                return opened
        raise Unreachable("its server does not answer")


def _answer(client: HTTPConnection, target: Target) -> HTTPResponse:
    try:
        client.request("GET", target.path, headers=_headers(target))
        return client.getresponse()
    except (OSError, HTTPException, ValueError):
        raise FailedForNow(BROKEN) from None


def _shake_hands(connection: ssl.SSLSocket) -> None:
    try:
        connection.do_handshake()
    except ssl.SSLCertVerificationError as error:
        raise Unreachable(f"its server's certificate is not to be trusted: {error.verify_message}") from None
    except OSError:
        raise Unreachable("its server does not speak TLS as it must") from None


def _headers(target: Target) -> dict[str, str]:
    return {
        "Host": target.host_header,
        "User-Agent": f"vectorizer-operator/{version('vectorizer-operator')}",
        "Accept": "*/*",
        "Accept-Encoding": "identity",
        "Connection": "close",
    }
