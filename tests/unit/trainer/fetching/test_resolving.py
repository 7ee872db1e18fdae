"""From a name to its addresses."""

import socket
from ipaddress import ip_address
from typing import Any

import pytest
from vectorizer_trainer.fetching.addresses import AddressRules
from vectorizer_trainer.fetching.outcomes import ForbiddenAddress, Unreachable
from vectorizer_trainer.fetching.resolving import ask_system, permitted_addresses

PUBLIC = ip_address("8.8.8.8")


class System:
    """Stands for the system's resolver, which the tests must not depend on."""

    def __init__(self, known: dict[str, list[str]]) -> None:
        self.known = known
        self.asked: list[str] = []

    def __call__(self, name: str, _port: None, **_kind: Any) -> list[Any]:
        self.asked.append(name)
        if name not in self.known:
            raise socket.gaierror("unknown")
        return [(None, None, None, "", (address, 0)) for address in self.known[name]]


def test_the_name_itself_comes_before_one_of_the_resolver_s_own_network(monkeypatch: pytest.MonkeyPatch) -> None:
    system = System({"example.com.": ["8.8.8.8"], "example.com": ["10.0.0.1"]})
    monkeypatch.setattr(socket, "getaddrinfo", system)
    assert ask_system("example.com") == [PUBLIC]
    assert system.asked == ["example.com."]


def test_a_name_that_this_machine_alone_knows_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", System({"files.test": ["10.0.0.1"]}))
    assert ask_system("files.test") == [ip_address("10.0.0.1")]


def test_an_address_is_asked_nobody_for() -> None:
    def nobody(_name: str) -> list[Any]:
        raise AssertionError

    assert permitted_addresses(PUBLIC, nobody, AddressRules()) == [PUBLIC]
    with pytest.raises(ForbiddenAddress):
        permitted_addresses(ip_address("10.0.0.1"), nobody, AddressRules())


@pytest.mark.parametrize("others", [["10.0.0.1"], ["::1"], ["169.254.169.254"]])
def test_one_forbidden_address_is_enough(others: list[str]) -> None:
    addresses = [PUBLIC, *map(ip_address, others)]
    with pytest.raises(ForbiddenAddress):
        permitted_addresses("example.com", lambda _name: addresses, AddressRules())


@pytest.mark.parametrize("error", [OSError("no"), UnicodeError("label too long")])
def test_a_name_without_an_address_is_unreachable(error: Exception) -> None:
    def fail(_name: str) -> list[Any]:
        raise error

    with pytest.raises(Unreachable):
        permitted_addresses("example.com", fail, AddressRules())
    with pytest.raises(Unreachable):
        permitted_addresses("example.com", lambda _name: [], AddressRules())
