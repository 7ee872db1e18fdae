"""A server of files on this machine, and the rules by which requests may download from it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path

from vectorizer_api.fetch import UrlRules

from vectorizer_dev.certificates import CertificateAuthority
from vectorizer_dev.site import Site, file, server_context

ADDRESS = "127.0.0.2"
"""An address of this machine alone, other than that of the object store."""


@dataclass(frozen=True)
class Downloads:
    """The server and the rules."""

    site: Site
    rules: UrlRules

    def serve(self, path: str, body: bytes) -> str:
        """Serve a file; the answer is its URL."""
        self.site.answers[path] = file(body)
        return self.site.url(path, ADDRESS)


@contextmanager
def open_downloads(folder: Path) -> Iterator[Downloads]:
    """Serve until the block ends; its certificates are made in `folder`."""
    authority = CertificateAuthority(folder)
    site = Site(ADDRESS, server_context(authority.server("files", [], [ADDRESS])))
    rules = UrlRules(
        ports=(443, site.port),
        allowed_networks=(ip_network(f"{ADDRESS}/32"),),
        certificates=authority.certificate_file.read_text(),
    )
    try:
        yield Downloads(site, rules)
    finally:
        site.close()
