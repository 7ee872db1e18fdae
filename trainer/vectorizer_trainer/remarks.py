"""What a person must know of the data: as warnings of a run that goes on, and as reasons of one that cannot."""

from collections.abc import Sequence

from vectorizer_api.names import GROUPS_FILE
from vectorizer_api.run import RejectedFile

from vectorizer_trainer.gathering import CopiedFile, Gathered
from vectorizer_trainer.grouping import families
from vectorizer_trainer.inventory import NO_LABELS, NOT_NAMED, Inventory
from vectorizer_trainer.wording import counted, enumerated, quoted

__all__ = ["choice_warnings", "contradictions", "copy_warnings", "what_is_missing"]

_CONTRADICTIONS_NAMED = 3
_LARGE_FAMILY = 0.1
"""Share of the examples that is more than a gate: a family of so many is rather a kind of picture than copies."""


def what_is_missing(inventory: Inventory, faults: Sequence[RejectedFile], copies: Sequence[CopiedFile]) -> list[str]:
    """Why there are fewer examples than files, a sentence for each reason."""
    sentences = []
    if copies:
        names = enumerated([copy.name for copy in copies])
        sentences.append(f"Beside these, {counted(len(copies), 'exact copy', 'exact copies')} of them: {names}.")
    if faults:
        first = f"{quoted(faults[0].name)}: {faults[0].reason}"
        sentences.append(f"{counted(len(faults), 'file')} cannot be used, the first is {first}.")
    for reason, said in ((NOT_NAMED, NOT_NAMED), (NO_LABELS, f"with {NO_LABELS}")):
        unused = [file.name for file in inventory.unused if file.reason == reason]
        if unused:
            sentences.append(f"{counted(len(unused), 'file')} {said}: {enumerated(unused)}.")
    return sentences


def contradictions(conflicts: Sequence[Sequence[str]]) -> list[str]:
    """Which files are the same and say different things, the first few pairs."""
    if not conflicts:
        return []
    pairs = "; ".join(f"{quoted(group[0])} and {quoted(group[1])}" for group in conflicts[:_CONTRADICTIONS_NAMED])
    more = len(conflicts) - _CONTRADICTIONS_NAMED
    return [f"Identical files with different labels: {pairs}{f'; and {more:,} more' if more > 0 else ''}."]


def copy_warnings(gathered: Gathered) -> list[str]:
    """What was left out for the sake of another file, what contradicts another one, and what is kept together."""
    warnings = []
    if gathered.copies:
        number = counted(len(gathered.copies), "exact copy", "exact copies")
        names = enumerated([copy.name for copy in gathered.copies])
        warnings.append(f"Left out: {number} of other files with the same labels: {names}.")
    warnings += [
        f"These files have the same content and different labels: {enumerated(group)}." for group in gathered.conflicts
    ]
    if gathered.held_back:
        names = enumerated([file.name for file in gathered.held_back])
        number = counted(len(gathered.held_back), "example")
        warnings.append(f"Left out: {number} with the content of a file of the test set: {names}.")
    return [*warnings, *_family_warnings(gathered), *_leak_warnings(gathered)]


def choice_warnings(gathered: Gathered) -> list[str]:
    """That there were more examples than are trained on."""
    if not gathered.unread:
        return []
    chosen = len(gathered.examples)
    numbers = f"{chosen:,} of the {chosen + len(gathered.unread):,} examples"
    return [f"{numbers} were chosen, as many as are to be trained on; report.json says which."]


def _family_warnings(gathered: Gathered) -> list[str]:
    found = families(gathered.near, gathered.examples)
    if not found:
        return []
    bound, largest, total = sum(map(len, found)), len(found[0]), len(gathered.examples)
    names = enumerated([gathered.reading.files[index].name for index in found[0]])
    number = (
        f"{counted(bound, 'example')} are near copies of one another, in {counted(len(found), 'family', 'families')}"
    )
    warnings = [f"{number}; all are used, and a family is never parted between training and measuring. One is {names}."]
    if largest > _LARGE_FAMILY * total:
        warnings.append(
            f"{largest:,} of the {total:,} examples look the same but for noise: they count as one in the verdict. "
            f"Where they are different things, give each a group of its own in {GROUPS_FILE}."
        )
    return warnings


def _leak_warnings(gathered: Gathered) -> list[str]:
    tests, examples = set(gathered.tests), set(gathered.examples)
    known = {index for pair in gathered.near.tolist() if tests & {*pair} for index in pair if index in examples}
    if not known:
        return []
    names = enumerated([gathered.reading.files[index].name for index in sorted(known)])
    number = counted(len(known), "example is a near copy", "examples are near copies")
    return [f"{number} of files of the test set, so that it tells less of new files: {names}."]
