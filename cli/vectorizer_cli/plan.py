"""`vectorizer plan`: what a request would come to, before anything runs."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from vectorizer_cli.login import StoreLogin
from vectorizer_cli.options import (
    BucketPrefix,
    Format,
    Namespace,
    Output,
    S3AccessKey,
    S3Endpoint,
    S3Scheme,
    S3SecretKey,
)
from vectorizer_cli.sentences import errors_as_sentences

app = typer.Typer()


@app.command("plan")
def plan(
    request: Annotated[
        Path, typer.Argument(metavar="FILE", help="A VectorizerFineTune as for kubectl, or a request JSON.")
    ],
    data: Annotated[
        Path | None,
        typer.Option(help="The folder of this machine whose files would be trained on, as by `vectorizer train`."),
    ] = None,
    vectorizers: Annotated[
        Path | None, typer.Option(help="With --data: the folder in which the vectorizers that it names are looked up.")
    ] = None,
    namespace: Namespace = "",
    s3_endpoint: S3Endpoint = "",
    s3_access_key: S3AccessKey = "",
    s3_secret_key: S3SecretKey = "",
    s3_scheme: S3Scheme = "https",
    bucket_prefix: BucketPrefix = "",
    output: Output = Format.TEXT,
) -> None:
    """Say what a request would come to: whether it is accepted, on which files, how long, what it needs.

    Nothing is changed or started. Without --data the account's own objects and batch folder are looked at; with it, a
    folder of this machine and no cluster. Exits 0 where nothing speaks against it, 64 where request or files cannot be
    used, 65 where they exceed a limit, 75 where the object store does not answer.
    """
    console = Console(stderr=True)
    with errors_as_sentences(console, "There is no plan."):
        from vectorizer_cli.documents import print_document
        from vectorizer_cli.plan_text import print_plan
        from vectorizer_cli.planning import Places, make_plan

        login = StoreLogin(s3_endpoint, s3_access_key, s3_secret_key, s3_scheme, bucket_prefix)
        made = make_plan(request, Places(data, vectorizers, namespace, login))
        if output is Format.TEXT:
            print_plan(made, Console(highlight=False, markup=False, soft_wrap=True))
        else:
            print_document(made.model_dump(mode="json", by_alias=True), output)
        if made.faults:
            raise typer.Exit(made.faults[0].exit_code)
