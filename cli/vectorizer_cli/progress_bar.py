"""A run's progress in a terminal."""

from collections.abc import Mapping
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from vectorizer_api.run import RunProgress, Stage
from vectorizer_trainer.wording import roughly

HERE = {Stage.DOWNLOADING: "Reading", Stage.UPLOADING: "Writing"}
"""What a stage is called where files come from a folder of this machine and go to one."""


class ProgressBar:
    """A listener that draws a bar with the stage, the percentage and the time left of the whole run."""

    def __init__(self, console: Console, names: Mapping[Stage, str] | None = None) -> None:
        """Takes where to draw, and what stages are called where it is not by their names.

        A console that is no terminal gets a line for each stage instead.
        """
        self._console = console
        self._names = names or {}
        self._stage = ""
        self._progress = Progress(
            TextColumn("{task.description:<13}"),
            BarColumn(bar_width=16),
            TextColumn("{task.percentage:>3.0f} %"),
            TextColumn("{task.fields[detail]}"),
            TimeElapsedColumn(),
            # The run's own estimate: rich knows the pace of the bar, not what the stages to come take.
            TextColumn("{task.fields[left]}"),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task = self._progress.add_task("Starting", total=100, detail="", left="")

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
        if now.stage is Stage.DONE:
            return
        stage = self._names.get(now.stage, str(now.stage))
        left = "" if now.eta_seconds is None else f"{roughly(now.eta_seconds)} left"
        pace = f"{now.examples_per_second:.0f}/s" if now.examples_per_second else ""
        detail = f"epoch {now.epoch} {pace}".rstrip() if now.epoch else pace
        self._progress.update(self._task, description=stage, completed=now.percent, detail=detail, left=left)
        self._tell(stage, f"{now.percent:.0f} %", left)

    def wait(self, state: str, reason: str) -> None:
        """Show that the run does not go on, and why."""
        self._progress.update(self._task, description=state, detail=reason, left="")
        self._tell(state, reason)

    def _tell(self, stage: str, *facts: str) -> None:
        if stage != self._stage and not self._console.is_terminal:
            said = ", ".join(filter(None, facts))
            self._console.print(f"{stage} ({said})" if said else stage, highlight=False, markup=False, soft_wrap=True)
        self._stage = stage
