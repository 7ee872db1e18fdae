"""Which addresses may be connected to."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vectorizer_trainer.fetching.addresses import AddressRules

RULES = AddressRules()

PUBLIC = [
    "8.8.8.8",
    "1.1.1.1",
    "93.184.215.14",
    "100.63.255.255",
    "100.128.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "198.17.255.255",
    "223.255.255.255",
    "2606:2800:21f:cb07:6820:80da:af6b:8b2c",
    "2a00:1450:4001:800::200e",
    "2001:200::1",
    "3ffe::1",
]

FORBIDDEN = {
    "this network": ["0.0.0.0", "0.1.2.3"],
    "private": ["10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.0.1"],
    "loopback": ["127.0.0.1", "127.255.255.254", "::1"],
    "unspecified": ["::"],
    "link-local": ["169.254.0.1", "fe80::1", "febf::1"],
    "a carrier's": ["100.64.0.1", "100.127.255.255"],
    "site-local": ["fec0::1"],
    "unique local": ["fc00::1", "fdff::1"],
    "multicast": ["224.0.0.1", "239.255.255.255", "ff02::1", "ff0e::1"],
    "documentation": ["192.0.2.1", "198.51.100.1", "203.0.113.1", "2001:db8::1", "3fff::1"],
    "benchmarks": ["198.18.0.1", "198.19.255.255", "2001:2::1"],
    "reserved": ["240.0.0.1", "255.255.255.255", "192.0.0.1", "4000::1", "5f00::1", "e000::1"],
    "IPv4-mapped": ["::ffff:8.8.8.8", "::ffff:127.0.0.1", "::ffff:169.254.169.254"],
    "IPv4-translated": ["::ffff:0:127.0.0.1"],
    "IPv4-compatible": ["::127.0.0.1", "::8.8.8.8", "::a9fe:a9fe"],
    "NAT64": ["64:ff9b::127.0.0.1", "64:ff9b::8.8.8.8", "64:ff9b:1::10.0.0.1"],
    "6to4": ["2002:7f00:1::", "2002:a9fe:a9fe::1", "192.88.99.1"],
    "Teredo": ["2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2"],
    "ISATAP": ["2606:2800::5efe:127.0.0.1", "2606:2800::200:5efe:10.0.0.1"],
    "ORCHID": ["2001:10::1", "2001:20::1"],
    "discarded": ["100::1", "100:0:0:1::1"],
    "metadata of a cloud": [
        "169.254.169.254",
        "169.254.170.2",
        "168.63.129.16",
        "100.100.100.200",
        "192.0.0.192",
        "fd00:ec2::254",
        "fd20:ce::254",
    ],
}


@pytest.mark.parametrize("address", PUBLIC)
def test_an_address_of_the_internet_is_permitted(address: str) -> None:
    assert RULES.permit(ip_address(address))


@pytest.mark.parametrize(
    "address", [pytest.param(one, id=f"{kind}: {one}") for kind, ones in FORBIDDEN.items() for one in ones]
)
def test_any_other_is_not(address: str) -> None:
    assert not RULES.permit(ip_address(address))


@given(st.integers(0, 2**32 - 1).map(IPv4Address) | st.integers(0, 2**128 - 1).map(IPv6Address))
def test_nothing_is_permitted_that_the_standard_library_calls_special(address: IPv4Address | IPv6Address) -> None:
    if RULES.permit(address):
        assert address.is_global
        assert not address.is_multicast
        assert not address.is_reserved


class TestThePlatform:
    ALLOWING = AddressRules(allowed=(ip_network("10.0.0.0/8"), ip_network("fd00::/8"), ip_network("0.0.0.0/0")))

    def test_can_allow_a_network_of_its_own(self) -> None:
        assert self.ALLOWING.permit(ip_address("10.1.2.3"))
        assert self.ALLOWING.permit(ip_address("fd12::1"))

    @pytest.mark.parametrize("address", FORBIDDEN["metadata of a cloud"])
    def test_cannot_allow_metadata_addresses(self, address: str) -> None:
        assert not self.ALLOWING.permit(ip_address(address))

    @pytest.mark.parametrize("address", ["::ffff:10.1.2.3", "::10.1.2.3", "64:ff9b::10.1.2.3"])
    def test_does_not_allow_another_spelling_of_what_it_allows(self, address: str) -> None:
        assert not self.ALLOWING.permit(ip_address(address))

    def test_can_deny_what_is_public_and_what_it_allows(self) -> None:
        rules = AddressRules(
            allowed=(ip_network("10.0.0.0/8"),), denied=(ip_network("10.96.0.0/12"), ip_network("8.8.8.8/32"))
        )
        assert rules.permit(ip_address("10.1.0.1"))
        assert not rules.permit(ip_address("10.96.0.1"))
        assert not rules.permit(ip_address("8.8.8.8"))
