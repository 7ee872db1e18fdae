"""Servers on loopback addresses, a certificate authority and a resolver of the tests' own.

What the product is told is what a platform may tell it: the network that is allowed, the ports, the authority to trust.
Of the loopback network one address alone is allowed, so that the others stand for what must not be reached.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest
from vectorizer_api.content import ContentType
from vectorizer_api.fetch import FetchLimits, UrlRules
from vectorizer_api.run import Limits
from vectorizer_dev.certificates import CertificateAuthority, KeyPair
from vectorizer_dev.site import Site, server_context
from vectorizer_trainer.fetching import Fetched, Fetcher, Place
from vectorizer_trainer.fetching.addresses import Address
from vectorizer_trainer.store import FolderStore

ALLOWED, FORBIDDEN = "127.0.0.2", "127.0.0.3"
"""Where servers of the tests are."""


class Names:
    """A resolver: each name has a list of answers, of which the last one stays."""

    def __init__(self, answers: Mapping[str, Sequence[Sequence[str]]]) -> None:
        self.answers = {name: list(lists) for name, lists in answers.items()}
        self.asked: list[str] = []

    def __call__(self, name: str) -> list[Address]:
        self.asked.append(name)
        if name not in self.answers:
            raise OSError("no such name")
        lists = self.answers[name]
        return [ip_address(text) for text in (lists.pop(0) if len(lists) > 1 else lists[0])]


@pytest.fixture(autouse=True)
def no_authorities_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """What this machine trusts is no matter of the tests, and takes longer to load than all the rest of most."""
    monkeypatch.setenv("SSL_CERT_FILE", os.devnull)
    monkeypatch.setenv("SSL_CERT_DIR", os.devnull)


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> CertificateAuthority:
    return CertificateAuthority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def certificate(authority: CertificateAuthority) -> KeyPair:
    return authority.server("files", ["files.test", "other.test", "dünen.test".encode("idna").decode()], [ALLOWED])


@pytest.fixture
def open_site(certificate: KeyPair) -> Iterator[Callable[..., Site]]:
    """Opens a server at an address; by default with the certificate of files.test."""
    opened: list[Site] = []

    def open_one(address: str = ALLOWED, *, pair: KeyPair = certificate, plain: bool = False) -> Site:
        opened.append(Site(address, None if plain else server_context(pair)))
        return opened[-1]

    yield open_one
    for site in opened:
        site.close()


@pytest.fixture
def site(open_site: Callable[..., Site]) -> Site:
    return open_site()


@pytest.fixture
def names() -> Names:
    return Names(
        {
            "files.test": [[ALLOWED]],
            "other.test": [[ALLOWED]],
            "stranger.test": [[ALLOWED]],
            "xn--dnen-0ra.test": [[ALLOWED]],
            "forbidden.test": [[FORBIDDEN]],
            "private.test": [["10.0.0.7"]],
            "metadata.test": [["169.254.169.254"]],
        }
    )


@dataclass
class Fetching:
    """What a test downloads with."""

    folder: Path
    rules: UrlRules
    names: Names
    limits: Limits
    fetch_limits: FetchLimits
    observed: list[tuple[int, int, int]] = field(default_factory=list)

    def fetch(self, *urls: str, content_type: ContentType | None = ContentType.TEXT) -> Fetched:
        scratch = self.folder / "scratch"
        scratch.mkdir(exist_ok=True)
        self.out.mkdir(exist_ok=True)
        fetcher = Fetcher(self.rules, self.limits, self.fetch_limits, self.names)
        place = Place(FolderStore(self.out), scratch)
        fetched = fetcher.fetch(urls, content_type, place, lambda *done: self.observed.append(done))
        assert list(scratch.iterdir()) == []
        return fetched

    @property
    def out(self) -> Path:
        return self.folder / "out"

    def files(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in self.out.iterdir()}


@pytest.fixture
def fetching(tmp_path: Path, site: Site, names: Names, authority: CertificateAuthority) -> Fetching:
    rules = UrlRules(
        ports=(443, site.port),
        allowed_networks=(ip_network(f"{ALLOWED}/32"),),
        certificates=authority.certificate_file.read_text(),
    )
    limits = Limits(max_object_bytes=1024**2, max_total_bytes=8 * 1024**2)
    return Fetching(tmp_path, rules, names, limits, FetchLimits(connect_seconds=5, retry_pauses=()))
