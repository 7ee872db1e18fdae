"""What ends a command early, as a sentence and an exit code."""

from collections.abc import Iterator
from contextlib import contextmanager

import typer
from rich.console import Console
from rich.markup import escape
from vectorizer_api.run import ExitCode
from vectorizer_trainer.errors import RunError, Stopped

__all__ = ["INTERRUPTED", "errors_as_sentences", "visible"]

INTERRUPTED = 130
"""Exit code after Ctrl-C, as of a shell."""


@contextmanager
def errors_as_sentences(console: Console, consequence: str) -> Iterator[None]:
    """Turn what ends a command early into a sentence and an exit code."""
    try:
        yield
    except RunError as error:
        console.print(f"[bold red]Error:[/] {escape(visible(str(error)))}", highlight=False, soft_wrap=True)
        if error.hint:
            console.print(escape(visible(error.hint)), highlight=False, soft_wrap=True)
        raise typer.Exit(error.exit_code) from None
    except KeyboardInterrupt:
        console.print(f"Interrupted. {escape(consequence)}", highlight=False, soft_wrap=True)
        raise typer.Exit(INTERRUPTED) from None
    except Stopped:
        console.print(f"Stopped. {escape(consequence)}", highlight=False, soft_wrap=True)
        raise typer.Exit(ExitCode.STOPPED) from None


def visible(text: str) -> str:
    """What others wrote, without the characters by which it could steer the terminal of whoever reads it."""
    return "".join(one if one.isprintable() or one == "\n" else "\N{REPLACEMENT CHARACTER}" for one in text)
