"""What a terminal, and what a log, is told while a run goes on."""

from datetime import UTC, datetime
from io import StringIO

from rich.console import Console
from vectorizer_api.run import Progress, RunProgress, Stage
from vectorizer_cli.progress_bar import HERE, ProgressBar


def said(*told: tuple[Stage, float, int | None]) -> list[str]:
    """The lines of a console that is no terminal."""
    file = StringIO()
    with ProgressBar(Console(file=file, width=80), HERE) as bar:
        for stage, percent, left in told:
            now = datetime(2026, 1, 1, tzinfo=UTC)
            bar(RunProgress(progress=Progress(stage=stage, percent=percent, eta_seconds=left, last_update_time=now)))
    return file.getvalue().splitlines()


def test_each_stage_has_a_line_in_words_of_this_machine() -> None:
    assert said(
        (Stage.STARTING, 0, None), (Stage.DOWNLOADING, 8, None), (Stage.BASELINE, 31.4, 94), (Stage.UPLOADING, 96, 3)
    ) == [
        "Starting (0 %)",
        "Reading (8 %)",
        "Baseline (31 %, about 2 min left)",
        "Writing (96 %, a few seconds left)",
    ]


def test_a_stage_has_one_line_and_the_end_none() -> None:
    assert said((Stage.TUNING, 10, 60), (Stage.TUNING, 50, 30), (Stage.DONE, 100, 0)) == [
        "Tuning (10 %, about 1 min left)"
    ]
