"""The account's own user of the object store."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vectorizer_trainer.errors import BadInput

if TYPE_CHECKING:
    from minio import Minio

__all__ = ["StoreLogin"]

_REGION = "us-east-1"


@dataclass(frozen=True)
class StoreLogin:
    """Where the account's buckets are, and as whom."""

    endpoint: str
    """host:port; empty where none was given."""
    access_key: str
    secret_key: str = field(repr=False)
    scheme: str
    """https or http."""
    bucket_prefix: str

    def check(self) -> None:
        """Raise BadInput where nobody said where the account's files are, or as whom to read them."""
        said = {"ENDPOINT": self.endpoint, "ACCESS_KEY": self.access_key, "SECRET_KEY": self.secret_key}
        if missing := [f"VECTORIZER_S3_{name}" for name, value in said.items() if not value]:
            raise BadInput(
                "The account's files are in its object store, and who may read them there is not said.",
                hint=f"Set {', '.join(missing)} to what `vectorizer account create` printed, or give the options.",
            )
        if self.scheme not in {"https", "http"}:
            raise BadInput(f"--s3-scheme is https or http, not {self.scheme!r}.", hint="Correct the option.")

    def connect(self) -> "Minio":
        """A client of the store; nothing is asked yet."""
        from minio import Minio
        from urllib3 import PoolManager, Retry, Timeout

        return Minio(
            self.endpoint,
            access_key=self.access_key,
            secret_key=self.secret_key,
            secure=self.scheme == "https",
            region=_REGION,
            # The store has its own patience.
            http_client=PoolManager(timeout=Timeout(connect=5, read=60), retries=Retry(total=False)),
        )
