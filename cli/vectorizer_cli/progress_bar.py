"""A run's progress in a terminal."""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeElapsedColumn
from rich.text import Text
from vectorizer_api.run import RunProgress


class ProgressBar:
    """A listener that draws a bar with the stage, the percentage and the time left of the whole run."""

    def __init__(self, console: Console) -> None:
        """Takes where to draw; a console that is no terminal gets a line for each stage instead."""
        self._console = console
        self._stage = ""
        self._progress = Progress(
            TextColumn("{task.description:<14}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f} %"),
            TextColumn("{task.fields[detail]}"),
            TimeElapsedColumn(),
            _TimeLeft(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task = self._progress.add_task("Starting", total=100, detail="", left=None)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def __call__(self, progress: RunProgress) -> None:
        """Show how far the run is."""
        now = progress.progress
        pace = f"{now.examples_per_second:.0f}/s" if now.examples_per_second else ""
        detail = f"epoch {now.epoch} {pace}".rstrip() if now.epoch else pace
        self._progress.update(
            self._task, description=now.stage, completed=now.percent, detail=detail, left=now.eta_seconds
        )
        if now.stage != self._stage and not self._console.is_terminal:
            self._console.print(f"{now.stage} ({now.percent:.0f} %, about {now.eta_seconds} s left)", highlight=False)
        self._stage = now.stage


class _TimeLeft(ProgressColumn):
    """The run's own estimate: rich knows the pace of the bar, not what the stages to come take."""

    def render(self, task: Task) -> Text:
        """`about 1:05 left`."""
        left = task.fields["left"]
        return Text("" if left is None else f"about {left // 60}:{left % 60:02d} left")
