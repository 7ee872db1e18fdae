"""Options that mean the same to several commands."""

from enum import StrEnum
from typing import Annotated

import typer

__all__ = [
    "BucketPrefix",
    "Context",
    "Format",
    "Namespace",
    "Output",
    "S3AccessKey",
    "S3Endpoint",
    "S3Scheme",
    "S3SecretKey",
]


class Format(StrEnum):
    """How an answer is printed."""

    TEXT = "text"
    JSON = "json"
    YAML = "yaml"


Output = Annotated[Format, typer.Option("--output", "-o", help="text for people, json or yaml for programs.")]
Namespace = Annotated[
    str, typer.Option("--namespace", "-n", help="The account's namespace; by default kubectl's current one.")
]
Context = Annotated[str, typer.Option(help="The context of kubectl's configuration; by default its current one.")]
S3Endpoint = Annotated[
    str, typer.Option(envvar="VECTORIZER_S3_ENDPOINT", help="host:port of the object store with the account's buckets.")
]
S3AccessKey = Annotated[
    str, typer.Option(envvar="VECTORIZER_S3_ACCESS_KEY", help="The account's own user of the object store.")
]
S3SecretKey = Annotated[str, typer.Option(envvar="VECTORIZER_S3_SECRET_KEY", help="Its password.")]
S3Scheme = Annotated[str, typer.Option(envvar="VECTORIZER_S3_SCHEME", help="https or http.")]
BucketPrefix = Annotated[str, typer.Option(envvar="VECTORIZER_BUCKET_PREFIX", help="As the operator's.")]
