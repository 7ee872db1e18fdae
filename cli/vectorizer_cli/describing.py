"""Everything that is known of one fine-tune or vectorizer, for people."""

import shlex
from collections.abc import Iterator, Sequence

from rich.console import Console
from vectorizer_api.conditions import Condition
from vectorizer_api.custom_vectorizer import CustomVectorizer
from vectorizer_api.fine_tune import FineTune, FineTuneSpec, FineTuneStatus
from vectorizer_api.run import Metric, Outcome
from vectorizer_trainer.wording import bytes_in_words, counted, quoted, roughly

from vectorizer_cli.sentences import visible
from vectorizer_cli.summary import before_and_after

__all__ = ["print_fine_tune", "print_vectorizer"]

_WIDTH = 11
_TOLD = 5
"""Rejected files that are named."""

_Lines = Iterator[tuple[str, str]]


def print_fine_tune(fine_tune: FineTune, console: Console) -> None:
    """What was asked for, where it stands and why, and what to do next."""
    status = fine_tune.status or FineTuneStatus()
    _print(console, _asked(fine_tune))
    _print(console, _state(status))
    _print_conditions(status.conditions, console)
    _print_metrics(status.metrics, status.outcome, console)
    _print(console, _next_steps(fine_tune.metadata.name, status))


def print_vectorizer(vectorizer: CustomVectorizer, console: Console) -> None:
    """What it is, where it comes from, and how good it is."""
    spec, status = vectorizer.spec, vectorizer.status
    source = spec.source
    _print(
        console,
        [
            ("Vectorizer", f"{quoted(spec.custom_vectorizer_name)} ({spec.content_type})"),
            ("Object", f"{vectorizer.metadata.name}, in the namespace {vectorizer.metadata.namespace}"),
            ("Vectors", f"{counted(spec.dimension, 'number')} each"),
            ("Tuned from", source.starting_vectorizer_name or f"{spec.base.name} (base)"),
            ("Base", spec.base.name),
            ("Made by", f"the fine-tune {source.fine_tune_name}, seed {spec.seed}"),
            ("Files", f"{bytes_in_words(spec.artifact.size_bytes)}; deletion policy {spec.deletion_policy}"),
            ("Outcome", str(status.outcome) if status and status.outcome else "not told yet"),
        ],
    )
    if status is not None:
        _print_conditions(status.conditions, console)
        _print_metrics(status.metrics, status.outcome, console)
    name = shlex.quote(spec.custom_vectorizer_name)
    _print(console, [("Next", f"vectorizer report {name}"), ("", f"vectorizer download {name} --out FOLDER")])


def _asked(fine_tune: FineTune) -> _Lines:
    spec, metadata = fine_tune.spec, fine_tune.metadata
    yield "Fine-tune", f"{metadata.name}, in the namespace {metadata.namespace}"
    yield "Makes", f"{quoted(spec.custom_vectorizer_name)} ({spec.content_type})"
    yield "Tuned from", spec.starting_custom_vectorizer_name or "the base"
    yield "Files", _files(spec)
    if spec.profile:
        yield "Profile", spec.profile
    if spec.queue_name:
        yield "Queue", spec.queue_name


def _files(spec: FineTuneSpec) -> str:
    folder = f"the batch folder {spec.batch_folder or '(all of it)'}" if spec.download_from_batch_cloud_folder else ""
    urls = counted(len(spec.file_urls), "URL") if spec.file_urls else ""
    return " and ".join(filter(None, [folder, urls]))


def _state(status: FineTuneStatus) -> _Lines:
    yield "Phase", str(status.phase or "not looked at yet")
    if status.progress is not None and status.completion_time is None:
        now = status.progress
        left = f", {roughly(now.eta_seconds)} left" if now.eta_seconds is not None else ""
        yield "Progress", f"{now.stage}, {now.percent:.0f} %{left}"
    if status.attempts is not None and status.attempts.current:
        tried = status.attempts
        ended = f"{counted(tried.failures, 'failure')}, {counted(tried.preemptions, 'preemption')}"
        yield "Attempt", f"{tried.current}; {ended}, of {counted(tried.max, 'failure')} at most"
    if status.dataset is not None:
        found = status.dataset
        read = f"{counted(found.files, 'file')}, {counted(found.examples, 'example')}, {counted(found.labels, 'label')}"
        yield "Data", f"{read}; {found.selected:,} selected, {found.rejected:,} rejected"
        for file in found.rejected_files[:_TOLD]:
            yield "", f"{quoted(file.name)}: {file.reason}"
        for warning in found.warnings:
            yield "Warning", warning
    if status.failure is not None:
        yield "Failure", f"{status.failure.reason}: {status.failure.message}"
        yield "", status.failure.hint
    if status.gpu_seconds:
        yield "GPU", f"{status.gpu_seconds:,} GPU-seconds"


def _next_steps(name: str, status: FineTuneStatus) -> _Lines:
    if status.failure is not None:
        yield "Next", f"vectorizer logs {name}"
    elif status.completion_time is not None:
        yield "Next", f"vectorizer report {name}"
        yield "", f"vectorizer download {name} --out FOLDER"
    else:
        yield "Next", f"vectorizer progress {name}"


def _print_conditions(conditions: Sequence[Condition], console: Console) -> None:
    for number, one in enumerate(conditions):
        message = f": {one.message}" if one.message else ""
        _print(console, [("" if number else "Conditions", f"{one.type}={one.status} {one.reason}{message}")])


def _print_metrics(metrics: Sequence[Metric] | None, outcome: Outcome | None, console: Console) -> None:
    if metrics and outcome is not None:
        console.print(before_and_after(metrics, outcome))


def _print(console: Console, lines: _Lines | Sequence[tuple[str, str]]) -> None:
    for title, text in lines:
        if text:
            console.print(f"{title:<{_WIDTH}} {visible(text)}", markup=False, highlight=False, soft_wrap=True)
