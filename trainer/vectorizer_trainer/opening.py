"""Opening a vectorizer wherever it is: a folder of this machine, or a prefix of a bucket."""

import os
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

from vectorizer_api.run import VectorizerSource

from vectorizer_trainer import vectorizer
from vectorizer_trainer.errors import BadInput
from vectorizer_trainer.sources import bring
from vectorizer_trainer.store import S3Store, open_store
from vectorizer_trainer.vectorizer import Vectorizer
from vectorizer_trainer.wording import quoted

__all__ = ["load_vectorizer"]


def load_vectorizer(location: str | Path) -> Vectorizer:
    """Opens a folder, `file:///folder/` or `s3://bucket/prefix/`; raises InvalidVectorizer, BadInput or StorageError.

    A bucket is reached as by any S3 client: AWS_ENDPOINT_URL (http:// or https://), AWS_ACCESS_KEY_ID,
    AWS_SECRET_ACCESS_KEY, and where needed AWS_SESSION_TOKEN and AWS_REGION. Of its keys only those are read that
    vectorizer.json names, each held against its digest; no copy stays.
    """
    url = urlsplit(str(location))
    if url.scheme not in ("file", "s3"):
        return vectorizer.load_vectorizer(location)
    with tempfile.TemporaryDirectory(prefix="vectorizer-") as scratch:
        prefix = f"{url.path.strip('/')}/" if url.path.strip("/") else ""
        store = _bucket(url.netloc, prefix) if url.scheme == "s3" else open_store(str(location))
        source = VectorizerSource(name=str(location), location=str(location))
        return vectorizer.load_vectorizer(bring(source, store, Path(scratch) / "vectorizer"))


def _bucket(bucket: str, prefix: str) -> S3Store:
    from minio import Minio
    from minio.credentials.providers import EnvAWSProvider

    endpoint = urlsplit(_required("AWS_ENDPOINT_URL"))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        _required(name)
    if endpoint.scheme not in ("http", "https") or not endpoint.netloc:
        raise BadInput("AWS_ENDPOINT_URL is not an address.", hint="It is like https://host:port.")
    client = Minio(
        endpoint.netloc,
        credentials=EnvAWSProvider(),
        secure=endpoint.scheme == "https",
        region=os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1",
    )
    return S3Store(client, bucket, prefix)


def _required(name: str) -> str:
    value = os.environ.get(name, "")
    if not value:
        raise BadInput(
            f"A vectorizer at s3:// is asked for, and the environment does not say {quoted(name)}.",
            hint="Set AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
        )
    return value
