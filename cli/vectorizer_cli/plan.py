"""`vectorizer plan`: what a request would come to, before anything runs."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from vectorizer_cli.local import errors_as_sentences

app = typer.Typer()


class Output(StrEnum):
    """How the plan is printed."""

    TEXT = "text"
    JSON = "json"


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
    namespace: Annotated[
        str, typer.Option(help="The account's namespace; by default the file's, else kubectl's.")
    ] = "",
    s3_endpoint: Annotated[
        str, typer.Option(envvar="VECTORIZER_S3_ENDPOINT", help="host:port of the object store with the batch folder.")
    ] = "",
    s3_access_key: Annotated[
        str, typer.Option(envvar="VECTORIZER_S3_ACCESS_KEY", help="The account's own user of the object store.")
    ] = "",
    s3_secret_key: Annotated[str, typer.Option(envvar="VECTORIZER_S3_SECRET_KEY", help="Its password.")] = "",
    s3_scheme: Annotated[str, typer.Option(envvar="VECTORIZER_S3_SCHEME", help="https or http.")] = "https",
    bucket_prefix: Annotated[str, typer.Option(envvar="VECTORIZER_BUCKET_PREFIX", help="As the operator's.")] = "",
    output: Annotated[Output, typer.Option("--output", "-o", help="text for people, json for programs.")] = Output.TEXT,
) -> None:
    """Say what a request would come to: whether it is accepted, on which files, how long, what it needs.

    Nothing is changed or started. Without --data the account's own objects and batch folder are looked at; with it, a
    folder of this machine and no cluster. Exits 0 where nothing speaks against it, 64 where request or files cannot be
    used, 65 where they exceed a limit, 75 where the object store does not answer.
    """
    console = Console(stderr=True)
    with errors_as_sentences(console, "There is no plan."):
        from vectorizer_cli.plan_text import print_plan
        from vectorizer_cli.planning import Places, make_plan
        from vectorizer_cli.tenant_site import StoreLogin

        login = StoreLogin(s3_endpoint, s3_access_key, s3_secret_key, s3_scheme == "https", bucket_prefix)
        made = make_plan(request, Places(data, vectorizers, namespace, login))
        if output is Output.JSON:
            typer.echo(made.model_dump_json(by_alias=True, indent=1))
        else:
            print_plan(made, Console(highlight=False, markup=False, soft_wrap=True))
        if made.faults:
            raise typer.Exit(made.faults[0].exit_code)
