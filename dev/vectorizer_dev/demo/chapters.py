"""The demo's chapters: a heading each, and at the end where the time went."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.table import Table


class Chapters:
    """Prints headings and measures what happens beneath them."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._seconds: dict[str, float] = {}

    @contextmanager
    def chapter(self, title: str) -> Iterator[None]:
        """Print the heading, and afterwards how long it took."""
        self._console.print(f"\n[bold cyan]{len(self._seconds) + 1}  {title}[/]")
        started = time.monotonic()
        yield
        self._seconds[title] = time.monotonic() - started
        self._console.print(f"   [green]done[/] [dim]in {self._seconds[title]:.1f} s[/]")

    def summary(self) -> Table:
        """Return a table of the chapters' seconds."""
        table = Table("Where the time went", "s", box=None, header_style="bold")
        table.columns[1].justify = "right"
        for title, seconds in self._seconds.items():
            table.add_row(title, f"{seconds:.1f}")
        table.add_row("[bold]in all[/]", f"[bold]{sum(self._seconds.values()):.1f}[/]")
        return table
