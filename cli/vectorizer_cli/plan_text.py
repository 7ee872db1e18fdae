"""A plan for people: short, aligned, and in sentences."""

from collections.abc import Iterator

from rich.console import Console
from vectorizer_api.run import Dataset
from vectorizer_trainer.wording import bytes_in_words, counted, quoted, roughly

from vectorizer_cli.plan_document import Foreseen, Plan, PlannedTraining

__all__ = ["print_plan"]

_TOLD = 5
"""Rejected files that are named."""
_WIDTH = 9


def print_plan(plan: Plan, console: Console) -> None:
    """Print it, a fact a line."""
    for title, sentence in _lines(plan):
        console.print(f"{title:<{_WIDTH}} {sentence}")


def _lines(plan: Plan) -> Iterator[tuple[str, str]]:
    yield "Request", f"{quoted(plan.custom_vectorizer_name)} ({plan.content_type}), as {plan.name}."
    yield "Answer", _answer(plan)
    for fault in plan.faults:
        yield "", f"{fault.reason}: {fault.message}"
        if fault.hint:
            yield "", fault.hint
    for wait in plan.waits_for:
        yield "Waits", wait
    if plan.dataset is not None:
        yield from _files(plan.dataset)
    if plan.training is not None:
        yield "Training", _training(plan.training)
    if plan.foreseen is not None:
        yield from _foreseen(plan.foreseen)
    for what in plan.not_checked:
        yield "Unknown", what


def _answer(plan: Plan) -> str:
    if plan.faults:
        return "It would be refused, or the run would fail:"
    return "It would wait." if plan.waits_for else "Nothing speaks against it."


def _files(dataset: Dataset) -> Iterator[tuple[str, str]]:
    found = f"{counted(dataset.files, 'file')}, {counted(dataset.examples, 'example')}"
    yield "Files", f"{found}, {counted(dataset.labels, 'label')}; {dataset.rejected:,} not trained on."
    for file in dataset.rejected_files[:_TOLD]:
        yield "", f"{quoted(file.name)}: {file.reason}"
    if dataset.rejected > _TOLD:
        yield "", f"and {dataset.rejected - _TOLD:,} more."
    for warning in dataset.warnings:
        yield "Warning", warning


def _training(training: PlannedTraining) -> str:
    judged = (
        f"each held out once in {training.folds} folds" if training.folds else "a part of them held out to be judged on"
    )
    blocks = (
        f"{counted(training.epochs, 'epoch')}, {counted(training.steps, 'step')} in all"
        if training.epochs
        else "the linear adapter alone"
    )
    varied = f", varied by {counted(training.transformations, 'transformation')}" if training.transformations else ""
    doubt = ", twice that where it stays in doubt whether varied examples help"
    more = doubt if training.transformations and training.epochs else ""
    return f"{counted(training.examples, 'example')}{varied}, {judged}; {blocks}{more}."


def _foreseen(foreseen: Foreseen) -> Iterator[tuple[str, str]]:
    yield "Time", f"{roughly(foreseen.seconds)}, from its start to its result.".capitalize()
    if foreseen.gpus:
        yield "GPU", f"{foreseen.gpu_seconds:,.0f} GPU-seconds on {counted(foreseen.gpus, 'GPU')}."
    yield "Memory", f"About {bytes_in_words(foreseen.peak_memory_bytes)} at most."
    if foreseen.runs:
        yield "By", f"{counted(foreseen.runs, 'earlier run')} of this kind on the base {foreseen.base}."
    else:
        yield "By", "the figures of a small base on one CPU core: no earlier run is known. Another base takes longer."
