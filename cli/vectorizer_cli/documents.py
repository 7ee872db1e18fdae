"""Answers for programs."""

import json
from typing import Any

import typer
import yaml

from vectorizer_cli.options import Format

__all__ = ["print_document"]


def print_document(document: Any, form: Format) -> None:  # noqa: ANN401 - whatever JSON can say
    """Print it on stdout as JSON or YAML; what is not ASCII is left as it is."""
    if form is Format.YAML:
        typer.echo(yaml.safe_dump(document, allow_unicode=True, sort_keys=False), nl=False)
    else:
        typer.echo(json.dumps(document, ensure_ascii=False, indent=1))
