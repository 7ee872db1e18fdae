"""What an account is to be: everything that its objects follow from."""

import ipaddress
from dataclasses import dataclass, field

from vectorizer_api.names import ACCOUNT_LENGTH, batch_bucket, is_account, is_dns_label, models_bucket
from vectorizer_trainer.errors import BadInput

__all__ = ["AccountError", "OperatorIdentity", "People", "StoreReach", "Terms"]

_SERVICE_PARTS = 2


class AccountError(BadInput):
    """The account cannot be made or deleted as it was asked."""

    default_hint = "`vectorizer account create --help` tells of each option."


@dataclass(frozen=True)
class OperatorIdentity:
    """Who the operator is in the cluster: as the chart names it in a release `vectorizer-operator`."""

    service_account: str = "vectorizer-system/vectorizer-operator"
    """namespace/name."""
    role: str = "vectorizer-operator-account"
    """The ClusterRole of what it may do in an account."""

    def check(self) -> None:
        """Raise AccountError where it is no namespace/name."""
        if len(self.service_account.split("/")) != _SERVICE_PARTS or not all(self.service_account.split("/")):
            raise AccountError(f"--operator is namespace/name of a service account, not {self.service_account!r}.")


@dataclass(frozen=True)
class People:
    """Who of the cluster's users belongs to the account, as the API server calls them."""

    users: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    role: str = "vectorizer-account-read-write"
    """The ClusterRole of what they may do there."""


@dataclass(frozen=True)
class StoreReach:
    """How the account's runs reach the object store."""

    endpoint: str
    """host:port, as the operator is told it."""
    cidr: str = ""
    """The addresses of a store outside of the cluster, where they do not follow from the endpoint."""

    @property
    def namespace(self) -> str:
        """The namespace of a store that is a Service of the cluster (`minio.storage.svc:9000`); else empty."""
        labels = self._host.split(".")
        is_service = labels[2:3] == ["svc"] or len(labels) == _SERVICE_PARTS
        return labels[1] if is_service and not self.cidr and is_dns_label(labels[1]) and not self._address else ""

    @property
    def network(self) -> str:
        """Otherwise its addresses; raises AccountError where they are not known."""
        try:
            if self.cidr:
                return str(ipaddress.ip_network(self.cidr))
        except ValueError:
            raise AccountError(f"--s3-cidr is a network such as 10.1.0.0/16, not {self.cidr!r}.") from None
        if not self._address:
            raise AccountError(
                f"Which addresses {self._host} has is not known, and runs reach nothing else.",
                hint="Give them by --s3-cidr, such as 10.1.2.3/32.",
            )
        return str(ipaddress.ip_network(self._address))

    @property
    def port(self) -> int:
        """The port; those of https and http are not told apart where none is given."""
        port = self.endpoint.rpartition(":")[2]
        return int(port) if port.isdigit() else 443

    @property
    def _host(self) -> str:
        host, _, port = self.endpoint.rpartition(":")
        return (host if port.isdigit() and host else self.endpoint).strip("[]")

    @property
    def _address(self) -> str:
        try:
            return str(ipaddress.ip_address(self._host))
        except ValueError:
            return ""


@dataclass(frozen=True)
class Terms:
    """One account."""

    name: str
    """The account id."""
    reach: StoreReach
    namespace: str = ""
    """Empty for the account's name."""
    bucket_prefix: str = ""
    operator: OperatorIdentity = OperatorIdentity()
    people: People = field(default_factory=People)
    max_runs: int | None = None
    """Runs that may be under way at once; None for the platform's default."""
    max_unfinished: int | None = None
    """Fine-tunes that have not ended; None for the platform's default."""
    max_objects: int | None = None
    """Fine-tunes, and as many vectorizers, that the API server keeps for the account; None for any number."""
    storage_bytes: int | None = None
    """The batch bucket's quota; None for none."""

    def check(self) -> None:
        """Raise AccountError where they cannot be met."""
        self.check_names()
        self.operator.check()
        if not self.reach.namespace:
            _ = self.reach.network

    def check_names(self) -> None:
        """Raise AccountError where there can be no such account."""
        if not is_account(self.name):
            raise AccountError(
                f"{self.name!r} is no account id.", hint=f"It is a DNS label of at most {ACCOUNT_LENGTH} characters."
            )
        if self.namespace and not is_dns_label(self.namespace):
            raise AccountError(f"{self.namespace!r} is no name of a namespace.", hint="It is a DNS label.")

    @property
    def place(self) -> str:
        """The account's namespace."""
        return self.namespace or self.name

    @property
    def batch(self) -> str:
        """The bucket that its people upload to."""
        return batch_bucket(self.name, self.bucket_prefix)

    @property
    def models(self) -> str:
        """The bucket with its runs and published vectorizers."""
        return models_bucket(self.name, self.bucket_prefix)

    @property
    def upload_user(self) -> str:
        """Its people's user of the object store; also the name of that user's policy."""
        return f"{self.bucket_prefix}{self.name}-upload"
