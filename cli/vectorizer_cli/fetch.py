"""`vectorizer fetch`: the files of a list of URLs, by the rules of the platform's fetch Job."""

import os
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from vectorizer_api.content import ContentType
from vectorizer_api.run import ExitCode

from vectorizer_cli.sentences import errors_as_sentences
from vectorizer_cli.url_rules import UrlRulesFile

app = typer.Typer()

_PATIENCE = 20.0
"""Seconds after a request to stop when the process ends, whatever still holds it up."""


@app.command("fetch")
def fetch(
    urls: Annotated[
        Path, typer.Option(help="A JSON file: a list of URLs, or a request with file_urls.", metavar="URLS.json")
    ],
    out: Annotated[Path, typer.Option(help="The folder that the files go to.", metavar="FOLDER")],
    report: Annotated[Path, typer.Option(help="Where to write what became of each URL.", metavar="REPORT.json")],
    content_type: Annotated[
        ContentType | None,
        typer.Option(help="Keep files of this kind alone; by default each must be what its suffix says."),
    ] = None,
    url_rules: UrlRulesFile = None,
) -> None:
    """Download the files of a list of URLs, and say what became of each.

    The report is a list of objects with url (without its query), outcome (fetched; refused, by a rule and before any
    connection; failed) and reason. The exit code is 0 also where URLs were refused or failed, 64 where the list cannot
    be read, 65 where there is too much, 130 after Ctrl-C. A file that is in the folder already is not downloaded again.
    """
    console = Console(stderr=True)
    with errors_as_sentences(console, "No report was written; repeat the command to go on."):
        from vectorizer_trainer.stopping import stop_on_sigterm

        from vectorizer_cli.fetching import LocalFetch, fetch_locally

        stop_on_sigterm(_PATIENCE, lambda: os._exit(ExitCode.STOPPED))
        fetch_locally(LocalFetch(urls, out, report, content_type, url_rules), console)
