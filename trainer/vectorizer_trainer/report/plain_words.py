"""What the numbers of a report mean, in words for somebody who knows the files and not the field."""

from collections.abc import Iterator, Mapping
from typing import Literal

from vectorizer_api.run import Metric, Outcome, Stage

from vectorizer_trainer.gate import RETENTION_FLOOR
from vectorizer_trainer.report.document import LabelChange, Report
from vectorizer_trainer.wording import counted, enumerated, quoted, spaced

__all__ = [
    "CHANGES",
    "MEANINGS",
    "STAGES",
    "direction",
    "headline",
    "next_steps",
    "rare_labels",
    "since_the_base",
    "whereabouts",
]

Direction = Literal["better", "worse", "higher", "lower", "unchanged", "unknown", "kept", "lost"]

MEANINGS = {
    "NDCG@10": "how well the ten nearest files are ordered by shared labels",
    "mAP@100": "how early the related files come among the nearest hundred",
    "kNN label-mAP": "how well a file's labels can be told from its neighbours",
    "recall@1": "how often the nearest file is a related one",
    "recall@10": "how often one of the ten nearest files is related",
    "retention": "how many of the neighbours under its start are kept, among general files that are not yours; at "
    f"least {100 * RETENTION_FLOOR:.0f} are asked for",
}
"""Metric -> what it says."""

CHANGES: Mapping[Direction, str] = {"unchanged": "unchanged within its error", "unknown": "too few files to tell"}
"""Direction -> what is said in place of a number that nobody can rely on."""

STAGES = {
    Stage.STARTING: "Getting ready",
    Stage.FETCHING: "Downloading files from URLs",
    Stage.SAMPLING: "Choosing among all files",
    Stage.DOWNLOADING: "Reading and decoding files, first vectors",
    Stage.BASELINE: "Measuring the start",
    Stage.AUGMENTING: "Varying examples, and what each variation does to the labels",
    Stage.ADAPTING: "Training the linear adapter",
    Stage.TUNING: "Training all blocks",
    Stage.INTERPOLATING: "Choosing how much to change",
    Stage.EVALUATING: "Judging on held-out examples",
    Stage.UPLOADING: "Writing the result",
}
"""Stage -> what is done in it."""

_RARE = 10
"""Examples below which a label is hardly learnt."""
_PROVABLE_GAIN = 300
_NEARLY_PERFECT = 0.95
_NO_WIDTH = 1e-6
"""Width of an interval that is none but for the rounding of sums."""
_MIXED_UP = 0.05
"""Share of neighbours beyond chance from which two labels are worth a look."""


def direction(metric: Metric, outcome: Outcome) -> Direction:
    """Whether a metric moved by more than its error; retention is a share that must be kept.

    Better and worse is what was published; a candidate that was only tried is higher or lower. Where random halves of
    the files do not differ at all, these are too few to know the error.
    """
    if metric.name == "retention":
        return "kept" if metric.tuned >= RETENTION_FLOOR else "lost"
    if metric.low <= 0 <= metric.high:
        return "unchanged"
    if metric.high - metric.low < _NO_WIDTH:
        return "unknown"
    if outcome is Outcome.NO_IMPROVEMENT:
        return "higher" if metric.low > 0 else "lower"
    return "better" if metric.low > 0 else "worse"


def headline(report: Report) -> str:
    """The verdict for people."""
    name = quoted(report.custom_vectorizer_name)
    if report.outcome is Outcome.IMPROVED:
        return f"{name} finds related files better than {quoted(report.provenance.start.name)}, which it started from."
    return (
        f"No improvement could be shown, so {name} is {quoted(report.provenance.start.name)} as it was: "
        "nothing got worse, and nothing was gained."
    )


def next_steps(report: Report) -> list[str]:
    """What to do now, most useful first."""
    improved = report.outcome is Outcome.IMPROVED
    first = _after_a_gain() if improved else _without_a_gain(report)
    return [*first, *_about_augmentation(report), *_about_labels(report), *_about_files(report)]


def since_the_base(report: Report) -> str:
    """What a chain of fine-tunings has kept of where it began; empty where the start is the base."""
    kept = report.base_retention
    if kept is None:
        return ""
    base, start = quoted(report.provenance.base.name), quoted(report.provenance.start.name)
    return (
        f"Of the neighbourhoods of the base {base}, {100 * kept.tuned:.1f} % are kept after every fine-tuning since; "
        f"the verdict asks only what this one kept of its start {start}."
    )


def whereabouts(report: Report) -> str:
    """What became of the files, in one sentence."""
    copies, left_over = len(report.selection.copies), len(report.selection.not_chosen)
    parts = [counted(report.dataset.selected, "file was", "files were") + " trained and judged on"]
    if report.own_test:
        parts.append(counted(report.own_test.files, "is", "are") + " your own test set")
    if copies:
        parts.append(counted(copies, "is a copy of another one", "are copies of others"))
    if left_over:
        parts.append(counted(left_over, "was", "were") + " left over when as many as wanted had been chosen")
    if report.dataset.rejected:
        parts.append(counted(report.dataset.rejected, "was", "were") + " not used, for a reason that the report lists")
    return f"{', '.join(parts)}."


def rare_labels(report: Report) -> list[LabelChange]:
    """Labels with too few examples to be learnt, the rarest first."""
    rare = [label for label in report.labels if label.examples < _RARE]
    return sorted(rare, key=lambda label: (label.examples, label.label))


def _after_a_gain() -> Iterator[str]:
    yield "Use it, and vectorize your archive anew: its vectors do not compare with those of another vectorizer."
    yield "Look at the examples below, the most worsened ones too, before you rely on it."


def _without_a_gain(report: Report) -> Iterator[str]:
    yield "Keep what you have: archives that were vectorized with the start need not be done again."
    used = report.dataset.selected
    if used < _PROVABLE_GAIN:
        yield f"Add examples. Only {used:,} were used: from about {_PROVABLE_GAIN} on most real gains can be proven."
    ndcg = next((metric for metric in report.metrics if metric.name == "NDCG@10"), None)
    if ndcg and ndcg.start >= _NEARLY_PERFECT:
        yield f"The start already scores {100 * ndcg.start:.0f} of 100 (NDCG@10): there is little left to gain."
    else:
        yield "Check that the labels say what makes two files alike: what they do not tell cannot be learnt."


def _about_augmentation(report: Report) -> Iterator[str]:
    switches = report.augmentation.switches.model_dump(by_alias=True)
    effects = [effect for effect in report.augmentation.effects if effect.transformation in switches]
    harmful = [spaced(effect.transformation) for effect in effects if effect.breaks_labels]
    if harmful:
        yield (
            f"Check the augmentation {enumerated(harmful)}: varied so, your files are no longer found beside those of "
            "like labels. Switch off what turns them into something else."
        )


def _about_labels(report: Report) -> Iterator[str]:
    rare = rare_labels(report)
    if rare:
        names = enumerated([label.label for label in rare])
        yield f"Label more examples of {names}: fewer than {_RARE} of each are too few to learn from."
    if report.confusions and report.confusions[0].tuned - report.confusions[0].chance > _MIXED_UP:
        one, other = report.confusions[0].labels
        yield (
            f"Look at the labels {quoted(one)} and {quoted(other)}: they are taken for each other most. Add examples "
            "of both, or merge them if people mix them up too."
        )


def _about_files(report: Report) -> Iterator[str]:
    if report.rejected_files:
        files = counted(len(report.rejected_files), "file was", "files were")
        yield f"{files} not used; the reasons stand under “Data”."
