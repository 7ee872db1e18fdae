"""Which addresses a URL may lead to: those of the public internet, and those that the platform allows beside them.

The ranges are those of the IANA special-purpose address registries (RFC 6890 and its successors). They are written out,
since `ipaddress.is_global` means another thing in each version of Python. Everything is refused that is not known to be
an ordinary address of one machine on the internet: of IPv6, that is all outside 2000::/3 to begin with, and with it
`::1`, IPv4-mapped and IPv4-compatible addresses, NAT64, unique local, link-local and multicast ones.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network

__all__ = ["Address", "AddressRules", "Network"]

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


def _networks(*texts: str) -> tuple[Network, ...]:
    return tuple(ip_network(text) for text in texts)


METADATA = _networks(
    "169.254.169.254/32",  # most clouds
    "169.254.170.2/32",  # credentials of a container of ECS
    "169.254.170.23/32",  # credentials of a pod of EKS
    "100.100.100.200/32",  # Alibaba Cloud
    "168.63.129.16/32",  # Azure, an address that looks public
    "192.0.0.192/32",  # Oracle Cloud
    "fd00:ec2::254/128",
    "fd00:ec2::23/128",
    "fd20:ce::254/128",  # Google Cloud
)
"""Where clouds give a machine its credentials: refused whatever is allowed."""

_GLOBAL_IPV6 = IPv6Network("2000::/3")

_NOT_GLOBAL = _networks(
    "0.0.0.0/8",  # this network
    "10.0.0.0/8",  # private
    "100.64.0.0/10",  # shared by the customers of a carrier
    "127.0.0.0/8",  # loopback
    "169.254.0.0/16",  # link-local
    "172.16.0.0/12",  # private
    "192.0.0.0/24",  # protocol assignments
    "192.0.2.0/24",  # documentation
    "192.31.196.0/24",  # AS112
    "192.52.193.0/24",  # AMT
    "192.88.99.0/24",  # 6to4 relays
    "192.168.0.0/16",  # private
    "192.175.48.0/24",  # AS112
    "198.18.0.0/15",  # benchmarks
    "198.51.100.0/24",  # documentation
    "203.0.113.0/24",  # documentation
    "224.0.0.0/4",  # multicast
    "240.0.0.0/4",  # reserved, and broadcast
    "2001::/23",  # protocol assignments: Teredo, benchmarks, ORCHID, AMT, drone identities
    "2001:db8::/32",  # documentation
    "2002::/16",  # 6to4
    "2620:4f:8000::/48",  # AS112
    "3fff::/20",  # documentation
)

_ISATAP = (0x00005EFE, 0x02005EFE)
"""The upper half of an interface identifier that carries an IPv4 address (RFC 5214)."""


@dataclass(frozen=True)
class AddressRules:
    """What the platform allows and denies beside the rule."""

    allowed: tuple[Network, ...] = ()
    """Not public, and allowed nevertheless."""
    denied: tuple[Network, ...] = ()
    """Refused even where public or allowed."""

    def permit(self, address: Address) -> bool:
        """Whether a connection may be made to `address`."""
        if _within(address, (*METADATA, *self.denied)):
            return False
        return _within(address, self.allowed) or _is_public(address)


def _is_public(address: Address) -> bool:
    """Whether it is an ordinary address of one machine on the internet."""
    if isinstance(address, IPv6Address) and (address not in _GLOBAL_IPV6 or _carries_ipv4(address)):
        return False
    return not _within(address, _NOT_GLOBAL)


def _carries_ipv4(address: IPv6Address) -> bool:
    return int(address) >> 32 & 0xFFFFFFFF in _ISATAP


def _within(address: Address, networks: Iterable[Network]) -> bool:
    return any(address.version == network.version and address in network for network in networks)
