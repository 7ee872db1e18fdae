"""What a fine-tuning came to, in a terminal."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from vectorizer_api.names import REPORT_FILE, REPORT_PAGE
from vectorizer_api.run import Metric, Outcome, RunManifest
from vectorizer_trainer.report import OwnTest, Report, parse_report
from vectorizer_trainer.report.plain_words import direction, since_the_base, whereabouts
from vectorizer_trainer.wording import changed_by, counted

_IN_WORDS = {
    "better": "[green]better[/]",
    "worse": "[red]worse[/]",
    "higher": "higher",
    "lower": "lower",
    "unchanged": "unchanged",
    "unknown": "too few files to tell",
    "kept": "kept of its start",
    "lost": "too little is kept",
}


def print_summary(manifest: RunManifest, out: Path, console: Console) -> None:
    """The verdict, before and after, what was wrong with the data, and where the result is."""
    report = parse_report((out / REPORT_FILE).read_bytes())
    print_verdict(report, out, console)
    if report.own_test is not None:
        _print_own_test(report.own_test, report.outcome, console)
    dataset = manifest.dataset
    console.print(f"{counted(dataset.labels, 'label')}. {whereabouts(report)}", highlight=False, soft_wrap=True)
    for warning in dataset.warnings:
        console.print(f"[yellow]Warning:[/] {escape(warning)}", highlight=False, soft_wrap=True)
    console.print(
        f"Base: {escape(manifest.base.name)}. Vectorizer: {escape(str(out))}. "
        f"Report: {escape(str(out / REPORT_PAGE))}.",
        highlight=False,
        soft_wrap=True,
    )


def print_verdict(report: Report, vectorizer: Path, console: Console) -> None:
    """The verdict, what became of the candidate that it is about, and before and after."""
    console.print(f"[bold]{report.outcome}[/]: {escape(report.verdict)}", highlight=False, soft_wrap=True)
    if report.outcome is Outcome.NO_IMPROVEMENT:
        console.print(
            f"What was tried was not published: {escape(str(vectorizer))} holds the weights of the start.",
            highlight=False,
            soft_wrap=True,
        )
    console.print(before_and_after(report.metrics, report.outcome))
    if report.base_retention is not None:
        console.print(since_the_base(report), highlight=False, markup=False, soft_wrap=True)


def before_and_after(metrics: Sequence[Metric], outcome: Outcome) -> Table:
    """A row for each metric, in per cent; a difference inside its error is called unchanged."""
    after = "after" if outcome is Outcome.IMPROVED else "tried"
    table = Table("metric", "before", after, "difference (95 %)", "")
    for column in table.columns[1:4]:
        column.justify = "right"
    for metric in metrics:
        moved = direction(metric, outcome)
        table.add_row(
            metric.name,
            f"{100 * metric.start:.1f}",
            f"{100 * metric.tuned:.1f}",
            "" if moved == "unknown" else f"{changed_by(metric.low)} … {changed_by(metric.high)}",
            _IN_WORDS[moved],
        )
    return table


def _print_own_test(test: OwnTest, outcome: Outcome, console: Console) -> None:
    console.print(
        f"On your own test set ({counted(test.files, 'file')}, which took no part in the verdict):",
        highlight=False,
        soft_wrap=True,
    )
    console.print(before_and_after(test.metrics, outcome))
