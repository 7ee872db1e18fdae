"""The JSON files beside the data, each an object from file names to what is said of the file.

They are read by a parser of their own for exactly this form: so each refusal names the line and the file name, and
neither depth nor numbers cost anything. Names and what is said of them are compared after Unicode NFC.
"""

import re
from collections.abc import Callable, Iterator
from json.decoder import JSONDecodeError, scanstring  # type: ignore[attr-defined]
from typing import TypeVar
from unicodedata import normalize

from vectorizer_trainer.errors import BadInput
from vectorizer_trainer.wording import quoted

__all__ = ["read_groups", "read_labels"]

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

_T = TypeVar("_T")


def read_labels(data: bytes, file: str) -> dict[str, tuple[str, ...]]:
    """File name -> its labels, each once, in the file's order; raises BadInput with the line of the first fault."""
    hint = f'{file} is an object of file names and lists of labels: {{"a.txt": ["label_1", "label_2"]}}.'
    parser = _Parser(_decode(data, file), file, hint)
    return dict(parser.members(parser.labels))


def read_groups(data: bytes, file: str) -> dict[str, str]:
    """File name -> its group; raises BadInput with the line of the first fault."""
    hint = f'{file} is an object of file names and groups: {{"a.txt": "group_1", "b.txt": "group_1"}}.'
    parser = _Parser(_decode(data, file), file, hint)
    return dict(parser.members(parser.group))


def _decode(data: bytes, file: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise BadInput(
            f"{file} is not UTF-8 text: line {line} holds the byte 0x{data[error.start]:02x}.",
            hint="Save the file with the encoding UTF-8.",
        ) from error


class _Parser:
    """One pass over the text; `_at` is the position of the next character to read, which only grows."""

    def __init__(self, text: str, file: str, hint: str) -> None:
        self._text = text
        self._file = file
        self._hint = hint
        self._at = 0
        self._counted, self._lines = 0, 1

    def members(self, value: Callable[[str], _T]) -> Iterator[tuple[str, _T]]:
        """Each file name with what `value` reads behind it."""
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
            yield name, value(name)
        if self._peek():
            raise self._fault(f"expected nothing after the closing brace, found {self._found()}")

    def labels(self, name: str) -> tuple[str, ...]:
        """The list of labels behind a name."""
        if self._peek() != "[":
            raise self._fault(f"the value of {quoted(name)} must be a list of labels, found {self._found()}")
        labels: dict[str, None] = {}
        for _ in self._separated("]", f"labels of {quoted(name)}"):
            label = self._string(f"a label of {quoted(name)} in double quotes")
            if not label.strip():
                raise self._fault(f"{quoted(name)} has an empty label")
            labels[label] = None
        return tuple(labels)

    def group(self, name: str) -> str:
        """The group behind a name."""
        group = self._string(f"the group of {quoted(name)} in double quotes")
        if not group.strip():
            raise self._fault(f"{quoted(name)} has an empty group")
        return group

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
        return BadInput(f"{self._file}, line {line or self._line()}: {what}.", hint=self._hint)
