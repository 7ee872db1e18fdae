"""What a fine-tuning came to, in a terminal."""

from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from vectorizer_api.names import REPORT_FILE, REPORT_PAGE
from vectorizer_api.run import Metric, Outcome, RunManifest
from vectorizer_trainer.report import Report, parse_report
from vectorizer_trainer.report.plain_words import direction

_IN_WORDS = {
    "better": "better",
    "unchanged": "unchanged",
    "worse": "worse",
    "kept": "of the start's neighbours kept",
    "lost": "of the start's neighbours kept: too few",
}


def print_summary(manifest: RunManifest, out: Path, console: Console) -> None:
    """The verdict, before and after, what was wrong with the data, and where the result is."""
    print_verdict(parse_report((out / REPORT_FILE).read_bytes()), out, console)
    dataset = manifest.dataset
    console.print(
        f"{dataset.selected:,} of {dataset.examples:,} examples with {dataset.labels} labels were used, "
        f"{dataset.rejected:,} files were not.",
        highlight=False,
    )
    for warning in dataset.warnings:
        console.print(f"[yellow]Warning:[/] {escape(warning)}", highlight=False)
    console.print(
        f"Base: {escape(manifest.base.name)}. Vectorizer: {out}. Report: {out / REPORT_PAGE}.", highlight=False
    )


def print_verdict(report: Report, vectorizer: Path, console: Console) -> None:
    """The verdict, before and after, and what became of the candidate that it is about."""
    console.print(f"[bold]{report.outcome}[/]: {escape(report.verdict)}", highlight=False)
    console.print(before_and_after(report.metrics))
    if report.outcome is Outcome.NO_IMPROVEMENT:
        console.print(
            f"The candidate measured above was not kept: {vectorizer} holds the weights of the start.",
            highlight=False,
            soft_wrap=True,
        )


def before_and_after(metrics: list[Metric]) -> Table:
    """A row for each metric, in per cent; a difference inside its error is called unchanged."""
    table = Table("metric", "before", "after", "difference (95 %)", "")
    for column in table.columns[1:4]:
        column.justify = "right"
    for metric in metrics:
        table.add_row(
            metric.name,
            f"{100 * metric.start:.1f}",
            f"{100 * metric.tuned:.1f}",
            f"{100 * metric.low:+.1f} … {100 * metric.high:+.1f}",
            _IN_WORDS[direction(metric)],
        )
    return table
