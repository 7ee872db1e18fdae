"""`vectorizer request`: from the specification's request JSON to the manifest that asks for the same."""

import sys
from pathlib import Path
from typing import Annotated

import typer
import yaml
from vectorizer_api.request import RequestError, Switches, parse_request
from vectorizer_api.run import ExitCode

app = typer.Typer()

SWITCHES = (
    f"The switches of augmentation_conditions, true unless the request says false: {', '.join(Switches.model_fields)}."
)
"""What the help of a command that takes a request says at its end."""


@app.command("request", epilog=SWITCHES)
def request(
    path: Annotated[Path, typer.Argument(metavar="REQUEST.json", help="The request; - reads standard input.")],
) -> None:
    """Print the VectorizerFineTune for a request JSON, or say which field breaks the specification."""
    try:
        text = sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8")
        manifest = parse_request(text).manifest()
    except OSError as error:
        typer.echo(f"{path}: cannot be read: {error.strerror}", err=True)
        raise typer.Exit(ExitCode.BAD_INPUT) from None
    except UnicodeDecodeError:
        typer.echo(f"{path}: is not UTF-8 text; save it as UTF-8", err=True)
        raise typer.Exit(ExitCode.BAD_INPUT) from None
    except RequestError as error:
        for line in str(error).splitlines():
            typer.echo(f"{path}: {line}", err=True)
        raise typer.Exit(ExitCode.BAD_INPUT) from None
    typer.echo(yaml.safe_dump(manifest, sort_keys=False, allow_unicode=True), nl=False)
