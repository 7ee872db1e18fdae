"""What can go wrong in a command, told in a sentence rather than in a traceback."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import typer
from rich.console import Console
from rich.markup import escape

from vectorizer_dev.component import ComponentError
from vectorizer_dev.images.engine import ImageError
from vectorizer_dev.tools import ToolError


class FineTuneFailed(RuntimeError):  # noqa: N818 it is the outcome of a fine-tune, not a fault of the demo
    """The fine-tune ended without a vectorizer; the message is that of its conditions."""


@contextmanager
def told(console: Console) -> Iterator[None]:
    """End the command with exit code 1 and a message for a failure that is known, with 0 after Ctrl-C."""
    try:
        yield
    except KeyboardInterrupt:
        console.print("Stopped.")
    except (ComponentError, ToolError, ImageError, FineTuneFailed) as failure:
        _end(console, str(failure))
    except subprocess.CalledProcessError as failure:
        _end(console, f"{' '.join(map(str, failure.cmd))}\n{failure.stderr or ''}")


def _end(console: Console, message: str) -> None:
    console.print(f"[bold red]Failed:[/] {escape(message)}", highlight=False, soft_wrap=True)
    raise typer.Exit(1) from None
