"""`example_to_labels.json` and its checks.

The file is read by a parser of its own for exactly its form, an object of lists of strings: so each refusal names the
line and the file name, and neither depth nor numbers cost anything. Names and labels are compared after Unicode NFC.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from json.decoder import JSONDecodeError, scanstring  # type: ignore[attr-defined]
from unicodedata import normalize

from vectorizer_api.names import LABELS_FILE

from vectorizer_trainer.errors import BadInput, OverLimit
from vectorizer_trainer.wording import quoted

FEWEST_EXAMPLES = 10
FEW_EXAMPLES = 100
FEWEST_LABELS = 2

_HINT = f'{LABELS_FILE} is an object of file names and lists of labels: {{"a.txt": ["label_1", "label_2"]}}.'
_SPACE = re.compile(r"[ \t\r\n]*")
_KINDS = {
    "{": "an object",
    "[": "a list",
    '"': "a string",
    "t": "true",
    "f": "false",
    "n": "null",
    "'": "a single quote",
}


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
    return Labels(dict(_Parser(_decode(data)).members()))


def check_trainable(label_sets: Iterable[Iterable[str]], most_labels: int) -> None:
    """Refuse examples that nothing can be learnt from, or with more labels than the platform allows."""
    sets = [frozenset(labels) for labels in label_sets]
    used = frozenset().union(*sets)
    if len(sets) < FEWEST_EXAMPLES:
        raise BadInput(
            f"There are {len(sets)} usable examples; at least {FEWEST_EXAMPLES} are needed, 100 are advised."
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


def _decode(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise BadInput(
            f"{LABELS_FILE} is not UTF-8 text: line {line} holds the byte 0x{data[error.start]:02x}.",
            hint="Save the file with the encoding UTF-8.",
        ) from error


class _Parser:
    """One pass over the text; `_at` is the position of the next character to read, which only grows."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._counted, self._lines = 0, 1

    def members(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Each file name with its labels."""
        seen: dict[str, int] = {}
        if self._peek() != "{":
            raise self._fault(f"expected an object, found {self._found()}")
        for _ in self._separated("}", "file names"):
            line, name = self._line(), self._string("a file name in double quotes")
            if name in seen:
                raise self._fault(f"{quoted(name)} is named twice, first in line {seen[name]}", line)
            seen[name] = line
            if self._peek() != ":":
                raise self._fault(f"expected a colon after {quoted(name)}, found {self._found()}")
            self._at += 1
            yield name, self._labels(name)
        if self._peek():
            raise self._fault(f"expected nothing after the closing brace, found {self._found()}")

    def _labels(self, name: str) -> tuple[str, ...]:
        if self._peek() != "[":
            raise self._fault(f"the value of {quoted(name)} must be a list of labels, found {self._found()}")
        labels: dict[str, None] = {}
        for _ in self._separated("]", f"labels of {quoted(name)}"):
            label = self._string(f"a label of {quoted(name)} in double quotes")
            if not label.strip():
                raise self._fault(f"{quoted(name)} has an empty label")
            labels[label] = None
        return tuple(labels)

    def _separated(self, closing: str, what: str) -> Iterator[None]:
        """Yield before each of the items between here and `closing`; the caller reads the item."""
        self._at += 1
        if self._peek() == closing:
            self._at += 1
            return
        while True:
            yield
            following = self._peek()
            if following not in {",", closing}:
                raise self._fault(f"expected a comma or {closing} between the {what}, found {self._found()}")
            self._at += 1
            if following == closing:
                return
            if self._peek() == closing:
                raise self._fault(f"there is a comma before the closing {closing} of the {what}")

    def _string(self, what: str) -> str:
        if self._peek() != '"':
            raise self._fault(f"expected {what}, found {self._found()}")
        try:
            text, self._at = scanstring(self._text, self._at + 1, True)  # noqa: FBT003 - a positional-only parameter
            text.encode()
        except JSONDecodeError as error:
            raise self._fault(f"{what} is not valid JSON: {error.msg}") from error
        except UnicodeEncodeError as error:
            raise self._fault(f"{what} holds half of a surrogate pair") from error
        return normalize("NFC", text)

    def _peek(self) -> str:
        """The next character that is no white space, or nothing at the end."""
        match = _SPACE.match(self._text, self._at)
        self._at = match.end() if match else self._at
        return self._text[self._at : self._at + 1]

    def _found(self) -> str:
        character = self._peek()
        if not character:
            return "the end of the file"
        if character.isdigit() or character == "-":
            return "a number"
        return "NaN" if self._text.startswith("NaN", self._at) else _KINDS.get(character, repr(character))

    def _line(self) -> int:
        self._peek()
        # Counted on from the last place: counting from the top for each name would be quadratic.
        self._lines += self._text.count("\n", self._counted, self._at)
        self._counted = self._at
        return self._lines

    def _fault(self, what: str, line: int | None = None) -> BadInput:
        return BadInput(f"{LABELS_FILE}, line {line or self._line()}: {what}.", hint=_HINT)
