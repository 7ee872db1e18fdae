"""What a URL may look like. Nothing here asks the network: what is refused here is refused in the same words always."""

import re
import unicodedata
from dataclasses import dataclass
from urllib.parse import quote, unquote_to_bytes, urljoin, urlsplit

from vectorizer_api.fetch import UrlRules
from vectorizer_api.names import URLS_FILE

from vectorizer_trainer.fetching.hosts import Host, is_local_name, read_host
from vectorizer_trainer.fetching.outcomes import Failed, Refused
from vectorizer_trainer.store import key_problem

__all__ = ["Target", "file_name", "read_url", "redirected", "without_query", "without_secrets"]

_LONGEST = 2048
_LONGEST_NAME = 255
"""Bytes of a file name, on any disk."""

_DEFAULT_PORTS = {"https": 443, "http": 80}
_AUTHORITY = re.compile(r"(?P<host>\[[^\[\]@]*\]|[^\[\]@:%]+)(:(?P<port>[0-9]{1,5}))?")
_USER = re.compile(r"^((?:[a-z][a-z0-9+.-]*:)?[/\\]*)[^/]*@", re.IGNORECASE)
_HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp", "Zs"})
"""Characters that readers of URLs drop, trim or disagree on; a person does not see them."""
_KEPT = "/%:@!$&'()*+,;=~"
"""Characters of a path that are sent as they are."""


@dataclass(frozen=True)
class Target:
    """A URL that was looked at: what is connected to, and what is asked for there."""

    scheme: str
    host: Host
    port: int
    path: str
    """With the query, in ASCII."""

    @property
    def host_header(self) -> str:
        """The host as the server is told it, with a port that is not its scheme's."""
        name = f"[{self.host}]" if ":" in str(self.host) else str(self.host)
        return name if self.port == _DEFAULT_PORTS[self.scheme] else f"{name}:{self.port}"

    def __repr__(self) -> str:
        """Without path and query, which may be a secret."""
        return f"Target({self.scheme}://{self.host_header})"


def read_url(url: str, rules: UrlRules) -> Target:
    """Take a URL apart; raises Refused where a rule is against it."""
    if len(url) > _LONGEST:
        raise Refused(f"it is longer than {_LONGEST:,} characters")
    if "\\" in url or any(unicodedata.category(character) in _HIDDEN_CATEGORIES for character in url):
        raise Refused("it holds a backslash, white space or an invisible character")
    try:
        parts = urlsplit(url)
    except ValueError:
        raise Refused("it is not a URL such as https://host/path/file.jpg") from None
    if parts.scheme not in rules.schemes:
        raise Refused(f"its scheme is not {' or '.join(rules.schemes)}")
    host, port = _read_authority(parts.netloc, _DEFAULT_PORTS[parts.scheme])
    if port not in rules.ports:
        raise Refused(f"its port is not {' or '.join(str(allowed) for allowed in rules.ports)}")
    if isinstance(host, str) and is_local_name(host) and not rules.allowed_networks:
        raise Refused("its host is a name of a local network")
    query = f"?{quote(parts.query, safe=_KEPT + '?')}" if parts.query else ""
    return Target(parts.scheme, host, port, (quote(parts.path, safe=_KEPT) or "/") + query)


def file_name(url: str) -> str:
    """The name of a URL's file: its percent-decoded last path segment in NFC; raises Refused where that is none."""
    segment = without_query(url).partition("://")[2].rpartition("/")
    try:
        name = unicodedata.normalize("NFC", unquote_to_bytes(segment[2]).decode())
    except UnicodeError:
        raise Refused("its file name is not UTF-8") from None
    if not segment[0] or not name:
        raise Refused("its path does not end with a file name")
    if "/" in name or "\\" in name:
        raise Refused("its file name holds a slash")
    if problem := key_problem(name):
        raise Refused(f"its file name cannot be used: {problem}")
    if len(name.encode()) > _LONGEST_NAME:
        raise Refused(f"its file name is longer than {_LONGEST_NAME} bytes")
    if name.startswith("."):
        raise Refused("its file name starts with a dot")
    if name == URLS_FILE:
        raise Refused("a list of URLs is read from the folder, not from a URL")
    return name


def redirected(url: str, location: str) -> str:
    """Where a redirect leads, by the header of an answer; raises Failed where that cannot be told."""
    if not location:
        raise Failed("its server redirects to nowhere")
    try:
        # A header's bytes are read as Latin-1, and are UTF-8 where they are more than ASCII.
        return urljoin(url, location.encode("latin-1").decode())
    except ValueError:
        raise Failed("its server redirects to what is not a URL") from None


def without_query(url: str) -> str:
    """A URL as it may be shown and stored: a query may hold a signature, a fragment may hold anything."""
    return re.split("[?#]", url, maxsplit=1)[0].encode(errors="backslashreplace").decode()


def without_secrets(url: str) -> str:
    """A URL as it may be shown to others: also without what stands for a user name and a password."""
    return _USER.sub(r"\1", without_query(url))


def _read_authority(authority: str, default_port: int) -> tuple[Host, int]:
    if "@" in authority:
        raise Refused("it holds a user name or password")
    match = _AUTHORITY.fullmatch(authority)
    if match is None:
        raise Refused("it names no host")
    return read_host(match["host"]), int(match["port"] or default_port)
