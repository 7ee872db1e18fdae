"""`vectorizer train` and `vectorizer embed`: everything that needs no cluster."""

import os
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from vectorizer_api.content import ContentType
from vectorizer_api.run import ExitCode

from vectorizer_cli.request import SWITCHES
from vectorizer_cli.sentences import errors_as_sentences
from vectorizer_cli.url_rules import UrlRulesFile

app = typer.Typer()

_PATIENCE = 20.0
"""Seconds after a request to stop when the process ends, whatever still holds it up."""


@app.command(epilog=SWITCHES)
def train(
    request: Annotated[
        Path, typer.Option(help="The request: a JSON file with content_type, custom_vectorizer_name and so on.")
    ],
    out: Annotated[Path, typer.Option(help="Where the new vectorizer goes: a folder that is new or empty.")],
    data: Annotated[
        Path | None,
        typer.Option(
            help="The folder with example_to_labels.json and the files that it names; needed where the request's "
            "download_from_batch_cloud_folder is true."
        ),
    ] = None,
    vectorizers: Annotated[
        Path | None,
        typer.Option(
            help="The folder in which the vectorizers that the request names are looked up: by the name of their own "
            "folder there, or else by the name that they were given when they were made."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same vectorizer.")] = 0,
    max_examples: Annotated[
        int, typer.Option(min=10, max=10_000, help="Of more examples so many are chosen, of every label.")
    ] = 10_000,
    url_rules: UrlRulesFile = None,
) -> None:
    """Fine-tune a vectorizer on a folder of this machine.

    Exits 0 whether or not it became better (the outcome is in report/report.json), 64 where request or files cannot be
    used, 65 where they exceed a limit, 130 after Ctrl-C.
    """
    console = Console(stderr=True)
    with errors_as_sentences(console, f"Nothing was written to {out}."):
        from vectorizer_trainer.stopping import stop_on_sigterm

        from vectorizer_cli.training import LocalTraining, train_locally

        stop_on_sigterm(_PATIENCE, lambda: os._exit(ExitCode.STOPPED))
        train_locally(LocalTraining(request, data, out, vectorizers, seed, max_examples, url_rules), console)


@app.command()
def embed(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Files, and folders to walk through.")],
    out: Annotated[Path, typer.Option(help="The .npz file to write: arrays `names` and `vectors`.")],
    vectorizer: Annotated[Path | None, typer.Option(help="The folder of a vectorizer.")] = None,
    base: Annotated[ContentType | None, typer.Option(help="Or the base vectorizer of a content type.")] = None,
) -> None:
    """Embed files and write their vectors.

    In folders, hidden files and files of other kinds are passed over and counted. A file that cannot be read is named
    and left out; the exit code is 64 only where nothing could be embedded, 75 where --out
    cannot be written. `names` holds the paths relative to the
    folder given, or as given for a file; `vectors` has a row of unit length for each,
    float32.
    """
    console = Console(stderr=True)
    with errors_as_sentences(console, f"{out} was not written."):
        from vectorizer_cli.embedding import embed_files

        embed_files(paths, out, vectorizer, base, console)
