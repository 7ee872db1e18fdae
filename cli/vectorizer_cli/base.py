"""`vectorizer base`: the bases that fine-tuning starts from, as an administrator puts them in place."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from vectorizer_api.content import ContentType

from vectorizer_cli.sentences import errors_as_sentences

app = typer.Typer(name="base", help="Import and list the bases that fine-tuning starts from.", no_args_is_help=True)


@app.callback()
def base() -> None:
    """Import and list the bases that fine-tuning starts from."""


@app.command("import")
def import_(
    content_type: Annotated[ContentType, typer.Argument(help="The kind of files that the base takes.")],
    checkpoint: Annotated[Path, typer.Argument(help="The published file, or the folder that holds it.")],
    reference: Annotated[
        Path, typer.Option(help="A folder of 500 files or more of that kind, of no data set: they measure retention.")
    ],
    name: Annotated[str, typer.Option(help="The base's name; by default the published one.")] = "",
    licence: Annotated[
        str, typer.Option(help="SPDX identifier, for another checkpoint than the published one; needs --name.")
    ] = "",
    out: Annotated[
        Path | None, typer.Option(help="Where the base goes, as to be uploaded; by default this user's cache.")
    ] = None,
) -> None:
    """Make a base of a published checkpoint, and print the digest that the operator's configuration names.

    Nothing is fetched: the checkpoint's files are on this machine. Its keys and shapes must be those that are known.
    Importing the same again changes nothing.
    """
    console = Console(stderr=True)
    with errors_as_sentences(console, "No base was written."):
        from vectorizer_cli.importing import BaseImport, import_base

        made = import_base(BaseImport(content_type, checkpoint, reference, name, licence, out), console)
    typer.echo(made.digest)


@app.command("list")
def list_() -> None:
    """List the bases in this user's cache: production ones that were imported, and small ones that were made."""
    console = Console(stderr=True)
    with errors_as_sentences(console, "Nothing was listed."):
        from vectorizer_trainer.bases import bases_folder

        from vectorizer_cli.importing import cached_bases, list_of_bases

        found = cached_bases()
        console.print(f"{len(found)} in {bases_folder()}", highlight=False, markup=False, soft_wrap=True)
        if found:
            typer.echo(list_of_bases(found))
