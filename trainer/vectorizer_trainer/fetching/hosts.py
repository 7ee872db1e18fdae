"""What stands for a host in a URL: a name, or an address in its one canonical spelling."""

import re
from ipaddress import IPv4Address, IPv6Address

import idna

from vectorizer_trainer.fetching.addresses import Address
from vectorizer_trainer.fetching.outcomes import Refused

__all__ = ["Host", "is_local_name", "read_host"]

Host = Address | str
"""An address, or a name in lower-case ASCII."""

_LONGEST_NAME = 253
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
"""A last label that browsers, inet_aton and curl read as a part of an IPv4 address."""

_LOCAL_DOMAINS = frozenset(
    {"corp", "home", "internal", "intranet", "lan", "local", "localdomain", "localhost", "onion", "private", "svc"}
)
"""Top-level names that are reserved for local networks (RFC 6761, RFC 6762, ICANN's .internal), or are used so."""
_LOCAL_SUFFIXES = (".home.arpa", ".in-addr.arpa", ".ip6.arpa")


def read_host(text: str) -> Host:
    """The host that `text` names, between `//` and the port; raises Refused where it is none, or is in disguise."""
    if text.startswith("["):
        return _read_ipv6(text.removeprefix("[").removesuffix("]"))
    name = _in_ascii(text).removesuffix(".")
    labels = name.split(".")
    if _NUMBER.fullmatch(labels[-1]):
        return _read_ipv4(text)
    if len(name) > _LONGEST_NAME or not all(_LABEL.fullmatch(label) for label in labels):
        raise Refused("its host is not a name that can exist")
    return name


def is_local_name(name: str) -> bool:
    """Whether a name can only lead to a network of one's own."""
    *above, last = name.split(".")
    return not above or last in _LOCAL_DOMAINS or f".{name}".endswith(_LOCAL_SUFFIXES)


def _read_ipv6(text: str) -> IPv6Address:
    try:
        address = IPv6Address(text)
    except ValueError:
        raise Refused("its host is not an IPv6 address") from None
    if address.scope_id is not None:
        raise Refused("its host names a network card of a machine")
    return address


def _read_ipv4(text: str) -> IPv4Address:
    """Digits in any other spelling than a.b.c.d could mean another address to who opens the connection."""
    try:
        return IPv4Address(text)
    except ValueError:
        raise Refused("its host is a number; write an address as four numbers from 0 to 255") from None


def _in_ascii(text: str) -> str:
    if text.isascii():
        return text.lower()
    try:
        # As browsers do: full-width digits and other forms become the characters that they stand for.
        return idna.encode(text, uts46=True).decode().lower()
    except idna.IDNAError:
        raise Refused("its host is not a name that can exist") from None
