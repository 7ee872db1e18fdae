"""The contract of a fetch: what the Job that downloads `fileUrls` is told, and what it leaves for the train Job."""

from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network
from typing import Literal

from pydantic import Field, TypeAdapter

from vectorizer_api.content import ContentType
from vectorizer_api.model import ApiModel, StoredModel
from vectorizer_api.run import Limits, S3Endpoint


class UrlRules(ApiModel):
    """What the platform allows a URL beyond https on port 443 of a public address, and what it denies beside the rest.

    Without a word of the platform nothing is allowed beyond that. An unknown field is refused: a rule that is misspelt
    must not be a rule that is missing.
    """

    schemes: tuple[Literal["https", "http"], ...] = ("https",)
    """schemes that a URL may have."""
    ports: tuple[int, ...] = (443,)
    """ports that a URL may lead to, said or by its scheme."""
    allowed_networks: tuple[IPv4Network | IPv6Network, ...] = ()
    """allowedNetworks are CIDRs of servers on the premises: not public, and allowed nevertheless. A cloud's metadata
    addresses stay refused."""
    denied_networks: tuple[IPv4Network | IPv6Network, ...] = ()
    """deniedNetworks are CIDRs that are refused even where they are public or allowed, such as those of the cluster."""
    certificates: str = ""
    """certificates of authorities (PEM) that are trusted beside those of the system."""


class FetchLimits(StoredModel):
    """Limits of the download of one URL; those of a file and of all files together are in Limits."""

    max_urls: int = Field(default=10_000, ge=0)
    """maxUrls bounds the URLs of the request and of file_urls.json together."""
    max_redirects: int = Field(default=3, ge=0)
    """maxRedirects bounds the redirects that are followed, each checked as the URL was."""
    max_seconds: float = Field(default=1800, gt=0)
    """maxSeconds bounds the download of one file, redirects included."""
    connect_seconds: float = Field(default=10, gt=0)
    """connectSeconds bounds a connection to one address."""
    patience_seconds: float = Field(default=30, gt=0)
    """patienceSeconds is the span in which at least minBytesPerSecond must arrive, again and again."""
    min_bytes_per_second: int = Field(default=1024, ge=0)
    """minBytesPerSecond is the pace below which a server is given up."""
    retry_pauses: tuple[float, ...] = (1, 5)
    """retryPauses are the seconds before each further try where a server was busy or a connection broke; all tries
    together have maxSeconds."""
    downloads: int = Field(default=8, ge=1)
    """downloads at once; so many files of maxObjectBytes must have room on the disk."""


class FetchDescription(StoredModel):
    """`run.json` of a fetch: everything that it is told. It holds no secret."""

    run_uid: str
    """runUid is the UID of the fine-tune."""
    fine_tune: str
    """fineTune is the object's name."""
    content_type: ContentType
    """contentType is the kind of the files: another one is not kept."""
    s3: S3Endpoint | None = None
    """s3 serves the `s3://` locations; absent where every location is a folder. No URL may lead to it."""
    urls: tuple[str, ...] = ()
    """urls are those of the request."""
    url_list: str | None = None
    """urlList is the URL of the folder whose file_urls.json lists more, where it is there; absent where only the
    request lists URLs."""
    output: str
    """output is the URL that is staged under: files/, fetch-report.json, progress.json and log.txt."""
    rules: UrlRules = UrlRules()
    """rules are the platform's."""
    limits: Limits = Limits()
    """limits of a file and of all together, as for a run."""
    fetch_limits: FetchLimits = FetchLimits()
    """fetchLimits are the platform's."""


class FetchOutcome(StrEnum):
    """What became of a URL."""

    FETCHED = "fetched"
    REFUSED = "refused"
    """By a rule, before any connection."""
    FAILED = "failed"


class FetchedUrl(StoredModel):
    """What became of one URL."""

    url: str
    """url is the URL without its query, which may hold a signature."""
    outcome: FetchOutcome
    """outcome is fetched, refused or failed."""
    reason: str = ""
    """reason says why it was not fetched, or that it had been before."""


FetchReport = TypeAdapter(list[FetchedUrl])
"""`fetch-report.json`: a row for each URL, in the order in which they were listed."""
