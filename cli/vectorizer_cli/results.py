"""`vectorizer logs`, `report`, `download`: what runs left in the account's bucket, read as the account's own user."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from vectorizer_cli.completion import complete_fine_tune, complete_name
from vectorizer_cli.login import StoreLogin
from vectorizer_cli.options import (
    BucketPrefix,
    Context,
    Namespace,
    S3AccessKey,
    S3Endpoint,
    S3Scheme,
    S3SecretKey,
)
from vectorizer_cli.sentences import errors_as_sentences

if TYPE_CHECKING:
    from vectorizer_cli.tenant import Tenant

app = typer.Typer()

VectorizerName = Annotated[
    str,
    typer.Argument(metavar="NAME", help="A vectorizer, or the fine-tune that made it.", autocompletion=complete_name),
]


@app.command()
def logs(
    name: Annotated[
        str, typer.Argument(metavar="FINE-TUNE", help="Its metadata.name.", autocompletion=complete_fine_tune)
    ],
    *,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until the fine-tune has ended.")] = False,
    attempt: Annotated[int, typer.Option(min=0, help="Which attempt; 0 is the last one.")] = 0,
    namespace: Namespace = "",
    context: Context = "",
    s3_endpoint: S3Endpoint = "",
    s3_access_key: S3AccessKey = "",
    s3_secret_key: S3SecretKey = "",
    s3_scheme: S3Scheme = "https",
    bucket_prefix: BucketPrefix = "",
) -> None:
    """Print the log of a run; it outlasts the run's pod.

    A run copies its log to the account's bucket every ten seconds; it stays there for 30 days.
    """
    console = Console(stderr=True)
    with errors_as_sentences(console, "The fine-tune goes on."):
        from vectorizer_cli.following import watched
        from vectorizer_cli.lookup import fine_tune_named
        from vectorizer_cli.run_log import RunLog
        from vectorizer_cli.showing_log import follow_log, show_log
        from vectorizer_cli.tenant import Tenant

        login = StoreLogin(s3_endpoint, s3_access_key, s3_secret_key, s3_scheme, bucket_prefix)
        login.check()
        tenant = Tenant(namespace, context)
        fine_tune = fine_tune_named(tenant, name)
        store, bucket = login.connect(), _bucket(tenant, login)

        def open_log(number: int) -> RunLog:
            return RunLog(store, bucket, fine_tune.metadata.uid, number)

        if follow:
            follow_log(watched(tenant, fine_tune), open_log, sys.stdout.buffer, console)
        else:
            show_log(fine_tune, attempt, open_log, sys.stdout.buffer)


@app.command()
def report(
    name: VectorizerName,
    out: Annotated[Path | None, typer.Option(help="Where to write the page; by default a temporary file.")] = None,
    namespace: Namespace = "",
    context: Context = "",
    s3_endpoint: S3Endpoint = "",
    s3_access_key: S3AccessKey = "",
    s3_secret_key: S3SecretKey = "",
    s3_scheme: S3Scheme = "https",
    bucket_prefix: BucketPrefix = "",
) -> None:
    """Open the report on a fine-tuning in a browser, and print where the page is."""
    with errors_as_sentences(Console(stderr=True), "No report was opened."):
        from vectorizer_cli.lookup import vectorizer_named
        from vectorizer_cli.published import Published
        from vectorizer_cli.showing_report import open_in_browser, write_report
        from vectorizer_cli.tenant import Tenant

        login = StoreLogin(s3_endpoint, s3_access_key, s3_secret_key, s3_scheme, bucket_prefix)
        login.check()
        tenant = Tenant(namespace, context)
        found = vectorizer_named(tenant, name)
        page = write_report(Published.open(found, login.connect(), _bucket(tenant, login)), out)
        typer.echo(page)
        open_in_browser(page)


@app.command()
def download(
    name: VectorizerName,
    out: Annotated[Path, typer.Option(help="The folder to write: new or empty.")],
    namespace: Namespace = "",
    context: Context = "",
    s3_endpoint: S3Endpoint = "",
    s3_access_key: S3AccessKey = "",
    s3_secret_key: S3SecretKey = "",
    s3_scheme: S3Scheme = "https",
    bucket_prefix: BucketPrefix = "",
) -> None:
    """Bring a vectorizer to this machine, with its report; every file is verified.

    The folder is as `vectorizer train` writes one. Each file must have the digest that the operator published, and the
    folder appears whole or not at all.
    """
    console = Console(stderr=True)
    with errors_as_sentences(console, f"Nothing was written to {out}."):
        from vectorizer_cli.downloading import download_vectorizer
        from vectorizer_cli.lookup import vectorizer_named
        from vectorizer_cli.new_folder import check_out
        from vectorizer_cli.published import Published
        from vectorizer_cli.tenant import Tenant

        login = StoreLogin(s3_endpoint, s3_access_key, s3_secret_key, s3_scheme, bucket_prefix)
        login.check()
        check_out(out)
        tenant = Tenant(namespace, context)
        found = vectorizer_named(tenant, name)
        download_vectorizer(Published.open(found, login.connect(), _bucket(tenant, login)), out, console)


def _bucket(tenant: "Tenant", login: StoreLogin) -> str:
    from vectorizer_api.names import models_bucket

    return models_bucket(tenant.account, login.bucket_prefix)
