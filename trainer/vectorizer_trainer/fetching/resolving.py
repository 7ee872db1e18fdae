"""From a name to its addresses: asked once for each connection, so that what was checked is what is connected to."""

import socket
from collections.abc import Callable, Sequence
from ipaddress import ip_address

from vectorizer_trainer.errors import StorageError
from vectorizer_trainer.fetching.addresses import Address, AddressRules
from vectorizer_trainer.fetching.hosts import Host
from vectorizer_trainer.fetching.outcomes import ForbiddenAddress, Unreachable

__all__ = ["Resolver", "addresses_near", "ask_system", "permitted_addresses"]

Resolver = Callable[[str], Sequence[Address]]
"""The addresses of a name, the preferred ones first; raises OSError where it has none."""


def ask_system(name: str) -> list[Address]:
    """Ask the system's resolver.

    The closing dot asks for exactly this name: without it, a name of the resolver's own network that begins like it
    would come first. A name that only this machine knows has no such form.
    """
    try:
        return _ask(f"{name}.")
    except OSError:
        return _ask(name)


def addresses_near(host: str) -> list[Address]:
    """The addresses of a host that the platform named, perhaps by its name in the network here; raises StorageError."""
    try:
        return _ask(host)
    except OSError:
        raise StorageError(f"The storage's host {host} has no address here.") from None


def permitted_addresses(host: Host, resolve: Resolver, rules: AddressRules) -> Sequence[Address]:
    """The addresses of a host, all of which may be connected to.

    Raises:
        ForbiddenAddress: where one of them may not: who mixes them means no good, or does not know of it.
        Unreachable: where there is none.

    """
    addresses = _addresses(host, resolve)
    if not all(rules.permit(address) for address in addresses):
        raise ForbiddenAddress("its host leads to an address that is not a public one")
    return addresses


def _ask(name: str) -> list[Address]:
    found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    return [ip_address(str(place[0])) for *_, place in found]


def _addresses(host: Host, resolve: Resolver) -> Sequence[Address]:
    if not isinstance(host, str):
        return [host]
    try:
        addresses = resolve(host)
    except (OSError, UnicodeError):
        addresses = []
    if not addresses:
        raise Unreachable("its host has no address: is the name right, and is this machine online?")
    return addresses
