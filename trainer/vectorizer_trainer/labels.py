"""`example_to_labels.json` and its checks."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from vectorizer_api.names import LABELS_FILE

from vectorizer_trainer.annotations import read_labels
from vectorizer_trainer.errors import BadInput, OverLimit
from vectorizer_trainer.wording import counted, quoted

FEWEST_EXAMPLES = 10
FEW_EXAMPLES = 100
FEWEST_LABELS = 2


@dataclass(frozen=True)
class Labels:
    """What example_to_labels.json says."""

    of: Mapping[str, tuple[str, ...]]
    """File name (NFC) -> its labels, each once, in the file's order; empty where the list is."""

    @property
    def examples(self) -> list[str]:
        """The names of the files with at least one label."""
        return [name for name, labels in self.of.items() if labels]

    @property
    def unlabelled(self) -> list[str]:
        """The names of the files with an empty list."""
        return [name for name, labels in self.of.items() if not labels]


def parse_labels(data: bytes) -> Labels:
    """Read the content of example_to_labels.json; raises BadInput with the line and file name of the first fault."""
    return Labels(read_labels(data, LABELS_FILE))


def check_trainable(label_sets: Iterable[Iterable[str]], most_labels: int, what_is_missing: Sequence[str] = ()) -> None:
    """Refuse examples that nothing can be learnt from, or with more labels than the platform allows.

    Where they are too few, the sentences of `what_is_missing` say why.
    """
    sets = [frozenset(labels) for labels in label_sets]
    used = frozenset().union(*sets)
    if len(sets) < FEWEST_EXAMPLES:
        number = f"There {'is' if len(sets) == 1 else 'are'} {counted(len(sets), 'usable example')}"
        least = f"at least {FEWEST_EXAMPLES} are needed, {FEW_EXAMPLES} are advised."
        raise BadInput(" ".join([f"{number}; {least}", *what_is_missing]))
    carriers = Counter(label for labels in sets for label in labels)
    if max(carriers.values()) == 1:
        raise BadInput(
            f"No two of the {len(sets):,} examples share a label: nothing tells what belongs together.",
            hint=f"Labels name what files have in common: give files of one kind the same label in {LABELS_FILE}.",
        )
    if len(used) > most_labels:
        raise OverLimit(
            f"There are {len(used)} different labels; at most {most_labels} are allowed.",
            hint=f"Merge or drop labels in {LABELS_FILE}.",
        )
    if len(used) < FEWEST_LABELS:
        raise BadInput(f"Only the label {quoted(*used)} is in use: there is nothing to tell apart.")
    if len(set(sets)) == 1:
        raise BadInput(
            f"All {len(sets)} examples carry the same labels, {quoted(*sorted(used))}: there is nothing to tell apart."
        )


def label_warnings(label_sets: Iterable[Iterable[str]]) -> list[str]:
    """A sentence for each group of labels that differ by case or white space only, and one where examples are few."""
    sets = list(label_sets)
    warnings = [
        f"The labels {quoted(*variants)} differ by case or white space only and are learnt as different labels."
        for variants in _variants({label for labels in sets for label in labels})
    ]
    if len(sets) < FEW_EXAMPLES:
        warnings.append(f"There are only {len(sets)} examples; {FEW_EXAMPLES} or more are advised.")
    return warnings


def _variants(labels: Iterable[str]) -> list[list[str]]:
    groups: dict[str, list[str]] = defaultdict(list)
    for label in sorted(labels):
        groups["".join(label.split()).casefold()].append(label)
    return [group for group in groups.values() if len(group) > 1]
