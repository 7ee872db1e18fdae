"""Show a fine-tune's status as it changes, until it is over."""

import time
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from vectorizer_api.fine_tune import FineTuneStatus, Phase

LOOK_EVERY = 0.3
"""Seconds between two looks at the object."""
FINAL = frozenset({Phase.SUCCEEDED, Phase.FAILED})


def follow(read: Callable[[], FineTuneStatus | None], console: Console) -> FineTuneStatus:
    """Draw the progress that `read` reports and return the final status."""
    columns = (
        TextColumn("  {task.description:<12}"),
        BarColumn(bar_width=40),
        TaskProgressColumn(),
        TextColumn("{task.fields[detail]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("Pending", total=100, detail="")
        reached = ""
        for status in _changes(read):
            if _milestone(status) != reached:
                reached = _milestone(status)
                console.print(f"  [dim]{bar.tasks[task].elapsed or 0:5.1f} s[/]  {reached}", highlight=False)
            percent = status.progress.percent if status.progress else 0
            bar.update(task, description=status.phase or "Pending", completed=percent, detail=_detail(status))
    return status


def _changes(read: Callable[[], FineTuneStatus | None]) -> Iterator[FineTuneStatus]:
    """Yield each status that differs from the one before, the final one last."""
    last = FineTuneStatus()
    yield last
    while last.phase not in FINAL:
        time.sleep(LOOK_EVERY)
        status = read() or FineTuneStatus()
        if status != last:
            yield status
        last = status


def _milestone(status: FineTuneStatus) -> str:
    """Return the phase, and the stage where the run reports one: what is worth a line of its own."""
    phase = status.phase or Phase.PENDING
    return f"{phase}: {status.progress.stage}" if status.progress and phase not in FINAL else phase


def _detail(status: FineTuneStatus) -> str:
    now = status.progress
    if now is None:
        return ""
    pace = f", {now.examples_per_second:.0f} examples/s" if now.examples_per_second else ""
    left = f", about {now.eta_seconds} s left" if now.eta_seconds else ""
    return escape(f"{now.stage}{pace}{left}")
